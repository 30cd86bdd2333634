//! What the server can do, as FHIR states it: read off the routes, the types and their search parameters.

use domain::access::PROTECTED;
use fhir::search::{ParamKind, search_codes, search_param};
use serde_json::{Value, json};

use crate::ROUTES;

const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
const SECURITY: &str = "http://terminology.hl7.org/CodeSystem/restful-security-service";

/// The interactions with a resource or a type, by the route that carries them out.
const INTERACTIONS: [(&str, &str, &str); 9] = [
    ("read", "GET", "/fhir/R4/{resourceType}/{id}"),
    (
        "vread",
        "GET",
        "/fhir/R4/{resourceType}/{id}/_history/{versionId}",
    ),
    (
        "history-instance",
        "GET",
        "/fhir/R4/{resourceType}/{id}/_history",
    ),
    ("create", "POST", "/fhir/R4/{resourceType}"),
    ("update", "PUT", "/fhir/R4/{resourceType}/{id}"),
    ("patch", "PATCH", "/fhir/R4/{resourceType}/{id}"),
    ("delete", "DELETE", "/fhir/R4/{resourceType}/{id}"),
    ("search-type", "GET", "/fhir/R4/{resourceType}"),
    ("batch", "POST", "/fhir/R4"),
];

/// The CapabilityStatement of this server.
pub fn statement(base_url: &str) -> Value {
    let resources = fhir::known_types().filter(|kind| !PROTECTED.contains(kind));
    let resources: Vec<Value> = resources.map(resource).collect();
    let system: Vec<Value> = codes(|code| code == "batch")
        .chain(codes(|code| code == "batch").map(|_| json!({ "code": "transaction" })))
        .collect();
    json!({
        "resourceType": "CapabilityStatement",
        "id": "roster",
        "name": "Roster",
        "title": "Roster",
        "status": "active",
        "date": "2026-11-26T00:00:00.000Z",
        "kind": "instance",
        "software": { "name": "Roster", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "Roster", "url": format!("{base_url}fhir/R4") },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [{
            "mode": "server",
            "security": security(base_url),
            "resource": resources,
            "interaction": system,
        }],
    })
}

/// The versions of FHIR that the server speaks.
pub fn versions() -> Value {
    json!({ "versions": ["4.0"], "default": "4.0" })
}

fn security(base_url: &str) -> Value {
    let uri =
        |name: &str, path: &str| json!({ "url": name, "valueUri": format!("{base_url}{path}") });
    json!({
        "cors": true,
        "service": [{ "coding": [{ "system": SECURITY, "code": "SMART-on-FHIR" }] }],
        "extension": [{
            "url": OAUTH_URIS,
            "extension": [
                uri("authorize", "oauth2/authorize"),
                uri("token", "oauth2/token"),
                uri("introspect", "oauth2/introspect"),
            ],
        }],
    })
}

fn codes(wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Value> {
    let routed = |(_, method, path): &(&str, &str, &str)| {
        let mut routes = ROUTES.iter();
        routes.any(|route| (route.method, route.path) == (*method, *path))
    };
    let found = INTERACTIONS.into_iter().filter(routed);
    found
        .filter(move |(code, ..)| wanted(code))
        .map(|(code, ..)| json!({ "code": code }))
}

fn resource(kind: &str) -> Value {
    let parameters = search_codes(kind).filter_map(|code| search_param(kind, code));
    let parameters: Vec<Value> = parameters
        .map(|param| json!({ "name": param.code, "type": type_of(param.kind) }))
        .collect();
    json!({
        "type": kind,
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{kind}"),
        "interaction": codes(|code| code != "batch").collect::<Vec<_>>(),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": false,
        "conditionalCreate": true,
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical", "local"],
        "searchParam": parameters,
    })
}

fn type_of(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Token
        | ParamKind::Boolean
        | ParamKind::Standing
        | ParamKind::Contact(_)
        | ParamKind::ReferenceType
        | ParamKind::Id => "token",
        ParamKind::String | ParamKind::Name => "string",
        ParamKind::Reference | ParamKind::Project | ParamKind::Compartment => "reference",
        ParamKind::Date => "date",
    }
}
