//! Resources that are there without anybody having made them, and that every project reads: the definitions of the types, and their
//! search parameters. They are made from what the server itself goes by, so that they say what it does.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::schema::{canonical, element_of, outline, snapshot, types};
use crate::search::{ParamKind, SearchParam, own_params};
use crate::{Meta, Reference, Resource, known_types};

/// When FHIR 4.0.1 was published.
const PUBLISHED: &str = "2019-11-01T09:29:23.000Z";
const STRUCTURE: &str = "StructureDefinition";
const PARAMETER: &str = "SearchParameter";

/// Whether there are such resources of the type `kind`.
pub fn holds(kind: &str) -> bool {
    kind == STRUCTURE || kind == PARAMETER
}

/// All of the type `kind`. A StructureDefinition comes without its snapshot: see [`whole`].
pub fn all(kind: &str) -> Vec<Resource> {
    match kind {
        STRUCTURE => types().filter_map(definition).collect(),
        PARAMETER => known_types()
            .flat_map(|base| own_params(base).iter().map(|param| parameter(base, param)))
            .collect(),
        _ => Vec::new(),
    }
}

/// The one with this id, whole.
pub fn find(kind: &str, id: Uuid) -> Option<Resource> {
    all(kind)
        .into_iter()
        .find(|resource| resource.id == id)
        .map(whole)
}

/// The same resource with everything that belongs to it.
#[must_use]
pub fn whole(mut resource: Resource) -> Resource {
    if resource.kind == STRUCTURE {
        let name = resource.body.get("name").and_then(Value::as_str);
        let snapshot = name.map(snapshot);
        resource
            .body
            .extend(snapshot.map(|it| ("snapshot".into(), it)));
    }
    resource
}

fn definition(name: &str) -> Option<Resource> {
    Some(made(STRUCTURE, &canonical(name), outline(name)?))
}

fn parameter(base: &str, param: &SearchParam) -> Resource {
    let url = format!("{}-{}", canonical(base), param.code).replacen(STRUCTURE, PARAMETER, 1);
    let elements = param.paths.iter().map(|path| {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (name, targets) = element_of(base, first);
        let dot = if rest.is_empty() { "" } else { "." };
        (format!("{base}.{name}{dot}{rest}"), targets)
    });
    let (expressions, targets): (Vec<String>, Vec<_>) = elements.unzip();
    let mut body = Map::new();
    for (field, value) in [
        ("url", json!(url)),
        ("name", json!(param.code)),
        ("status", json!("active")),
        ("code", json!(param.code)),
        ("base", json!([base])),
        ("type", json!(type_of(param.kind))),
        ("expression", json!(expressions.join(" | "))),
        ("target", json!(targets.concat())),
    ] {
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        body.extend((!is_empty).then(|| (field.to_owned(), value)));
    }
    made(PARAMETER, &url, body)
}

/// The kind of a parameter in FHIR's words.
fn type_of(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Token | ParamKind::Boolean | ParamKind::Contact(_) | ParamKind::Id => "token",
        ParamKind::String | ParamKind::Name => "string",
        ParamKind::Date => "date",
        ParamKind::Reference
        | ParamKind::ReferenceType
        | ParamKind::Project
        | ParamKind::Compartment => "reference",
    }
}

/// A resource whose id follows from its address, so that it is the same everywhere and for ever.
fn made(kind: &str, url: &str, body: Map<String, Value>) -> Resource {
    let named = |name: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    Resource {
        kind: kind.to_owned(),
        id: named(url),
        meta: Meta {
            version: named(&format!("{url}|4.0.1")),
            last_updated: PUBLISHED.to_owned(),
            author: Reference::to("system"),
            project: None,
            on_behalf_of: None,
            rest: Map::new(),
        },
        body,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_stay() {
        for kind in [STRUCTURE, PARAMETER] {
            let ids: HashSet<Uuid> = all(kind).iter().map(|resource| resource.id).collect();
            assert_eq!(ids.len(), all(kind).len(), "{kind}");
        }
        let patient = all(STRUCTURE)
            .into_iter()
            .find(|it| it.body["name"] == "Patient");
        let patient = find(STRUCTURE, patient.unwrap().id).unwrap();
        assert!(
            patient.body["snapshot"]["element"]
                .as_array()
                .unwrap()
                .len()
                > 20
        );
    }

    #[test]
    fn a_parameter_says_where_its_values_are() {
        let of = |code: &str| {
            all(PARAMETER)
                .into_iter()
                .find(|it| it.body["code"] == code && it.body["base"][0] == "ProjectMembership")
                .unwrap()
                .body
        };
        assert_eq!(
            of("access-policy")["expression"],
            "ProjectMembership.accessPolicy | ProjectMembership.access.policy"
        );
        assert_eq!(of("project")["target"], json!(["Project"]));
        assert_eq!(of("admin")["type"], "token");
    }
}
