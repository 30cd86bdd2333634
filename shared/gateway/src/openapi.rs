//! The API described by itself (OpenAPI 3.1), generated from [`ROUTES`](crate::ROUTES), from one line per route in
//! `openapi/operations.rs`, from the FHIR definitions, and from the schemas of everything that is not FHIR in `openapi/schemas.json`.
//!
//! No function builds the document: a test writes it to `infra/openapi.json`, and `discovery` serves that file.

mod operation;
mod operations;
mod responses;
mod schemas;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::routes::{Access, ROUTES, Route};

const INTRODUCTION: &str = "Serverless user administration for healthcare applications: projects, users, memberships, invitations and \
    sign-in, on the wire what Medplum's clients expect. Every path also exists below `/api`. Answers to bad requests are FHIR \
    OperationOutcomes, except where a protocol has errors of its own.";

/// The routes that nobody has described; each needs a line in `openapi/operations.rs`.
pub fn undescribed() -> Vec<&'static Route> {
    let described = |route: &&Route| operations::OPERATIONS.iter().any(|it| it.route == **route);
    ROUTES.iter().filter(|route| !described(route)).collect()
}

/// The document. Its only server is `/`: whoever serves it puts the base URL there.
pub fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations::OPERATIONS {
        let methods = paths.entry(operation.route.path).or_default();
        methods.insert(operation.route.method.to_lowercase(), operation.to_json());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Roster",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "MIT or Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token of `POST /oauth2/token`." },
                "basic": { "type": "http", "scheme": "basic", "description": "Id and secret of a client application." },
            },
            "headers": responses::headers(),
            "responses": responses::problems(),
            "schemas": schemas::all(operations::OPERATIONS),
        },
    })
}

/// What a path is about, by its beginning.
const TAGS: [(&str, &str, &str); 6] = [
    ("/admin/", "Administration", "Projects and their members."),
    ("/fhir/", "FHIR", "Resources, by FHIR's own rules."),
    ("/auth/", "Sign-in", "People and their sessions."),
    ("/oauth2/", "OAuth", "Tokens (RFC 6749)."),
    ("/scim/", "SCIM", "Provisioning of users (RFC 7644)."),
    (
        "/",
        "Discovery",
        "What the server says about itself to everybody.",
    ),
];

fn tag(path: &str) -> &'static str {
    let found = TAGS.iter().find(|(begin, ..)| path.starts_with(begin));
    found.map_or("", |(_, name, _)| name)
}

fn tags() -> Vec<Value> {
    let used = |name: &str| {
        operations::OPERATIONS
            .iter()
            .any(|it| tag(it.route.path) == name)
    };
    let tags = TAGS.iter().filter(|(_, name, _)| used(name));
    tags.map(|(_, name, about)| json!({ "name": name, "description": about }))
        .collect()
}

/// Whom a route lets in, as OpenAPI says it: one of two ways, or none needed.
fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Member | Access::Admin | Access::SuperAdmin => {
            json!([{ "bearer": [] }, { "basic": [] }])
        }
    }
}
