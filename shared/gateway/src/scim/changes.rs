//! What a PUT or a PATCH wants to be different (RFC 7644, sections 3.5.1 and 3.5.2).

use domain::{Fault, Membership};
use fhir::Resource;
use serde_json::{Map, Value};

use super::attribute::{Attribute, Said, said, without_schema};
use super::{field, user};

/// What is to be different.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes(Said);

impl Changes {
    /// Reads a PUT: what is not mentioned stays.
    ///
    /// # Errors
    /// Faults that name the attributes.
    pub fn whole(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        super::person::check_schemas(body)?;
        let mut said = said(body)?;
        said.retain(|attribute, value| value.is_some() || *attribute <= Attribute::Active);
        if said.get(&Attribute::UserName).is_none_or(Option::is_none) {
            return Err(vec![Fault::invalid("userName", "userName is required")]);
        }
        Ok(Self(said))
    }

    /// Reads a PATCH. Its operations count in their order; names of operations and attributes count in any case.
    ///
    /// # Errors
    /// Faults that name the operations.
    pub fn operations(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let operations = field(body, "Operations").and_then(Value::as_array);
        let Some(operations) = operations.filter(|list| !list.is_empty()) else {
            let words = "Operations must be a list of operations";
            return Err(vec![Fault::invalid("Operations", words)]);
        };
        let (mut all, mut faults) = (Said::new(), Vec::new());
        for (at, operation) in operations.iter().enumerate() {
            match one(&format!("Operations[{at}]"), operation) {
                Ok(said) => all.extend(said),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            Ok(Self(all))
        } else {
            Err(faults)
        }
    }

    /// The membership's fields that are to be different; `null` takes one away.
    ///
    /// # Errors
    /// One fault for each attribute that would change although it is settled: names and the address belong to the person.
    pub fn fields_for(
        &self,
        membership: &Membership,
        profile: Option<&Resource>,
    ) -> Result<Map<String, Value>, Vec<Fault>> {
        let shown = user(membership, profile, "");
        let (mut fields, mut faults) = (Map::new(), Vec::new());
        for (attribute, value) in &self.0 {
            let stored = stored(&shown, *attribute);
            match attribute {
                // What is shown and sent back means no change; so does the id that stands for a user name.
                _ if stored == value.as_ref() => {}
                Attribute::UserName if value.is_none() => {
                    let words = "userName is required and cannot be removed";
                    faults.push(Fault::settled("userName", words));
                }
                Attribute::UserName | Attribute::ExternalId | Attribute::Active => {
                    fields.insert(attribute.name().into(), value.clone().unwrap_or_default());
                }
                _ => {
                    let words = format!("{} cannot be changed", attribute.name());
                    faults.push(Fault::settled(attribute.name(), words));
                }
            }
        }
        if faults.is_empty() {
            Ok(fields)
        } else {
            Err(faults)
        }
    }
}

fn stored(shown: &Value, attribute: Attribute) -> Option<&Value> {
    match attribute {
        Attribute::Email => shown.pointer("/emails/0/value"),
        _ => shown.pointer(&format!("/{}", attribute.name().replace('.', "/"))),
    }
}

fn one(place: &str, operation: &Value) -> Result<Said, Vec<Fault>> {
    let fault = |what: &str, words: &str| {
        let field = format!("{place}{what}");
        Err(vec![Fault::invalid(&field, format!("{field} {words}"))])
    };
    let Some(fields) = operation.as_object() else {
        return fault("", "must be an object");
    };
    let name = field(fields, "op")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let path = match field(fields, "path").filter(|path| !path.is_null()) {
        None => None,
        Some(Value::String(path)) => Some(path.trim()),
        Some(_) => return fault(".path", "must be a text"),
    };
    let value = match name.to_ascii_lowercase().as_str() {
        "add" | "replace" => match field(fields, "value") {
            Some(value) => value,
            None => return fault(".value", "is required"),
        },
        "remove" if path.is_none() => return fault("", "must say what to remove"),
        "remove" => &Value::Null,
        _ => return fault(".op", "must be add, replace or remove"),
    };
    match (path, value.as_object()) {
        (Some(path), _) => aimed(place, path, value),
        (None, Some(object)) => said(object),
        (None, None) => fault(".value", "must be an object"),
    }
}

/// An operation that names its attribute.
fn aimed(place: &str, path: &str, value: &Value) -> Result<Said, Vec<Fault>> {
    if let Some(attribute) = Attribute::at(path) {
        let value = attribute.read(value).map_err(|fault| vec![fault])?;
        return Ok(Said::from([(attribute, value)]));
    }
    let bare = without_schema(path);
    let first = bare.split('.').next().unwrap_or_default();
    if bare.eq_ignore_ascii_case("name") {
        return name(value);
    }
    if ["id", "meta", "schemas"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(first))
    {
        let words = format!("{first} cannot be changed");
        return Err(vec![Fault::settled(first, words)]);
    }
    if is_path(bare) {
        return Ok(Said::new());
    }
    let field = format!("{place}.path");
    Err(vec![Fault::invalid(
        &field,
        format!("{field} is no path of an attribute"),
    )])
}

/// The whole name, or its removal.
fn name(value: &Value) -> Result<Said, Vec<Fault>> {
    if value.is_null() {
        return Ok([Attribute::GivenName, Attribute::FamilyName]
            .map(|part| (part, None))
            .into());
    }
    let object = Map::from_iter([("name".to_owned(), value.clone())]);
    said(&object)
}

/// Whether the text could name an attribute of some schema: letters first, at most one selection in brackets.
fn is_path(text: &str) -> bool {
    let (head, selection) = text
        .split_once('[')
        .map_or((text, None), |(head, rest)| (head, Some(rest)));
    let is_name = |part: &str| {
        part.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.:$".contains(c))
    };
    head.starts_with(|first: char| first.is_ascii_alphabetic())
        && is_name(head)
        && selection.is_none_or(|rest| rest.split_once(']').is_some_and(|(_, tail)| is_name(tail)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    fn patch(operations: &Value) -> Result<Changes, Vec<Fault>> {
        Changes::operations(json!({ "Operations": operations }).as_object().unwrap())
    }

    fn active(changes: &Changes) -> Option<Value> {
        changes.0.get(&Attribute::Active).cloned().flatten()
    }

    #[test]
    fn every_spelling_of_a_deactivation_is_one() {
        for operation in [
            json!({ "op": "replace", "path": "active", "value": false }),
            json!({ "op": "Replace", "path": "active", "value": "False" }),
            json!({ "op": "Replace", "value": { "active": false } }),
            json!({ "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false }),
            json!({ "OP": "REPLACE", "Path": "Active", "Value": false }),
        ] {
            let changes = patch(&json!([operation])).unwrap();
            assert_eq!(active(&changes), Some(json!(false)), "{operation}");
        }
    }

    #[test]
    fn the_last_word_on_an_attribute_counts() {
        let changes = patch(&json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "value": { "active": true, "nickName": "Al" } },
        ]));
        assert_eq!(active(&changes.unwrap()), Some(json!(true)));
    }

    #[test]
    fn an_operation_that_cannot_be_understood_is_named() {
        for (operation, field) in [
            (json!(7), "Operations[0]"),
            (
                json!({ "op": "move", "path": "active" }),
                "Operations[0].op",
            ),
            (json!({ "op": "remove" }), "Operations[0]"),
            (
                json!({ "op": "add", "path": "active" }),
                "Operations[0].value",
            ),
            (json!({ "op": "add", "value": 1 }), "Operations[0].value"),
            (
                json!({ "op": "add", "path": "a b", "value": 1 }),
                "Operations[0].path",
            ),
            (
                json!({ "op": "add", "path": "x[", "value": 1 }),
                "Operations[0].path",
            ),
            (
                json!({ "op": "add", "path": "active", "value": "maybe" }),
                "active",
            ),
            (json!({ "op": "add", "path": "name", "value": 1 }), "name"),
            (
                json!({ "op": "add", "path": "emails", "value": [{ "value": "nope" }] }),
                "emails",
            ),
        ] {
            let faults = patch(&json!([operation])).unwrap_err();
            assert_eq!(faults[0].expression.as_deref(), Some(field), "{operation}");
        }
        assert!(patch(&json!([])).is_err());
    }

    #[test]
    fn attributes_of_other_schemas_are_passed_over() {
        let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        let changes = patch(&json!([
            { "op": "add", "path": path, "value": "Ward 7" },
            { "op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "1" },
        ]));
        assert!(changes.unwrap().0.is_empty());
    }
}
