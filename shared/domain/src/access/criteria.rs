use std::collections::BTreeMap;

use fhir::search::{Modifier, Query};
use fhir::{Reference, Resource};
use serde_json::Value;
use uuid::Uuid;

/// The values that stand for `%names` in the criteria of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, Parameter>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parameter {
    Text(String),
    Reference(Reference),
}

impl Parameters {
    /// `profile` and, unless `given` names one, `patient` are the member's profile; `given` is `access[].parameter` of the membership.
    pub fn new(profile: &Reference, given: &[Value]) -> Self {
        let profile = Parameter::Reference(profile.clone());
        let mut all = BTreeMap::from([
            ("profile".to_owned(), profile.clone()),
            ("patient".to_owned(), profile),
        ]);
        for parameter in given {
            // A blank text would let everything through that begins with it: it is no value.
            let text = parameter.get("valueString").and_then(Value::as_str);
            let text = text.filter(|text| !text.trim().is_empty());
            let reference = parameter
                .get("valueReference")
                .and_then(Reference::from_json)
                .map(Parameter::Reference);
            let value = reference.or(text.map(|text| Parameter::Text(text.to_owned())));
            if let (Some(name), Some(value)) = (parameter["name"].as_str(), value) {
                all.insert(name.to_owned(), value);
            }
        }
        Self(all)
    }

    /// A text with the values in the places of their names, for people and for references; what has no value stays as it is written.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            let (before, named) = rest.split_at(at);
            filled.push_str(before);
            rest = match self.at(&named[1..]) {
                Some((value, length)) => {
                    filled.push_str(&value);
                    &named[1 + length..]
                }
                None => {
                    filled.push('%');
                    &named[1..]
                }
            };
        }
        filled.push_str(rest);
        filled
    }

    /// The value of the name that begins `text`, and how long the name is, with `.id` if that belongs to it.
    fn at(&self, text: &str) -> Option<(String, usize)> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let id = text[length..].strip_prefix(".id");
        let id = id.is_some_and(|rest| !rest.starts_with(is_word));
        Some(match self.0.get(&text[..length])? {
            Parameter::Text(text) => (text.clone(), length),
            Parameter::Reference(reference) if id => (
                reference.reference.rsplit('/').next()?.to_owned(),
                length + 3,
            ),
            Parameter::Reference(reference) => (reference.reference.clone(), length),
        })
    }
}

/// The condition of a rule: a search that a resource must match.
#[derive(Clone, Debug, PartialEq)]
pub struct Criteria {
    /// The condition with the parameters put in; only for people to read.
    pub filled: String,
    query: Option<Query>,
}

impl Criteria {
    /// Reads `Type?name=value&…` for resources of `kind`. Parameters are values and nothing else: whatever stands in them, they
    /// add no condition, no alternative and no other type. What cannot be understood matches nothing.
    pub fn read(written: &str, kind: &str, parameters: &Parameters) -> Self {
        let (of, conditions) = written.split_once('?').unwrap_or((written, ""));
        let pairs: Vec<(String, String)> = conditions
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (
                    filled(name, &Parameters::default()),
                    filled(value, parameters),
                )
            })
            .collect();
        let conditions: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let fits = of == kind || of == "*";
        let query = fits.then(|| Query::parse(kind, &pairs).ok()).flatten();
        Self {
            filled: format!("{kind}?{}", conditions.join("&")),
            // A condition on a neighbour cannot be held against the resource alone.
            query: query.filter(|query| query.chains.is_empty()),
        }
    }

    /// Whether it can be held against a resource at all.
    pub fn is_understood(&self) -> bool {
        self.query.is_some()
    }

    /// The ids that a resource must have one of, if the condition says so.
    pub(super) fn ids(&self) -> Option<Vec<Uuid>> {
        let filter = self.query.as_ref()?.filter("_id")?;
        let named = matches!(filter.modifier, Modifier::Plain | Modifier::Exact);
        let ids = filter.values.iter().filter_map(|id| id.rsplit('/').next());
        named.then(|| ids.filter_map(|id| id.parse().ok()).collect())
    }

    /// The references to subjects of which a resource must have one, if the condition says so.
    pub(super) fn subjects(&self) -> Option<Vec<&str>> {
        self.query.as_ref()?.subjects()
    }

    /// Whether the resource matches.
    pub fn matches(&self, resource: &Resource) -> bool {
        self.query
            .as_ref()
            .is_some_and(|query| query.matches(resource))
    }
}

