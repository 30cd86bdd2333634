//! Rows as they are stored, and resources as they are kept in them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Failure;
use fhir::{Meta, Reference, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::keys::Key;
use crate::step::Step;

/// One row, as the SDK holds it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attribute names of the table's own key.
pub(crate) const PK: &str = "PK";
pub(crate) const SK: &str = "SK";

/// A row made of `content` at `key`.
pub(crate) fn item<T: Serialize>(key: &Key, content: &T) -> Item {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(content).unwrap_or_default();
    item.retain(|_, value| !matches!(value, AttributeValue::Null(_)));
    item.extend(place(key));
    item
}

/// The key of a row as attributes.
pub(crate) fn place(key: &Key) -> Item {
    at(&key.place())
}

/// The same of partition key and sort key.
pub(crate) fn at((pk, sk): &(String, String)) -> Item {
    HashMap::from([
        (PK.to_owned(), AttributeValue::S(pk.clone())),
        (SK.to_owned(), AttributeValue::S(sk.clone())),
    ])
}

/// The values of an update that gives a resource another content, from its new row: `:body`, `:ver`, `:upd`, `:by`.
pub(crate) fn rewrite(step: Step, row: &Item) -> Step {
    let named = [
        (":body", "body"),
        (":ver", "ver"),
        (":upd", "upd"),
        (":by", "by"),
    ];
    named.into_iter().fold(step, |step, (name, attribute)| {
        let value = row.get(attribute).cloned();
        step.value(name, value.unwrap_or(AttributeValue::Null(true)))
    })
}

/// The same for an update that writes over everything a client may have said: `:meta`, `:obo` and, where they are there, `:nameS` and
/// `:profP`, too.
pub(crate) fn rewrite_whole(step: Step, row: &Item) -> Step {
    let nothing = || AttributeValue::Null(true);
    let value = |name| row.get(name).cloned();
    let step = rewrite(step, row)
        .value(":meta", value("meta").unwrap_or_else(nothing))
        .value(":obo", value("obo").unwrap_or_else(nothing));
    let indexed = [(":nameS", "nameS"), (":profP", "profP")];
    indexed
        .into_iter()
        .fold(step, |step, (name, attribute)| match value(attribute) {
            Some(value) => step.value(name, value),
            None => step,
        })
}

/// Reads a row.
///
/// # Errors
/// [`Failure::Corrupt`] when it is not what this version of the product writes.
pub(crate) fn read<'a, T: Deserialize<'a>>(what: &'static str, item: Item) -> Result<T, Failure> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|cause| Failure::corrupt(what, cause))
}

/// A text attribute of a row; empty when it is not there.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}

/// A resource in its row. The body is kept as JSON text: it is never searched inside the table, and text is what travels.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResourceRow {
    /// Only current rows carry it: it is the key of the index `byId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Uuid>,
    ver: Uuid,
    upd: String,
    by: Reference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    obo: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meta: Option<String>,
    body: String,
}

impl ResourceRow {
    /// The row of a current resource.
    pub(crate) fn current(resource: &Resource) -> Self {
        let Meta {
            version,
            last_updated,
            author,
            on_behalf_of,
            rest,
            ..
        } = &resource.meta;
        Self {
            id: Some(resource.id),
            ver: *version,
            upd: last_updated.clone(),
            by: author.clone(),
            obo: on_behalf_of.clone(),
            meta: (!rest.is_empty()).then(|| json_text(rest)),
            body: json_text(&resource.body),
        }
    }

    /// The same row as a past version: no index finds it.
    pub(crate) fn past(resource: &Resource) -> Self {
        Self {
            id: None,
            ..Self::current(resource)
        }
    }

    /// The resource, `kind` and `id` of which the key says.
    pub(crate) fn resource(
        self,
        kind: &str,
        id: Uuid,
        project: Option<Uuid>,
    ) -> Result<Resource, Failure> {
        let rest = self
            .meta
            .map_or_else(|| Ok(Map::new()), |text| json_map(&text))?;
        Ok(Resource {
            kind: kind.to_owned(),
            id,
            meta: Meta {
                version: self.ver,
                last_updated: self.upd,
                author: self.by,
                project,
                on_behalf_of: self.obo,
                rest,
            },
            body: json_map(&self.body)?,
        })
    }
}

/// The last day of a resource.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GoneRow {
    /// By which it is found, while it stands for the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Uuid>,
    pub(crate) ver: Uuid,
    pub(crate) upd: String,
    pub(crate) by: Reference,
}

fn json_text(map: &Map<String, Value>) -> String {
    serde_json::to_string(map).unwrap_or_default()
}

fn json_map(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|cause| Failure::corrupt("a resource's body", cause))
}
