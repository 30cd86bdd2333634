use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Reference, View};

/// What the server knows about one version of a resource, and what the client may say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// A new one for every stored change.
    pub version: Uuid,
    /// ISO 8601, UTC, milliseconds, `Z`.
    pub last_updated: String,
    /// The profile of the real caller; `system` when the server itself wrote.
    pub author: Reference,
    /// The owning project; `None` belongs to the server and is for super admins alone.
    pub project: Option<Uuid>,
    /// The profile the author stood in for.
    pub on_behalf_of: Option<Reference>,
    /// What the client sent and the server keeps: `profile`, `tag`, `security`, `source`, `account`, `accounts`.
    pub rest: Map<String, Value>,
}

/// The fields of `meta` that the server alone writes.
const SERVER_FIELDS: [&str; 6] = [
    "versionId",
    "lastUpdated",
    "author",
    "project",
    "onBehalfOf",
    "compartment",
];

impl Meta {
    /// The part of a client's `meta` that is kept: everything but the server's own fields.
    pub fn rest_of(meta: &Value) -> Map<String, Value> {
        let mut rest = meta.as_object().cloned().unwrap_or_default();
        rest.retain(|name, _| !SERVER_FIELDS.contains(&name.as_str()));
        rest
    }

    /// Reads the extended form back. `None` when a server field is missing or not of its shape.
    pub fn from_json(meta: &Value) -> Option<Self> {
        let project = match meta.get("project") {
            Some(project) => Some(Uuid::try_parse(project.as_str()?).ok()?),
            None => None,
        };
        Some(Self {
            version: Uuid::try_parse(meta.get("versionId")?.as_str()?).ok()?,
            last_updated: meta.get("lastUpdated")?.as_str()?.to_owned(),
            author: Reference::from_json(meta.get("author")?)?,
            project,
            on_behalf_of: meta.get("onBehalfOf").and_then(Reference::from_json),
            rest: Self::rest_of(meta),
        })
    }

    /// The JSON form without `compartment`, which belongs to the whole resource.
    ///
    /// [`View::Plain`] leaves out `author`, `project` and `account`, as recorded; `onBehalfOf` stays.
    pub(crate) fn to_json(&self, view: View) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("versionId".into(), self.version.to_string().into());
        map.insert("lastUpdated".into(), self.last_updated.clone().into());
        if view == View::Extended {
            map.insert("author".into(), self.author.to_json());
            if let Some(project) = self.project {
                map.insert("project".into(), project.to_string().into());
            }
        }
        if let Some(on_behalf_of) = &self.on_behalf_of {
            map.insert("onBehalfOf".into(), on_behalf_of.to_json());
        }
        map.extend(self.rest.clone());
        if view == View::Plain {
            map.shift_remove("account");
        }
        map
    }
}
