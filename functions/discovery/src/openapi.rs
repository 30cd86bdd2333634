//! The API described by itself.

use serde_json::{Value, json};

/// The document as it is checked in, with this server as its server.
pub(crate) fn document(base: &str) -> Value {
    let document = include_str!("../../../infra/openapi.json");
    // A file that could not be read would have failed the tests.
    let mut document: Value = serde_json::from_str(document).unwrap_or_default();
    document["servers"] = json!([{ "url": base.trim_end_matches('/') }]);
    document
}
