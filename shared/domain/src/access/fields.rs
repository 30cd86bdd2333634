//! Fields that a rule hides or protects, by their paths: `birthDate`, `name.given`, `value[x]`. Arrays are walked through.

use fhir::Resource;
use serde_json::{Map, Value};

/// Takes fields out of a resource. A path that leads nowhere is harmless.
pub(super) fn without(mut resource: Resource, paths: &[String]) -> Resource {
    for path in paths {
        remove(&mut resource.body, path);
    }
    resource
}

/// Puts the fields of `stored` in the place of those that somebody sent. Elements of an array belong together by their places.
pub(super) fn restored(mut sent: Resource, stored: &Resource, paths: &[String]) -> Resource {
    for path in paths {
        restore(&mut sent.body, &stored.body, path);
    }
    sent
}

/// Whether hiding `path` takes anything away from what `field` leads to.
pub(super) fn touches(path: &str, field: &str) -> bool {
    let (mut hidden, mut looked_at) = (path.split('.'), field.split('.'));
    loop {
        match (hidden.next(), looked_at.next()) {
            (None, _) | (_, None) => return true,
            (Some(name), Some(other)) if is_called(other, name) => {}
            _ => return false,
        }
    }
}

/// `value[x]` means every `value…` with a capital after it; the extensions of a primitive stand beside it under `_name`.
fn is_called(field: &str, name: &str) -> bool {
    let field = field.strip_prefix('_').unwrap_or(field);
    match name.strip_suffix("[x]") {
        Some(stem) => field
            .strip_prefix(stem)
            .is_some_and(|kind| kind.starts_with(|first: char| first.is_ascii_uppercase())),
        None => field == name,
    }
}

fn remove(object: &mut Map<String, Value>, path: &str) {
    let Some((first, rest)) = path.split_once('.') else {
        return object.retain(|field, _| !is_called(field, path));
    };
    let within = object
        .iter_mut()
        .filter(|(field, _)| is_called(field, first));
    for (_, value) in within {
        for_each(value, |object| remove(object, rest));
    }
}

fn for_each(value: &mut Value, mut what: impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => what(object),
        Value::Array(items) => items
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(what),
        _ => {}
    }
}

fn restore(sent: &mut Map<String, Value>, stored: &Map<String, Value>, path: &str) {
    let Some((first, rest)) = path.split_once('.') else {
        sent.retain(|field, _| !is_called(field, path));
        let own = stored.iter().filter(|(field, _)| is_called(field, path));
        sent.extend(own.map(|(field, value)| (field.clone(), value.clone())));
        return;
    };
    let within = sent.iter_mut().filter(|(field, _)| is_called(field, first));
    for (field, value) in within {
        let nothing = Map::new();
        let mut place = 0;
        for_each(value, |object| {
            let own = match stored.get(field) {
                Some(Value::Array(items)) => items.get(place).and_then(Value::as_object),
                one => one.and_then(Value::as_object).filter(|_| place == 0),
            };
            restore(object, own.unwrap_or(&nothing), rest);
            place += 1;
        });
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn nested_repeated_and_chosen_fields_vanish_and_unknown_paths_are_harmless() {
        let mut body = object(&json!({
            "name": [{ "given": ["A"], "family": "B" }, { "given": ["C"] }],
            "valueString": "x", "value": 1, "valueless": 2, "_valueString": {}, "contact": { "name": { "family": "D" } },
        }));
        for path in [
            "name.given",
            "value[x]",
            "contact.name.family",
            "nothing.at.all",
            "name.family.deep",
        ] {
            remove(&mut body, path);
        }
        let left = json!({ "name": [{ "family": "B" }, {}], "value": 1, "valueless": 2, "contact": { "name": {} } });
        assert_eq!(Value::Object(body), left);
    }

    #[test]
    fn what_was_sent_for_a_protected_field_is_what_is_stored() {
        let stored =
            object(&json!({ "a": 1, "n": [{ "x": 1, "y": 1 }, { "x": 2 }], "valueString": "s" }));
        for (sent, then) in [
            (
                json!({ "a": 2, "b": 2 }),
                json!({ "b": 2, "a": 1, "valueString": "s" }),
            ),
            (
                json!({ "valueBoolean": true, "n": [{ "x": 9, "y": 3 }, { "y": 4 }, { "x": 5 }] }),
                json!({ "a": 1, "valueString": "s", "n": [{ "x": 1, "y": 3 }, { "x": 2, "y": 4 }, {}] }),
            ),
        ] {
            let mut sent = object(&sent);
            for path in ["a", "value[x]", "n.x"] {
                restore(&mut sent, &stored, path);
            }
            assert_eq!(Value::Object(sent), then);
        }
    }

    #[test]
    fn a_path_touches_what_lies_above_and_below_it() {
        for (path, field, truth) in [
            ("name", "name.given", true),
            ("name.given", "name", true),
            ("name.given", "name.family", false),
            ("value[x]", "valueString", true),
            ("birthDate", "birth", false),
        ] {
            assert_eq!(touches(path, field), truth, "{path} {field}");
        }
    }
}
