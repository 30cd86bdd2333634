use serde_json::Value;

/// The value without what FHIR counts as absent: `null`, `""`, `[]`, `{}`, at any depth.
///
/// Inside an array an empty element becomes `null` and keeps its place (the sibling array of a primitive's extensions counts
/// positions); an array of nothing else disappears.
pub fn without_empties(value: Value) -> Value {
    match value {
        // Nearly everything that is read: it need not be made anew.
        full if !has_empties(&full) => full,
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

/// Whether anything inside counts as absent; a place that an array keeps for its sibling is no such thing.
fn has_empties(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(|it| is_empty(it) || has_empties(it)),
        Value::Array(items) => {
            let void = |item: &Value| !item.is_null() && (is_empty(item) || has_empties(item));
            items.iter().any(void) || items.iter().all(Value::is_null) && !items.is_empty()
        }
        _ => false,
    }
}

/// How many bytes the value takes as JSON text, near enough to divide an answer by.
pub fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + escapes(text) + 2,
        Value::Array(items) => items.iter().map(|it| length(it) + 1).sum::<usize>() + 2,
        Value::Object(map) => {
            let fields = map.iter();
            let fields = fields.map(|(name, it)| name.len() + 4 + length(it));
            fields.sum::<usize>() + 2
        }
        Value::Number(number) => number.to_string().len(),
        Value::Null | Value::Bool(_) => "false".len(),
    }
}

fn escapes(text: &str) -> usize {
    let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    text.as_bytes().iter().filter(|byte| escaped(byte)).count()
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

    #[test]
    fn what_holds_nothing_empty_stays_as_it_is() {
        let full =
            json!({"given": ["Homer", null], "_given": [null, {"id": "1"}], "active": false});
        assert!(!has_empties(&full));
        for empty in [
            json!({"a": [null]}),
            json!({"a": [{"b": null}]}),
            json!([[""]]),
            json!({"a": {}}),
        ] {
            assert!(has_empties(&empty), "{empty}");
        }
    }

    #[test]
    fn the_length_is_about_that_of_the_text() {
        let value = json!({"resourceType": "Patient", "name": [{"given": ["Homer", "J"], "family": "Simpson"}], "active": true});
        let text = value.to_string().len();
        assert!(
            length(&value).abs_diff(text) < text / 5,
            "{} {text}",
            length(&value)
        );
    }
}
