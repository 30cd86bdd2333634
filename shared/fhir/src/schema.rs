//! Whether a resource is what the FHIR definitions say, in the words of the upstream server.
//!
//! The definitions are a text of 150 KB, linked only into functions that call [`validate`], indexed at the first call and read type by
//! type as they are needed.

mod definition;
mod invariant;
mod json_schema;
mod primitive;
mod structure;
mod validator;

use serde_json::Value;

use crate::Issue;

pub use definition::types;
pub use json_schema::json_schemas;
pub use structure::{Property, Shape, canonical, element_of, outline, properties, snapshot};

/// Every way in which `resource` breaks the definition of `kind`; nothing when it is valid.
///
/// Issues have code `structure` or `invariant` and the path of the property: `Project.secret[0].name`. A property that is required
/// and has a choice of types is named by its choice: `Project.secret[0].value[x]`.
pub fn validate(kind: &str, resource: &Value) -> Vec<Issue> {
    validator::validate(kind, resource)
}
