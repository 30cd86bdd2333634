use serde_json::{Map, Value};
use uuid::Uuid;

use crate::content::{length, without_empties};
use crate::{Meta, Reference, compartment};

/// A FHIR resource of any type: the envelope is typed, the body is what the definitions allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The resource type, as in `resourceType`.
    pub kind: String,
    /// The id; lower-case dashed on the wire.
    pub id: Uuid,
    /// The version's own data.
    pub meta: Meta,
    /// Everything except `resourceType`, `id` and `meta`.
    pub body: Map<String, Value>,
}

/// How much of `meta` a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The caller sent `X-Medplum: extended`.
    Extended,
    /// Plain FHIR: without `author`, `project`, `account`, `compartment`.
    Plain,
}

impl Resource {
    /// Reads the extended form back. `None` when the envelope is incomplete or malformed.
    pub fn from_json(value: Value) -> Option<Self> {
        let Value::Object(mut body) = value else {
            return None;
        };
        let meta = Meta::from_json(&body.shift_remove("meta")?)?;
        let id = Uuid::try_parse(body.shift_remove("id")?.as_str()?).ok()?;
        let Value::String(kind) = body.shift_remove("resourceType")? else {
            return None;
        };
        Some(Self {
            kind,
            id,
            meta,
            body,
        })
    }

    /// The JSON form: `resourceType` first, then `id`, `meta` and the body; nothing empty.
    pub fn to_json(&self, view: View) -> Value {
        self.clone().into_json(view)
    }

    /// The same for a resource that nobody needs any more.
    pub fn into_json(self, view: View) -> Value {
        let mut meta = self.meta.to_json(view);
        if view == View::Extended {
            let compartments = self.compartment();
            let list = compartments.iter().map(Reference::to_json).collect();
            meta.insert("compartment".into(), Value::Array(list));
        }
        let mut map = Map::with_capacity(self.body.len() + 3);
        map.insert("resourceType".into(), self.kind.into());
        map.insert("id".into(), self.id.to_string().into());
        map.insert("meta".into(), Value::Object(meta));
        map.extend(self.body);
        without_empties(Value::Object(map))
    }

    /// How many bytes it takes in an answer, near enough to divide one by.
    pub fn length(&self) -> usize {
        const ENVELOPE: usize = 600;
        let body = self.body.iter();
        let fields = body.map(|(name, value)| name.len() + 4 + length(value));
        fields.sum::<usize>() + ENVELOPE
    }

    /// A reference to this resource, with the words that [`crate::display_of`] finds.
    pub fn reference(&self) -> Reference {
        Reference {
            display: crate::display_of(self),
            ..Reference::new(&self.kind, self.id)
        }
    }

    /// The compartments this resource lies in: its project, a user's project, accounts, the patients it is about.
    ///
    /// Computed, never stored: what a client sends as `meta.compartment` has no effect.
    pub fn compartment(&self) -> Vec<Reference> {
        compartment::of(self)
    }

    /// Whether storing `candidate` over this resource would change nothing a reader can see.
    ///
    /// Deep equality that ignores empty values, the order of names, and `versionId`, `lastUpdated` and `author`; such an update is
    /// answered with the old version and leaves no history.
    pub fn same_content(&self, candidate: &Self) -> bool {
        let content = |resource: &Self| {
            let mut body = resource.body.clone();
            body.insert("meta".into(), Value::Object(resource.meta.rest.clone()));
            without_empties(Value::Object(body))
        };
        self.kind == candidate.kind
            && self.id == candidate.id
            && self.meta.project == candidate.meta.project
            && self.meta.on_behalf_of == candidate.meta.on_behalf_of
            && content(self) == content(candidate)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    fn patient() -> Resource {
        Resource::from_json(json!({
            "resourceType": "Patient",
            "id": "2c90fffb-a1ee-46cf-a372-1eff3f9fd913",
            "meta": {
                "versionId": "0aeb9f1e-a03c-48be-b80d-0f20b92e541c",
                "lastUpdated": "2026-11-21T20:35:03.257Z",
                "author": {"reference": "system"},
                "project": "74549cdf-0174-46df-8412-f4772eee2732",
                "onBehalfOf": {"reference": "Practitioner/1"},
                "account": {"reference": "Organization/1"},
                "compartment": [{"reference": "Project/of-the-client"}],
                "tag": [{"code": "vip"}]
            },
            "name": [{"given": ["Homer"], "family": "Simpson", "text": ""}],
            "telecom": [{"extension": []}],
            "active": false
        }))
        .unwrap()
    }

    #[test]
    fn the_extended_view_has_author_project_and_computed_compartments() {
        let value = patient().to_json(View::Extended);
        let names: Vec<_> = value.as_object().unwrap().keys().collect();
        assert_eq!(names, ["resourceType", "id", "meta", "name", "active"]);
        assert_eq!(
            value["meta"],
            json!({
                "versionId": "0aeb9f1e-a03c-48be-b80d-0f20b92e541c",
                "lastUpdated": "2026-11-21T20:35:03.257Z",
                "author": {"reference": "system"},
                "project": "74549cdf-0174-46df-8412-f4772eee2732",
                "onBehalfOf": {"reference": "Practitioner/1"},
                "account": {"reference": "Organization/1"},
                "tag": [{"code": "vip"}],
                "compartment": [
                    {"reference": "Project/74549cdf-0174-46df-8412-f4772eee2732"},
                    {"reference": "Organization/1"},
                    {"reference": "Patient/2c90fffb-a1ee-46cf-a372-1eff3f9fd913"}
                ]
            })
        );
    }

    #[test]
    fn the_plain_view_keeps_on_behalf_of_and_hides_the_rest() {
        let value = patient().to_json(View::Plain);
        let names: Vec<_> = value["meta"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["versionId", "lastUpdated", "onBehalfOf", "tag"]);
    }

    #[test]
    fn empties_order_and_author_are_no_change_but_words_are() {
        let stored = patient();
        let mut candidate = stored.clone();
        candidate.meta.author = Reference::to("Practitioner/2");
        candidate.meta.version = Uuid::nil();
        candidate.body = json!({"active": false, "name": [{"family": "Simpson", "given": ["Homer"]}], "photo": []})
            .as_object()
            .cloned()
            .unwrap();
        assert!(stored.same_content(&candidate));
        candidate.body.insert("active".into(), true.into());
        assert!(!stored.same_content(&candidate));
    }
}
