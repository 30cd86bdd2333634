use serde_json::{Map, Value};

use crate::Resource;

/// A `HumanName` as one line: prefixes, all given names, family name, suffixes; `text` when it has no parts.
///
/// `None` when there is nothing to show.
pub fn human_name(name: &Value) -> Option<String> {
    let list = |field: &str| name.get(field).and_then(Value::as_array);
    let many = |field| list(field).into_iter().flatten().filter_map(Value::as_str);
    let one = |field: &str| name.get(field).and_then(Value::as_str);
    let parts: Vec<&str> = many("prefix")
        .chain(many("given"))
        .chain(one("family"))
        .chain(many("suffix"))
        .filter(|part| !part.is_empty())
        .collect();
    let line = if parts.is_empty() {
        one("text")?.to_owned()
    } else {
        parts.join(" ")
    };
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The words a reference to this resource shows: a user's e-mail address, a person's first name, any other resource's `name`.
pub fn display_of(resource: &Resource) -> Option<String> {
    let body = &resource.body;
    match resource.kind.as_str() {
        "User" => text(body, "email"),
        "Patient" | "Practitioner" | "RelatedPerson" | "Person" => {
            human_name(body.get("name")?.as_array()?.first()?)
        }
        _ => text(body, "name"),
    }
}

fn text(body: &Map<String, Value>, field: &str) -> Option<String> {
    let text = body.get(field)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_all_given_names_and_the_family_name() {
        let full = json!({"prefix": ["Dr."], "given": ["Homer", "Jay"], "family": "Simpson", "text": "H."});
        assert_eq!(human_name(&full).as_deref(), Some("Dr. Homer Jay Simpson"));
        assert_eq!(
            human_name(&json!({"text": "Alice"})).as_deref(),
            Some("Alice")
        );
        assert_eq!(human_name(&json!({"given": [""], "text": " "})), None);
        assert_eq!(human_name(&json!("Alice")), None);
    }
}
