//! The answers to the entries of a batch.

use fhir::{Outcome, Resource, View};
use serde_json::{Value, json};

use crate::Problem;

/// A resource that was read or written; a new one has an address.
pub fn written(resource: &Resource, created: bool, (view, base_url): (View, &str)) -> Value {
    let (status, outcome) = match created {
        true => ("201", Outcome::created()),
        false => ("200", Outcome::ok()),
    };
    let mut response = json!({ "outcome": outcome.bare(), "status": status });
    if created {
        let address = format!("{base_url}fhir/R4/{}/{}", resource.kind, resource.id);
        response["location"] = address.into();
    }
    response["etag"] = format!("W/\"{}\"", resource.meta.version).into();
    response["lastModified"] = resource.meta.last_updated.clone().into();
    json!({ "response": response, "resource": resource.to_json(view) })
}

/// What is done, and what there is to show.
pub fn shown(resource: Option<Value>) -> Value {
    let mut entry = json!({ "response": { "outcome": Outcome::ok().bare(), "status": "200" } });
    if let Some(resource) = resource {
        entry["resource"] = resource;
    }
    entry
}

/// What went wrong.
pub fn refused(problem: &Problem) -> Value {
    let status = problem.status.to_string();
    json!({ "response": { "outcome": problem.outcome.bare(), "status": status } })
}
