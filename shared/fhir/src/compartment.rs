use serde_json::Value;

use crate::{Reference, Resource};

/// See [`Resource::compartment`]: project, `User.project`, accounts, patients, each once and in this order.
pub(crate) fn of(resource: &Resource) -> Vec<Reference> {
    let project = resource
        .meta
        .project
        .map(|id| Reference::new("Project", id));
    let candidates = project
        .into_iter()
        .chain(project_of_user(resource))
        .chain(accounts_of(resource))
        .chain(patients(resource));
    let mut found: Vec<Reference> = Vec::new();
    for reference in candidates {
        if !found
            .iter()
            .any(|known| known.reference == reference.reference)
        {
            found.push(reference);
        }
    }
    found
}

fn project_of_user(resource: &Resource) -> Option<Reference> {
    let project = (resource.kind == "User").then(|| resource.body.get("project"))?;
    bare(project?)
}

/// The accounts to which a resource belongs, each as often as `meta` names it.
pub fn accounts_of(resource: &Resource) -> Vec<Reference> {
    ["accounts", "account"]
        .iter()
        .filter_map(|name| resource.meta.rest.get(*name))
        .flat_map(references)
        .filter(|account| account.kind() != "Project")
        .collect()
}

/// A patient himself, and the patients named by `subject` and `patient`.
fn patients(resource: &Resource) -> Vec<Reference> {
    if resource.kind == "Patient" {
        return vec![Reference::new("Patient", resource.id)];
    }
    ["subject", "patient"]
        .iter()
        .filter_map(|name| resource.body.get(*name))
        .flat_map(references)
        .filter(|patient| patient.kind() == "Patient")
        .collect()
}

/// The references in a field that holds one or many.
fn references(field: &Value) -> Vec<Reference> {
    match field {
        Value::Array(items) => items.iter().filter_map(bare).collect(),
        one => bare(one).into_iter().collect(),
    }
}

/// Compartments are written without words, as recorded.
fn bare(value: &Value) -> Option<Reference> {
    Some(Reference::to(Reference::from_json(value)?.reference))
}
