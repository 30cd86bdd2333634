//! JSON Patch (RFC 6902): changes to a resource, one after the other.

use json_patch::PatchOperation;
use serde_json::Value;

/// Operations that one patch may have.
const MOST_OPERATIONS: usize = 200;
/// A patched resource is no larger than a body that could be sent; copies can double it with each operation.
const LARGEST: usize = 1_000_000;
/// Nor is it deeper than a body could be.
const DEEPEST: usize = 32;
/// The operations that there are.
const KNOWN: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Why a patch cannot be applied, in words for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatchProblem(String);

/// `target` with the operations applied in their order; all of them or none.
///
/// # Errors
/// The first operation that is none, or that does not fit; a result that is too large.
pub fn patched(target: Value, operations: &[Value]) -> Result<Value, PatchProblem> {
    if operations.len() > MOST_OPERATIONS {
        let words = format!("A patch has at most {MOST_OPERATIONS} operations");
        return Err(PatchProblem(words));
    }
    let mut patched = target;
    for (at, operation) in operations.iter().enumerate() {
        apply(&mut patched, (at, operation)).map_err(PatchProblem)?;
    }
    if depth(&patched) > DEEPEST {
        return Err(PatchProblem("The patched resource is too deep".into()));
    }
    Ok(patched)
}

fn apply(target: &mut Value, (at, operation): (usize, &Value)) -> Result<(), String> {
    let name = operation.get("op").and_then(Value::as_str);
    let known = name.filter(|name| KNOWN.contains(name));
    let Some(name) = known else {
        return Err(format!("Invalid operation: {}", name.unwrap_or("<EMPTY>")));
    };
    let read: PatchOperation = serde_json::from_value(operation.clone())
        .map_err(|_| "Invalid operation: path, from or value is missing or malformed".to_owned())?;
    json_patch::patch(target, &[read])
        .map_err(|error| format!("{}{}", error.kind, place(at, operation)))?;
    if name == "copy" && target.to_string().len() > LARGEST {
        return Err("The patched resource is too large".into());
    }
    Ok(())
}

/// Which operation it was: its number, and the path that it names.
fn place(at: usize, operation: &Value) -> String {
    match operation.get("path").and_then(Value::as_str) {
        Some(path) => format!(" (operation {at}, path '{path}')"),
        None => format!(" (operation {at})"),
    }
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + inner.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_apply_in_order() {
        let operations = [
            json!({ "op": "test", "path": "/active", "value": true }),
            json!({ "op": "add", "path": "/name", "value": [] }),
            json!({ "op": "add", "path": "/name/-", "value": { "family": "Simpson" } }),
            json!({ "op": "remove", "path": "/active" }),
        ];
        let patched = patched(json!({ "active": true }), &operations);
        assert_eq!(patched, Ok(json!({ "name": [{ "family": "Simpson" }] })));
    }

    #[test]
    fn an_operation_that_is_none_or_does_not_fit_says_so() {
        let words = |operation: Value| {
            let problem = patched(json!({ "a": 1 }), &[operation]).err();
            problem
                .map(|problem| problem.to_string())
                .unwrap_or_default()
        };
        let unknown = words(json!({ "op": "zap", "path": "/a" }));
        assert_eq!(unknown, "Invalid operation: zap");
        assert_eq!(words(json!(7)), "Invalid operation: <EMPTY>");
        assert!(words(json!({ "op": "add" })).starts_with("Invalid operation"));
        assert!(words(json!({ "op": "remove", "path": "/b" })).contains("/b"));
        assert!(!words(json!({ "op": "test", "path": "/a", "value": 2 })).is_empty());
    }

    #[test]
    fn copies_do_not_grow_without_bound() {
        let mut operations = vec![json!({ "op": "add", "path": "/a", "value": "x".repeat(1000) })];
        let copy = json!({ "op": "copy", "from": "", "path": "/b" });
        operations.extend(std::iter::repeat_n(copy, 100));
        assert!(patched(json!({}), &operations).is_err());
    }
}
