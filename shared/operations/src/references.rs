//! Administrative references must resolve in the project: unknown and foreign ones get the same answer.

use domain::{Failure, Fault};
use fhir::Reference;
use store::{Found, Key, Tenant};

/// Which type an administrative reference must have, by the last word of its path; a parameter may point to anything.
fn expected_kind(path: &str) -> Option<&'static str> {
    match path.rsplit('.').next() {
        Some("accessPolicy" | "defaultPatientAccessPolicy" | "policy") => Some("AccessPolicy"),
        Some("userConfiguration") => Some("UserConfiguration"),
        Some("patient") => Some("Patient"),
        _ => None,
    }
}

/// Administrative references that one request may make: each is looked up before anything is written.
const MOST: usize = 100;

/// The rows to read for `references`, each given with the path of its field.
///
/// # Errors
/// A fault when there are too many to look up.
pub(crate) fn keys(
    tenant: Tenant<'_>,
    references: &[(String, Reference)],
) -> Result<Vec<Key>, Failure> {
    if let Some((path, _)) = references.get(MOST) {
        return Err(Fault::structure(
            path,
            format!("More than {MOST} references cannot be checked"),
        )
        .into());
    }
    Ok(references
        .iter()
        .filter_map(|(_, reference)| tenant.referenced_key(reference))
        .collect())
}

/// Holds references against the rows that were read.
///
/// # Errors
/// One fault for each that does not resolve, naming its field.
pub(crate) fn check(
    tenant: Tenant<'_>,
    found: &Found,
    references: &[(String, Reference)],
) -> Result<(), Failure> {
    let resolves = |(path, reference): &&(String, Reference)| {
        let fits = expected_kind(path).is_none_or(|kind| reference.kind() == kind);
        let there = tenant
            .referenced_key(reference)
            .is_some_and(|key| tenant.has(found, &key));
        !(fits && there)
    };
    let faults: Vec<Fault> = references
        .iter()
        .filter(resolves)
        .map(|(path, _)| Fault::structure(path, "Invalid reference (Not found)"))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}
