use serde_json::Value;

/// The value without what FHIR counts as absent: `null`, `""`, `[]`, `{}`, at any depth.
///
/// Inside an array an empty element becomes `null` and keeps its place (the sibling array of a primitive's extensions counts
/// positions); an array of nothing else disappears.
pub fn without_empties(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .into_iter()
                .map(|(name, value)| (name, without_empties(value)))
                .filter(|(_, value)| !is_empty(value));
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().map(in_its_place).collect();
            let any = items.iter().any(|item| !item.is_null());
            Value::Array(if any { items } else { Vec::new() })
        }
        plain => plain,
    }
}

fn in_its_place(item: Value) -> Value {
    match without_empties(item) {
        empty if is_empty(&empty) => Value::Null,
        full => full,
    }
}

/// Whether FHIR counts the value as absent, looking no deeper than its surface.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn emptiness_is_found_at_any_depth_and_false_is_not_empty() {
        let value = json!({
            "a": {"b": {"c": ""}}, "d": [[], {}, null], "e": false, "f": 0,
            "given": ["Homer", null, "J"], "name": [{"family": ""}, {"family": "Simpson"}]
        });
        let full = json!({
            "e": false, "f": 0, "given": ["Homer", null, "J"], "name": [null, {"family": "Simpson"}]
        });
        assert_eq!(without_empties(value), full);
    }
}
