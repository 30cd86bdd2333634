//! The answers to the entries of a batch.

use domain::Fault;
use fhir::{Outcome, Resource, View};
use serde_json::{Value, json};

use crate::Problem;
use crate::limits::TOO_LONG;

/// A resource that was read or written; a new one has an address.
pub fn written(resource: Resource, created: bool, view: View) -> Value {
    let (status, outcome) = match created {
        true => ("201", Outcome::created()),
        false => ("200", Outcome::ok()),
    };
    let mut response = json!({ "outcome": outcome.bare(), "status": status });
    if created {
        response["location"] = format!("{}/{}", resource.kind, resource.id).into();
    }
    response["etag"] = format!("W/\"{}\"", resource.meta.version).into();
    response["lastModified"] = resource.meta.last_updated.clone().into();
    let mut entry = json!({ "response": response });
    entry["resource"] = resource.into_json(view);
    entry
}

/// What is done, and what there is to show.
pub fn shown(resource: Option<Value>) -> Value {
    let mut entry = json!({ "response": { "outcome": Outcome::ok().bare(), "status": "200" } });
    if let Some(resource) = resource {
        entry["resource"] = resource;
    }
    entry
}

/// The entry, if there is room left for it in the answer. Else what was done is told without the resource, which can be read by a request
/// of its own, and what was only read is refused.
pub fn within(room: &mut usize, entry: Value, read: bool) -> Value {
    let length = fhir::length(&entry);
    if let Some(left) = room.checked_sub(length) {
        *room = left;
        return entry;
    }
    if read {
        return refused(&Problem::from(Fault::general(TOO_LONG)));
    }
    let mut entry = entry;
    if let Some(fields) = entry.as_object_mut() {
        fields.shift_remove("resource");
    }
    entry
}

/// What went wrong.
pub fn refused(problem: &Problem) -> Value {
    let status = problem.status.to_string();
    json!({ "response": { "outcome": problem.outcome.bare(), "status": status } })
}
