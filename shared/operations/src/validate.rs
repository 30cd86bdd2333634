//! Hold a resource against its definition, and store nothing.

use domain::{Failure, Fault};
use serde_json::{Map, Value};

use crate::read_resource::unknown_type;

/// Whether the resource is as its definition wants it, whatever the project's setting.
///
/// # Errors
/// A fault for an unknown type and for a resource of another one; one for everything that does not fit.
pub fn validate(kind: &str, body: &Map<String, Value>) -> Result<(), Failure> {
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    if body.get("resourceType").and_then(Value::as_str) != Some(kind) {
        return Err(Fault::general("Incorrect resource type").into());
    }
    let faults = domain::faults(kind, &Value::Object(body.clone()));
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.into()),
    }
}
