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

/// All the words by which a resource is found by name: a person's names, one after the other, any other resource's `name`.
pub fn names_of(resource: &Resource) -> Option<String> {
    let names = resource.body.get("name").and_then(Value::as_array);
    let Some(names) = names else {
        return display_of(resource);
    };
    let written = |name: &Value| name.get("text").and_then(Value::as_str).map(str::to_owned);
    let lines = names.iter().flat_map(|name| {
        let line = human_name(name);
        let written = written(name).filter(|text| line.as_ref() != Some(text));
        line.into_iter().chain(written)
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(" | "))
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
    fn a_person_is_found_by_every_name() {
        let person = Resource::from_json(json!({
            "resourceType": "Patient", "id": "00000000-0000-4000-8000-000000000001",
            "meta": {"versionId": "00000000-0000-7000-8000-000000000001", "lastUpdated": "2026-11-21T20:35:00.000Z",
                     "author": {"reference": "system"}},
            "name": [{"given": ["Homer"], "family": "Simpson", "text": "H."}, {"text": "Max Power"}],
        }));
        let names = person.as_ref().and_then(names_of);
        assert_eq!(names.as_deref(), Some("Homer Simpson | H. | Max Power"));
    }

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
