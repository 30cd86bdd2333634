//! The token endpoint's own words: forms in, OAuth errors and token responses out (RFC 6749 §4.4, §5).

use domain::{Failure, Secret};
use serde_json::{Value, json};

use crate::{Call, Problem, Reply};

/// More than any client asks for, in bytes; the session keeps it.
const LONGEST_SCOPE: usize = 1_000;

/// A request for tokens by an application that shows its secret.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// The application's id as sent.
    pub id: String,
    /// Its secret as sent.
    pub secret: Secret,
    /// The scope that it asks for; `openid` unless it says.
    pub scope: String,
}

impl ClientCredentials {
    /// Reads the request.
    ///
    /// # Errors
    /// The answer to a request that is not one: an OAuth error, or a problem with the body itself.
    pub fn read(call: &Call) -> Result<Self, Result<Reply, Problem>> {
        if !call.is_form() {
            return Err(Ok(Reply::text("Unsupported content type").status(400)));
        }
        let form = match call.form() {
            Ok(form) => form,
            Err(Failure::Faulty(_)) => return Err(Ok(refused("Invalid request"))),
            Err(failure) => return Err(Err(failure.into())),
        };
        let field = |name: &str| {
            let found = form
                .iter()
                .find(|(of, _)| of == name)
                .map(|(_, value)| value.clone());
            found.filter(|value| !value.is_empty())
        };
        Self::parse(call, field).map_err(|description| Ok(refused(description)))
    }

    fn parse(call: &Call, field: impl Fn(&str) -> Option<String>) -> Result<Self, &'static str> {
        match field("grant_type").as_deref() {
            Some("client_credentials") => {}
            None => return Err("Missing grant_type"),
            Some(_) => return Err("Unsupported grant_type"),
        }
        let (id, secret) = match call.header("authorization") {
            None => (field("client_id"), field("client_secret")),
            Some(header) if !is_basic(header) => return Err("Invalid authorization header"),
            // What cannot be decoded names nobody, as recorded.
            Some(_) => call.basic_credentials().unzip(),
        };
        let scope = field("scope").unwrap_or_else(|| "openid".to_owned());
        if scope.len() > LONGEST_SCOPE {
            return Err("Invalid scope");
        }
        let id = id.filter(|id| !id.is_empty()).ok_or("Missing client_id")?;
        let secret = secret
            .filter(|secret| !secret.is_empty())
            .ok_or("Missing client_secret")?;
        Ok(Self {
            id,
            secret: Secret::new(secret),
            scope,
        })
    }
}

/// Whether errors of this path are OAuth's.
pub(crate) fn is_spoken_at(path: &str) -> bool {
    path.starts_with("/oauth2/")
}

fn is_basic(header: &str) -> bool {
    let scheme = header.split_whitespace().next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("basic")
}

/// An OAuth error.
pub fn refused(description: &str) -> Reply {
    let body = json!({ "error": "invalid_request", "error_description": description });
    Reply::json(body).status(400)
}

/// The OAuth error for who calls too often (RFC 6749 has no word for it but this one).
pub(crate) fn overloaded() -> Reply {
    let body =
        json!({ "error": "temporarily_unavailable", "error_description": "Too Many Requests" });
    Reply::json(body).status(429)
}

/// A token response, with what Medplum's clients need beside the tokens; `granted` holds what differs from one to the next.
pub fn granted(mut granted: Value, base_url: &str) -> Reply {
    let style = format!("{base_url}fhir/R4/.well-known/smart-styles.json");
    granted["token_type"] = "Bearer".into();
    granted["smart_style_url"] = style.into();
    granted["need_patient_banner"] = false.into();
    Reply::json(granted)
}
