//! Resources by FHIR's verbs: updated, patched, deleted, by id and by search, one by one and many at once; and their past.

mod administrative;
mod batch;
mod budgets;
mod conditional;
mod history;
mod large;
mod metadata;
mod names;
mod references;
mod writing;

use harness::world::{Answer, Client, Request};
use serde_json::Value;

/// A JSON Patch.
async fn patch(caller: &Client, path: &str, operations: &Value) -> Answer {
    let request = Request::new("PATCH", path);
    let text = operations.to_string();
    caller
        .send(request.body("application/json-patch+json", text))
        .await
}

/// The path of a resource.
fn path(resource: &Value) -> String {
    format!("/fhir/R4/{}", crate::world::reference(resource))
}

/// The version of a resource.
fn version(resource: &Value) -> &str {
    resource["meta"]["versionId"].as_str().unwrap()
}
