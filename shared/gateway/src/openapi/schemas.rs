use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::operation::{Body, Operation};

/// Where schemas are in the document.
pub(super) const PLACE: &str = "#/components/schemas/";

/// The schemas of what is not FHIR, by name.
fn own() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("schemas.json")).unwrap_or_default()
}

/// Every schema that the operations name, and those that these are made of.
pub(super) fn all(operations: &[Operation]) -> BTreeMap<String, Value> {
    let mut all = own();
    all.insert("SearchForm".to_owned(), search_form(operations));
    let named = operations.iter().flat_map(|it| {
        it.body
            .map(Body::schema)
            .into_iter()
            .chain([it.answer.schema])
    });
    let searched = operations.iter().filter_map(|it| it.searched);
    let mut roots: BTreeSet<String> = named.chain(searched).map(str::to_owned).collect();
    roots.insert("OperationOutcome".to_owned());
    roots.extend(all.values().flat_map(referred));
    let roots: Vec<&str> = roots
        .iter()
        .map(String::as_str)
        .filter(|name| !all.contains_key(*name))
        .collect();
    all.extend(fhir::schema::json_schemas(&roots, PLACE));
    all
}

/// The names of the schemas that a schema refers to.
fn referred(schema: &Value) -> Vec<String> {
    let text = schema.to_string();
    let ends = text.split(PLACE).skip(1);
    ends.filter_map(|end| Some(end.split_once('"')?.0.to_owned()))
        .collect()
}

/// What a search for resources of a type may be asked by: name and schema.
pub(super) fn search_parameters(kind: &str) -> impl Iterator<Item = (&'static str, Value)> {
    let whole = |maximum: u32| json!({ "type": "integer", "minimum": 0, "maximum": maximum });
    let of_pages = [
        ("_count", whole(1_000)),
        ("_offset", whole(10_000)),
        ("_cursor", json!({ "type": "string" })),
        ("_sort", json!({ "type": "string" })),
        (
            "_total",
            json!({ "enum": ["none", "estimate", "accurate"] }),
        ),
        ("_fields", json!({ "type": "string" })),
    ];
    let own = fhir::search::search_codes(kind).map(|code| (code, json!({ "type": "string" })));
    of_pages.into_iter().chain(own)
}

/// A search as a form: the parameters of every type that is searched for so.
fn search_form(operations: &[Operation]) -> Value {
    let by_form = operations.iter().filter(|it| it.body.is_some());
    let kinds: BTreeSet<&str> = by_form.filter_map(|it| it.searched).collect();
    let properties: BTreeMap<&str, Value> = kinds.into_iter().flat_map(search_parameters).collect();
    json!({ "type": "object", "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = super::super::document();
        let schemas = &document["components"]["schemas"];
        for name in referred(&document) {
            assert!(schemas.get(&name).is_some(), "{name}");
        }
        assert!(own().len() > 10, "schemas.json is not readable");
    }
}
