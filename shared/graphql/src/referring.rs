//! Which types refer to which, and by which search parameters.

use fhir::search::search_codes;

/// The types that have parameters that lead to resources of the type `kind`, each with these parameters.
pub(crate) fn referring(
    kind: &'static str,
) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let mut lines = include_str!("referring.txt").lines();
    let begins = lines.any(|line| line == kind);
    let own = lines.take_while(move |line| begins && line.starts_with(' '));
    own.filter_map(|line| {
        let mut words = line.split_whitespace();
        let from = words.next()?;
        let searched: Vec<&str> = search_codes(from).collect();
        let codes: Vec<&str> = words.filter(|code| searched.contains(code)).collect();
        (!codes.is_empty()).then_some((from, codes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_refer_to_patients_by_their_subject() {
        let found = referring("Patient").find(|(from, _)| *from == "Observation");
        let (_, codes) = found.unwrap_or_default();
        assert!(codes.contains(&"subject"), "{codes:?}");
        assert_eq!(referring("Nothing").count(), 0);
    }
}