/// The text without percent-encoding, and with the parameters that it names. A name goes before an escape: `%department` is no
/// byte.
fn filled(text: &str, parameters: &Parameters) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let named = (first == '%').then(|| parameters.at(after)).flatten();
        let escaped = || {
            let hex = after.get(..2).filter(|_| first == '%')?;
            u8::from_str_radix(hex.trim_start_matches('+'), 16)
                .ok()
                .filter(|_| !hex.contains('+'))
        };
        if let Some((value, length)) = named {
            bytes.extend(literal(&value).into_bytes());
            rest = &after[length..];
        } else if let Some(byte) = escaped() {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            let plain = if first == '+' { ' ' } else { first };
            bytes.extend(plain.to_string().into_bytes());
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// A value in which nothing separates.
fn literal(value: &str) -> String {
    let mut literal = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | ',' | '|' | '$') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    const ID: &str = "2c90fffb-a1ee-46cf-a372-1eff3f9fd913";

    fn patient(organization: &str, family: &str) -> Resource {
        Resource::from_json(json!({
            "resourceType": "Patient", "id": ID,
            "meta": { "versionId": ID, "lastUpdated": "2026-11-21T20:35:03.257Z", "author": { "reference": "system" } },
            "managingOrganization": { "reference": organization },
            "name": [{ "family": family }],
        }))
        .unwrap()
    }

    fn parameters(name: &str, value: Value) -> Parameters {
        let mut parameter = value;
        parameter["name"] = name.into();
        Parameters::new(&Reference::to(format!("Patient/{ID}")), &[parameter])
    }

    fn matches(written: &str, parameters: &Parameters) -> bool {
        Criteria::read(written, "Patient", parameters).matches(&patient("Organization/1", "Smith"))
    }

    #[test]
    fn a_parameter_stands_for_its_value() {
        let organization = parameters(
            "organization",
            json!({ "valueReference": { "reference": "Organization/1" } }),
        );
        for written in [
            "Patient?organization=%organization",
            "Patient?organization=Organization/%organization.id",
            "Patient?organization=Organization%2F1",
            "*?organization=%organization",
            "Patient?_id=%profile.id",
            "Patient?_id=%patient.id&name=smith",
        ] {
            assert!(matches(written, &organization), "{written}");
        }
        for written in [
            "Patient?organization=%organization_other",
            "Patient?organization=%organizations",
            "Patient?organization=%other",
            "Observation?subject=%patient",
            "Patient?bogus=1",
            "Patient?organization.name=x",
        ] {
            assert!(!matches(written, &organization), "{written}");
        }
    }

    #[test]
    fn a_name_that_begins_like_another_or_like_an_escape_is_read_whole() {
        let given = [
            json!({ "name": "patient_org", "valueString": "Organization/1" }),
            json!({ "name": "department", "valueString": "Organization/1" }),
        ];
        let parameters = Parameters::new(&Reference::to("Practitioner/1"), &given);
        assert!(matches("Patient?organization=%patient_org", &parameters));
        assert!(matches("Patient?organization=%department", &parameters));
    }

    #[test]
    fn a_value_adds_no_condition_no_alternative_and_no_type() {
        for hostile in [
            "Smith,x",
            "x,Smith",
            "x&name=Smith",
            "x\"},{\"resourceType\":\"*",
            "x|Smith",
            "",
            " ",
            "%profile",
            "x%26name=Smith",
        ] {
            let parameters = parameters("x", json!({ "valueString": hostile }));
            assert!(!matches("Patient?family=%x", &parameters), "{hostile}");
        }
        let harmless = parameters("x", json!({ "valueString": "Smith" }));
        assert!(matches("Patient?family=%x", &harmless));
    }
}
