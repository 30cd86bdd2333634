use fhir::{Reference, Resource, accounts_of};
use serde_json::Value;

/// A resource that belongs to these accounts besides its own, which come first; `account` is the first of `accounts`.
pub(super) fn joined(mut resource: Resource, accounts: &[Reference]) -> Resource {
    let mut all: Vec<Reference> = Vec::new();
    for account in accounts_of(&resource).iter().chain(accounts) {
        if !all.iter().any(|it| it.reference == account.reference) {
            all.push(account.clone());
        }
    }
    if let (Some(first), false) = (all.first(), accounts.is_empty()) {
        let rest = &mut resource.meta.rest;
        rest.insert("account".into(), first.to_json());
        let all = all.iter().map(Reference::to_json).collect();
        rest.insert("accounts".into(), Value::Array(all));
    }
    resource
}
