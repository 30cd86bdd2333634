//! Resources as rows of a table: what a person reads of the fields that are asked for.

use serde_json::Value;

use super::Query;
use super::matching::walk;
use super::param::search_param;
use crate::human_name;

impl Query {
    /// The cells of a resource, one for each of the fields that the query asks for (`_fields`): by a search parameter of that name, or by the
    /// path of an element. Of several values the first is shown.
    pub fn cells(&self, resource: &Value) -> Vec<String> {
        let fields = self.fields.iter().flatten();
        let cell = |field: &String| {
            let mut found = Vec::new();
            for path in self.paths(field) {
                walk(Some(resource), Some(path), &mut found);
            }
            found.first().map_or_else(String::new, |value| shown(value))
        };
        fields.map(cell).collect()
    }

    fn paths<'a>(&self, field: &'a str) -> Vec<&'a str> {
        match search_param(&self.kind, field).map(|param| param.paths) {
            Some(paths) if !paths.is_empty() => paths.to_vec(),
            _ => vec![field.trim_start_matches('_')],
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => of_a_type(value).unwrap_or_else(|| value.to_string()),
        plain => plain.to_string(),
    }
}

/// What stands for a value of several parts: a name, a display, a text, a code, a value, a reference.
fn of_a_type(value: &Value) -> Option<String> {
    if value.get("family").is_some() || value.get("given").is_some() {
        return human_name(value);
    }
    let coding = value.get("coding").and_then(|all| all.get(0));
    let parts = ["display", "text", "code", "value", "reference", "start"];
    let of = |it: &Value| parts.iter().find_map(|part| it.get(part).cloned());
    let text = value.get("text").cloned();
    let found = text.or_else(|| of(value)).or_else(|| of(coding?))?;
    (!found.is_object()).then(|| shown(&found))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_what_a_person_reads_of_a_field() {
        let patient = json!({
            "resourceType": "Patient", "id": "1", "meta": { "lastUpdated": "2026-11-21T20:35:03.257Z" }, "active": false,
            "name": [{ "given": ["Homer", "J"], "family": "Simpson" }], "birthDate": "1956-05-12",
            "telecom": [{ "system": "phone", "value": "555-7334" }, { "system": "email", "value": "homer@example.com" }],
            "maritalStatus": { "coding": [{ "code": "M", "display": "Married" }] },
            "managingOrganization": { "reference": "Organization/1", "display": "Springfield Clinic" },
        });
        let fields = "id,_lastUpdated,name,birthdate,telecom,maritalStatus,organization,active,photo,meta.lastUpdated";
        let query = Query::parse("Patient", &[("_fields".to_owned(), fields.to_owned())]).unwrap();
        let moment = "2026-11-21T20:35:03.257Z";
        let cells = [
            "1",
            moment,
            "Homer J Simpson",
            "1956-05-12",
            "555-7334",
            "Married",
            "Springfield Clinic",
            "false",
            "",
            moment,
        ];
        assert_eq!(query.cells(&patient), cells);
    }
}
