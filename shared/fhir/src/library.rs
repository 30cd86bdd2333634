//! Resources that are there without anybody having made them, and that every project reads: the definitions of the types, their search
//! parameters, and the code lists that their elements are bound to. They are made from what the server itself goes by, so that they say what it does.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::schema::{canonical, element_of, outline, snapshot, types};
use crate::search::{ParamKind, SearchParam, own_params};
use crate::terminology::{List, sets, systems};
use crate::{Meta, Reference, Resource, known_types};

/// When FHIR 4.0.1 was published.
const PUBLISHED: &str = "2019-11-01T09:29:23.000Z";
const STRUCTURE: &str = "StructureDefinition";
const PARAMETER: &str = "SearchParameter";
const SYSTEM: &str = "CodeSystem";
const SET: &str = "ValueSet";

/// Whether there are such resources of the type `kind`.
pub fn holds(kind: &str) -> bool {
    [STRUCTURE, PARAMETER, SYSTEM, SET].contains(&kind)
}

/// All of the type `kind`. A StructureDefinition comes without its snapshot, a code list without its codes: see [`whole`].
pub fn all(kind: &str) -> Vec<Resource> {
    match kind {
        STRUCTURE => types().filter_map(definition).collect(),
        PARAMETER => known_types()
            .flat_map(|base| own_params(base).iter().map(|param| parameter(base, param)))
            .collect(),
        SYSTEM => systems().map(|list| system(&list)).collect(),
        SET => sets()
            .map(|list| made(SET, list.url, list.outline()))
            .collect(),
        _ => Vec::new(),
    }
}

/// The one with this address, whole; a version after `|` must be its own.
pub fn at(kind: &str, canonical: &str) -> Option<Resource> {
    let found = all(kind).into_iter();
    let mut found = found.filter(|resource| is_at(resource, canonical));
    found.next().map(whole)
}

/// Whether a resource has this address; a version after `|` must be its own.
pub fn is_at(resource: &Resource, canonical: &str) -> bool {
    let text = |field: &str| resource.body.get(field).and_then(Value::as_str);
    match canonical.split_once('|') {
        Some((url, version)) => text("url") == Some(url) && text("version") == Some(version),
        None => text("url") == Some(canonical),
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
    let text = |field: &str| resource.body.get(field).and_then(Value::as_str);
    let more = match resource.kind.as_str() {
        STRUCTURE => text("name").map(|name| ("snapshot", snapshot(name))),
        SYSTEM => systems()
            .find(|list| text("url") == Some(list.url))
            .map(|list| ("concept", list.concept())),
        SET => sets()
            .find(|list| text("url") == Some(list.url))
            .map(|list| ("compose", list.compose())),
        _ => None,
    };
    let more = more.map(|(field, value)| (field.to_owned(), value));
    resource.body.extend(more);
    resource
}

fn definition(name: &str) -> Option<Resource> {
    Some(made(STRUCTURE, &canonical(name), outline(name)?))
}

fn system(list: &List) -> Resource {
    let mut outline = list.outline();
    outline.insert("content".into(), "complete".into());
    made(SYSTEM, list.url, outline)
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
        ParamKind::Token
        | ParamKind::Boolean
        | ParamKind::Standing
        | ParamKind::Contact(_)
        | ParamKind::Id => "token",
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
        for kind in [STRUCTURE, PARAMETER, SYSTEM, SET] {
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

    #[test]
    fn code_lists_are_found_by_address_and_version() {
        let url = "http://hl7.org/fhir/ValueSet/administrative-gender";
        let set = at(SET, url).unwrap();
        let system = set.body["compose"]["include"][0]["system"]
            .as_str()
            .unwrap();
        let codes = at(SYSTEM, system).unwrap().body["concept"].clone();
        assert_eq!(codes.as_array().unwrap().len(), 4);
        assert!(at(SET, &format!("{url}|4.0.1")).is_some());
        assert!(at(SET, &format!("{url}|3.0.0")).is_none());
    }

    #[test]
    fn every_binding_leads_to_a_code_list() {
        let mut bindings = 0;
        for definition in all(STRUCTURE) {
            let definition = whole(definition);
            let elements = definition.body["snapshot"]["element"].as_array().unwrap();
            for binding in elements.iter().filter_map(|it| it.get("binding")) {
                bindings += 1;
                assert_eq!(binding["strength"], "required");
                let url = binding["valueSet"].as_str().unwrap();
                let (url, _) = url.split_once('|').unwrap_or((url, ""));
                assert!(at(SET, url).is_some(), "{url}");
            }
        }
        assert!(bindings > 300, "{bindings}");
    }
}
