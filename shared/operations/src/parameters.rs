//! What an operation of FHIR is given: `Parameters`, or a plain object with the same names (contract: operations).

use serde_json::{Map, Value};

/// The inputs by name.
pub(crate) fn inputs(body: &Map<String, Value>) -> Map<String, Value> {
    if body.get("resourceType") != Some(&"Parameters".into()) {
        return body.clone();
    }
    let parameters = body
        .get("parameter")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let named = parameters.filter_map(|parameter| {
        let name = parameter.get("name")?.as_str()?;
        let value = parameter
            .as_object()?
            .iter()
            .find(|(key, _)| key.starts_with("value"))?;
        Some((name.to_owned(), value.1.clone()))
    });
    named.collect()
}
