use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::definition::{Element, Type, elements};
use super::primitive;

/// Every type that is described as it comes, open: whatever it may hold is too much to say.
const OPEN: [(&str, &str); 2] = [("Extension", "url"), ("Resource", "resourceType")];

/// JSON Schemas (2020-12) of `kinds` and of every type they are made of, by name. Types refer to each other below `place`, as in
/// `#/components/schemas/`.
///
/// Extensions and contained resources stay open. The ids and extensions of primitive values (`_name`) are allowed and not described.
/// Empty for names that are not defined.
pub fn json_schemas(kinds: &[&str], place: &str) -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    let mut waiting: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    while let Some(name) = waiting.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        if let Some((_, needed)) = OPEN.iter().find(|(open, _)| *open == name) {
            let text = json!({ "type": "string" });
            schemas.insert(
                name,
                json!({ "type": "object", "required": [needed], "properties": { *needed: text } }),
            );
        } else if let Some(elements) = elements(&name) {
            let types = elements.iter().flat_map(|element| &element.types);
            let types = types.filter(|kind| !kind.is_primitive());
            waiting.extend(types.map(|kind| kind.name.clone()));
            schemas.insert(name.clone(), described(&name, elements, place));
        }
    }
    schemas
}

fn described(name: &str, elements: &[Element], place: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    // Of the types with elements of their own, only resources have `meta`, after their id.
    if elements
        .get(1)
        .is_some_and(|element| element.name == "meta")
    {
        properties.insert("resourceType".into(), json!({ "const": name }));
        required.push("resourceType");
    }
    for element in elements {
        for kind in &element.types {
            properties.insert(kind.property().to_owned(), of(element, kind, place));
        }
        if element.required && !element.choice {
            required.push(element.name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema["patternProperties"] = json!({ "^_": {} });
    schema["additionalProperties"] = false.into();
    schema
}

fn of(element: &Element, kind: &Type, place: &str) -> Value {
    let one = match primitive::json_schema(&kind.name) {
        Some(schema) => schema,
        None => json!({ "$ref": format!("{place}{}", kind.name) }),
    };
    if element.array {
        json!({ "type": "array", "items": one, "minItems": 1 })
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_brings_every_type_it_is_made_of() {
        let schemas = json_schemas(&["ProjectMembership"], "#/");
        let access = &schemas["ProjectMembership"]["properties"]["access"];
        assert_eq!(access["items"]["$ref"], "#/ProjectMembership.access");
        assert!(schemas.contains_key("Identifier") && schemas.contains_key("Period"));
        for schema in schemas.values() {
            for name in schema.to_string().split("\"$ref\":\"#/").skip(1) {
                let (name, _) = name.split_once('"').unwrap_or((name, ""));
                assert!(schemas.contains_key(name), "{name}");
            }
        }
    }

    #[test]
    fn a_resource_says_its_type_and_a_part_of_it_does_not() {
        let schemas = json_schemas(&["Project"], "#/");
        assert_eq!(
            schemas["Project"]["properties"]["resourceType"]["const"],
            "Project"
        );
        assert_eq!(schemas["Project"]["required"], json!(["resourceType"]));
        assert_eq!(schemas["Project.setting"]["required"], json!(["name"]));
        assert!(schemas["Project.setting"]["properties"]["valueInteger"]["type"] == "integer");
    }
}
