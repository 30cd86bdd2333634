use serde_json::Value;

use crate::Issue;

/// An issue when `value`, found at `path`, breaks the invariant `key`.
pub(super) fn broken(key: &str, value: &Value, path: &str) -> Option<Issue> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let (kept, human) = match key {
        "axp-1" => (
            text("expression").is_some() && text("language") == Some("text/fhirpath"),
            "Write constraint expressions must be literal text/fhirpath strings",
        ),
        "axp-3" => (
            criteria_fit(text("resourceType"), text("criteria")),
            "Criteria must be a valid FHIR search string on the correct resource type, e.g. Patient?identifier=123",
        ),
        "clapp-1" => (
            value.as_str().is_none_or(is_lifetime),
            "Token lifetime must be a valid string representing time duration (eg. 2w, 1h)",
        ),
        "clapp-2" => (
            value.as_str().is_none_or(is_web_address),
            "Launch URI must use the http: or https: scheme",
        ),
        "pat-1" => (
            ["name", "telecom", "address", "organization"]
                .iter()
                .any(|field| value.get(field).is_some()),
            "SHALL at least contain a contact's details or a reference to an organization",
        ),
        "ext-1" => (
            value.get("extension").is_some() != has_value(value),
            "Must have either extensions or value[x], not both",
        ),
        _ => return None,
    };
    let issue = || Issue::error("invariant", format!("Constraint {key} not met: {human}"));
    (!kept).then(|| issue().at(path))
}

/// `Type?code=value&…` on the rule's own type, without reverse chaining.
fn criteria_fit(kind: Option<&str>, criteria: Option<&str>) -> bool {
    let Some(criteria) = criteria else {
        return true;
    };
    let own = kind.and_then(|kind| criteria.strip_prefix(kind)?.strip_prefix('?'));
    let Some(query) = own else { return false };
    let query = query.strip_suffix('&').unwrap_or(query);
    !criteria.contains("_has:") && query.split('&').all(is_condition)
}

fn is_condition(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || b"_:-".contains(&byte);
    text.split_once('=').is_some_and(|(code, value)| {
        !code.is_empty() && code.bytes().all(letter) && !value.is_empty()
    })
}

/// Digits and one unit.
fn is_lifetime(text: &str) -> bool {
    let number = text.strip_suffix(['s', 'm', 'h', 'd', 'w', 'y']);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_web_address(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Whether an extension has a `valueX`.
fn has_value(extension: &Value) -> bool {
    let names = extension
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.trim_start_matches('_'));
    names.into_iter().any(|name| name.starts_with("value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_search_their_own_type() {
        let fits = |kind, criteria| criteria_fit(Some(kind), Some(criteria));
        assert!(fits("Patient", "Patient?organization=%organization"));
        assert!(fits("*", "*?_compartment=Patient/1"));
        assert!(fits("Patient", "Patient?name:exact=A=B&_tag=x&"));
        for wrong in [
            "identifier=123",
            "Patient",
            "Patient?",
            "Observation?code=1",
            "Patient?=1",
            "Patient?a&b=1",
            "Patient?_has:X:y:z=1",
        ] {
            assert!(!fits("Patient", wrong), "{wrong}");
        }
    }

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        assert!(is_lifetime("2w") && is_lifetime("3600s"));
        for wrong in ["", "w", "2", "2 w", "-2w", "2weeks"] {
            assert!(!is_lifetime(wrong), "{wrong}");
        }
    }
}
