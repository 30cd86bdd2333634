use serde_json::Value;

use crate::{Fault, FaultKind};

/// What is wrong with a resource by its FHIR definition: unknown properties, wrong types, missing fields, broken invariants.
pub fn faults(kind: &str, resource: &Value) -> Vec<Fault> {
    let issues = fhir::schema::validate(kind, resource);
    issues.into_iter().map(|issue| fault(issue.code, issue.path, issue.text)).collect()
}

fn fault(code: fhir::IssueCode, path: String, text: String) -> Fault {
    let kind = if code == fhir::IssueCode::Invariant { FaultKind::Invariant } else { FaultKind::Structure };
    Fault { kind, text, expression: Some(path) }
}
