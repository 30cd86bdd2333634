use fhir::schema;
use fhir::search::Query;
use serde_json::Value;

use crate::{Fault, FaultKind};

/// What is wrong with a resource by its FHIR definition: unknown properties, wrong types, missing fields, broken invariants.
pub fn faults(kind: &str, resource: &Value) -> Vec<Fault> {
    schema::validate(kind, resource)
        .into_iter()
        .map(Fault::from)
        .collect()
}

impl From<fhir::Issue> for Fault {
    fn from(issue: fhir::Issue) -> Self {
        let kind = match issue.code {
            "structure" => FaultKind::Structure,
            "invariant" => FaultKind::Invariant,
            _ => FaultKind::Invalid,
        };
        Self {
            kind,
            text: issue.text,
            expression: issue.expression.into_iter().next(),
        }
    }
}

/// A search for resources of `kind`, understood whole.
///
/// # Errors
/// One fault for every parameter that is wrong.
pub fn search(kind: &str, pairs: &[(String, String)]) -> Result<Query, Vec<Fault>> {
    Query::parse(kind, pairs).map_err(|issues| issues.into_iter().map(Fault::from).collect())
}
