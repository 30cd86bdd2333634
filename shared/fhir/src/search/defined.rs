//! Parameters of types that [`super::tables`] does not write out, as FHIR defines them (`parameters.txt`, see `infra/definitions`).
//! Each line is a code, a kind and dotted paths, below the name of its type.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::param::{ParamKind, SearchParam};

static DEFINED: LazyLock<HashMap<&'static str, Vec<SearchParam>>> = LazyLock::new(read);

/// The parameters of a type; none of a type that nobody knows.
pub(super) fn of(kind: &str) -> &'static [SearchParam] {
    DEFINED.get(kind).map(Vec::as_slice).unwrap_or_default()
}

fn read() -> HashMap<&'static str, Vec<SearchParam>> {
    let mut all = HashMap::new();
    let mut nowhere = Vec::new();
    let mut of = &mut nowhere;
    for line in include_str!("parameters.txt").lines() {
        match line.strip_prefix(' ') {
            None => of = all.entry(line).or_default(),
            Some(line) => of.extend(param(line)),
        }
    }
    all
}

fn param(line: &'static str) -> Option<SearchParam> {
    let mut words = line.split(' ');
    let (code, kind) = (words.next()?, words.next()?);
    let kind = match kind {
        "token" => ParamKind::Token,
        "string" => ParamKind::String,
        "name" => ParamKind::Name,
        "reference" => ParamKind::Reference,
        "date" => ParamKind::Date,
        _ => return None,
    };
    // Read once and never changed: they live as long as the program.
    let paths = words.collect::<Vec<_>>().leak();
    Some(SearchParam { code, kind, paths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clinical_types_have_the_parameters_that_fhir_defines() {
        for (kind, code, path) in [
            ("Observation", "subject", "subject"),
            ("Observation", "patient", "subject"),
            ("Observation", "code", "code"),
            ("Encounter", "date", "period.start"),
            ("PractitionerRole", "organization", "organization"),
            ("Task", "owner", "owner"),
        ] {
            let found = of(kind).iter().find(|param| param.code == code);
            assert!(
                found.is_some_and(|param| param.paths.contains(&path)),
                "{kind} {code}"
            );
        }
        assert!(of("Nothing").is_empty());
    }
}
