use serde_json::{Value, json};

/// Keeps `fields`, the mandatory ones and the envelope, and marks the resource so that no client takes it for whole.
pub fn subset(resource: &mut Value, fields: &[&str]) {
    let kind = resource
        .get("resourceType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mandatory = mandatory(kind);
    keep(resource, |name| {
        let name = name.strip_prefix('_').unwrap_or(name);
        fields.contains(&name) || mandatory.contains(&name)
    });
}

/// `_summary=true`: the envelope and the elements that FHIR marks as summary.
pub(super) fn summary(resource: &mut Value) {
    let kind = resource
        .get("resourceType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let elements = summary_elements(kind);
    keep(resource, |name| {
        elements.contains(&name.strip_prefix('_').unwrap_or(name))
    });
}

/// `_summary=data`: everything but the narrative.
pub(super) fn data(resource: &mut Value) {
    keep(resource, |name| name != "text");
}

fn keep(resource: &mut Value, chosen: impl Fn(&str) -> bool) {
    let Value::Object(map) = resource else { return };
    map.retain(|name, _| matches!(name.as_str(), "resourceType" | "id" | "meta") || chosen(name));
    let tag = json!({"system": "http://hl7.org/fhir/v3/ObservationValue", "code": "SUBSETTED"});
    match map.get_mut("meta") {
        Some(Value::Object(meta)) => match meta.get_mut("tag") {
            Some(Value::Array(tags)) => tags.push(tag),
            _ => {
                meta.insert("tag".into(), json!([tag]));
            }
        },
        _ => {
            map.insert("meta".into(), json!({"tag": [tag]}));
        }
    }
}

/// The elements without which a resource of the type is invalid.
fn mandatory(kind: &str) -> &'static [&'static str] {
    match kind {
        "ProjectMembership" => &["project", "user", "profile"],
        "User" => &["firstName", "lastName"],
        "RelatedPerson" => &["patient"],
        "UserSecurityRequest" => &["user", "secret"],
        "DomainConfiguration" => &["domain"],
        "Login" => &["user", "authMethod", "authTime"],
        "AuditEvent" => &["type", "recorded", "agent", "source"],
        _ => &[],
    }
}

fn summary_elements(kind: &str) -> &'static [&'static str] {
    match kind {
        "Patient" => &[
            "identifier",
            "active",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "deceasedBoolean",
            "deceasedDateTime",
            "address",
            "managingOrganization",
            "link",
        ],
        "Practitioner" => &[
            "identifier",
            "active",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "address",
        ],
        "RelatedPerson" => &[
            "identifier",
            "active",
            "patient",
            "relationship",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "address",
        ],
        "Organization" => &["identifier", "active", "type", "name", "partOf"],
        "AuditEvent" => &[
            "type", "subtype", "action", "recorded", "outcome", "agent", "source", "entity",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_keeps_the_mandatory_fields_and_says_so() {
        let mut member = json!({
            "resourceType": "ProjectMembership", "id": "1", "meta": {"versionId": "2"},
            "project": {}, "user": {}, "profile": {}, "admin": true, "access": []
        });
        subset(&mut member, &["user", "admin"]);
        let expected = json!({
            "resourceType": "ProjectMembership", "id": "1",
            "meta": {"versionId": "2", "tag": [{"system": "http://hl7.org/fhir/v3/ObservationValue", "code": "SUBSETTED"}]},
            "project": {}, "user": {}, "profile": {}, "admin": true
        });
        assert_eq!(member, expected);
    }
}
