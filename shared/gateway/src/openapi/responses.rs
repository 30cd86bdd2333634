use serde_json::{Map, Value, json};

use super::operation::{Answer, Kind};

pub(super) const SCIM_JSON: &str = "application/scim+json";

/// Whose words a refusal speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Fhir,
    OAuth,
    Scim,
}

impl Protocol {
    /// The protocol of a path.
    pub(super) fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("oauth2") => Self::OAuth,
            Some("scim") => Self::Scim,
            _ => Self::Fhir,
        }
    }

    /// The name of the shared response for a status.
    pub(super) fn response(self, status: u16) -> String {
        let (name, _) = words(status);
        match self {
            // What is wrong with the request as such, or with the server, is said in FHIR's words on every path.
            Self::OAuth if matches!(status, 413 | 503) => name.to_owned(),
            Self::Fhir => name.to_owned(),
            Self::OAuth => format!("OAuth{name}"),
            Self::Scim => format!("Scim{name}"),
        }
    }

    fn content(self, status: u16) -> Value {
        let of = |schema| json!({ "schema": reference(schema) });
        match self {
            Self::Fhir if status == 202 => {
                let either = [reference("OperationOutcome"), reference("AsyncJob")];
                json!({ "application/fhir+json": { "schema": { "anyOf": either } } })
            }
            Self::Fhir => json!({ "application/fhir+json": of("OperationOutcome") }),
            // What is wrong before anybody has looked at the request as one of OAuth's is said in FHIR's words.
            Self::OAuth if status == 400 => json!({
                "application/json": of("OAuthError"),
                "application/fhir+json": of("OperationOutcome"),
                "text/plain": of("Text"),
            }),
            Self::OAuth => json!({
                "application/json": of("OAuthError"), "application/fhir+json": of("OperationOutcome"),
            }),
            Self::Scim => json!({ SCIM_JSON: of("ScimError") }),
        }
    }
}

/// A status, as a name and as a sentence.
fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        202 => (
            "Accepted",
            "A job sees to it; `Content-Location` tells where to ask how it goes.",
        ),
        400 => (
            "BadRequest",
            "Something in the request is badly formed; every field is named.",
        ),
        401 => ("Unauthorized", "The credentials do not count."),
        403 => (
            "Forbidden",
            "The caller may not do this, or not in this project.",
        ),
        404 => (
            "NotFound",
            "No such thing, or none that the caller may know of.",
        ),
        409 => (
            "Conflict",
            "The rules say no because of what is stored, or somebody else was faster.",
        ),
        410 => ("Gone", "It was there and has been deleted."),
        412 => (
            "PreconditionFailed",
            "Another version than `If-Match` names, or several matches where there may be one.",
        ),
        413 => (
            "TooLarge",
            "The body is larger than 1 MB, or what would have to be stored is too large.",
        ),
        422 => (
            "Unprocessable",
            "The `Idempotency-Key` was used before with another body.",
        ),
        429 => (
            "TooManyRequests",
            "The caller, or his address, has to wait.",
        ),
        _ => (
            "Unavailable",
            "The table cannot be reached; nothing was stored.",
        ),
    }
}

const STATUSES: [u16; 12] = [202, 400, 401, 403, 404, 409, 410, 412, 413, 422, 429, 503];

/// Every refusal in every protocol.
pub(super) fn problems() -> Map<String, Value> {
    let mut all = Map::new();
    for protocol in [Protocol::Fhir, Protocol::OAuth, Protocol::Scim] {
        for status in STATUSES {
            let (_, about) = words(status);
            let mut problem = json!({ "description": about });
            let headers = match status {
                429 | 503 => headers_of(&["RateLimit", "Retry-After"]),
                _ => headers_of(&["RateLimit"]),
            };
            problem["headers"] = headers;
            problem["content"] = protocol.content(status);
            all.entry(protocol.response(status)).or_insert(problem);
        }
    }
    all
}

/// What comes back when all goes well.
pub(super) fn success(answer: Answer) -> Value {
    let (kind, headers): (_, &[&str]) = match answer.kind {
        Kind::Json => ("application/json", &["RateLimit"]),
        Kind::Text => ("text/plain", &["RateLimit"]),
        Kind::Csv => ("text/csv", &["Link", "RateLimit"]),
        Kind::Fhir => ("application/fhir+json", &["RateLimit"]),
        Kind::Version => (
            "application/fhir+json",
            &["ETag", "Last-Modified", "RateLimit"],
        ),
        Kind::Created => (
            "application/fhir+json",
            &["Location", "ETag", "Last-Modified", "RateLimit"],
        ),
        Kind::Scim => (SCIM_JSON, &["RateLimit"]),
        Kind::ScimVersion => (SCIM_JSON, &["ETag", "RateLimit"]),
        Kind::ScimCreated => (SCIM_JSON, &["Location", "ETag", "RateLimit"]),
        Kind::Elsewhere => {
            let headers = headers_of(&["Location", "RateLimit"]);
            return json!({ "description": "Go on there.", "headers": headers });
        }
        Kind::Nothing => {
            return json!({ "description": "Done.", "headers": headers_of(&["RateLimit"]) });
        }
    };
    let about = if answer.status == 201 {
        "Created."
    } else {
        "Done."
    };
    json!({
        "description": about,
        "headers": headers_of(headers),
        "content": { kind: { "schema": reference(answer.schema) } },
    })
}

fn headers_of(names: &[&str]) -> Value {
    let refer = |name: &&str| {
        (
            (*name).to_owned(),
            json!({ "$ref": format!("#/components/headers/{name}") }),
        )
    };
    names.iter().map(refer).collect::<Map<_, _>>().into()
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let header = |about: &str, pattern: &str, required: bool| json!({ "description": about, "required": required, "schema": { "type": "string", "pattern": pattern } });
    json!({
        "ETag": header("The version, for `If-Match`.", "^W/\".+\"$", true),
        "Last-Modified": header("When this version came to be.", " GMT$", true),
        "Location": header("The address of what was made, or where to go.", "^[a-z][a-z0-9+.-]*:", true),
        "Link": header("Where the list goes on (RFC 8288).", "^<[^>]+>; rel=\"next\"$", false),
        "RateLimit": header("How many more requests are answered, and for how many seconds that counts.", "^\"requests\";r=[0-9]+;t=[0-9]+$", false),
        "Retry-After": header("After how many seconds to try again.", "^[0-9]+$", true),
    })
}

/// A reference to a schema.
pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("{}{schema}", super::schemas::PLACE) })
}
