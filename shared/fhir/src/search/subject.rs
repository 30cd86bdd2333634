//! The one reference by which resources of a type belong together: the patient they are about, the organization they are of.

use serde_json::Value;

use super::param::{ParamKind, SearchParam, search_param};
use super::value::Wanted;
use super::{Filter, Modifier, Query};
use crate::Resource;

/// In this order: whoever is about a patient is found by him.
const CODES: [&str; 5] = [
    "patient",
    "subject",
    "organization",
    "practitioner",
    "partof",
];

/// Types with several subjects: one of them would not find the resource.
const OF_SEVERAL: [&str; 9] = [
    "Account",
    "Contract",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductInteraction",
    "MedicinalProductPackaged",
    "MedicinalProductUndesirableEffect",
    "Provenance",
    "ResearchStudy",
];

/// A longer reference is that of nothing which anybody keeps.
const LONGEST: usize = 256;

/// The search parameter of the subject of a type; `None` for a type whose resources have none, or several.
pub fn subject_param(kind: &str) -> Option<&'static SearchParam> {
    let single = |param: &&SearchParam| {
        param.kind == ParamKind::Reference && matches!(param.paths, [path] if !path.contains('.'))
    };
    let mut params = CODES.iter().filter_map(|code| search_param(kind, code));
    let param = params.find(single)?;
    (!OF_SEVERAL.contains(&kind)).then_some(param)
}

impl Resource {
    /// The reference to its subject, as it is written.
    pub fn subject(&self) -> Option<&str> {
        let [path] = subject_param(&self.kind)?.paths else {
            return None;
        };
        let reference = self.body.get(*path)?.get("reference");
        let reference = reference.and_then(Value::as_str);
        reference.filter(|text| is_keepable(text))
    }
}

impl Query {
    /// The references to subjects of which every match has one, if the query says so.
    pub fn subjects(&self) -> Option<Vec<&str>> {
        let paths = subject_param(&self.kind)?.paths;
        let about = self.filters.iter();
        let mut about =
            about.filter(|it| it.param.kind == ParamKind::Reference && it.param.paths == paths);
        about.find_map(Filter::whole_references)
    }
}

impl Filter {
    /// The references of which a match has one.
    fn whole_references(&self) -> Option<Vec<&str>> {
        if !matches!(self.modifier, Modifier::Plain | Modifier::Type(_)) {
            return None;
        }
        fn text(wanted: &Wanted) -> Option<&str> {
            match wanted {
                Wanted::Text(text) if is_keepable(text) => Some(text),
                _ => None,
            }
        }
        self.wanted.iter().map(text).collect()
    }
}

fn is_keepable(reference: &str) -> bool {
    !reference.is_empty() && reference.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;
    use crate::schema::properties;

    fn subjects(kind: &str, code: &str, value: &str) -> Option<Vec<String>> {
        let query = Query::parse(kind, &[(code.to_owned(), value.to_owned())]).unwrap();
        let subjects = query.subjects()?;
        Some(subjects.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn a_subject_is_one_reference() {
        let several: Vec<&str> = crate::known_types()
            .filter(|kind| {
                let path = subject_param(kind).map(|param| param.paths[0]);
                let property = properties(kind).into_iter();
                let mut property = property.filter(|it| Some(it.name.as_str()) == path);
                path.is_some() && property.next().is_none_or(|it| it.array)
            })
            .collect();
        assert_eq!(several, [""; 0]);
    }

    #[test]
    fn a_query_names_subjects_by_whatever_parameter_leads_there() {
        let one = Some(vec!["Patient/1".to_owned()]);
        assert_eq!(subjects("Observation", "patient", "1"), one);
        assert_eq!(subjects("Observation", "subject", "Patient/1"), one);
        let two = Some(vec![
            "Organization/1".to_owned(),
            "Organization/2".to_owned(),
        ]);
        assert_eq!(
            subjects("Patient", "organization", "Organization/1,Organization/2"),
            two
        );
        for (code, value) in [
            ("subject:missing", "true"),
            ("subject:not", "Patient/1"),
            ("code", "x"),
        ] {
            assert_eq!(subjects("Observation", code, value), None, "{code}");
        }
        assert_eq!(subjects("ProjectMembership", "profile", "Patient/1"), None);
    }
}
