//! The token endpoint's own words: forms in, OAuth errors and token responses out (RFC 6749 §4, §5).

use domain::{Failure, Secret};
use serde_json::{Value, json};

use crate::{Call, Problem, Reply};

/// More than any client asks for, in bytes; the session keeps it.
const LONGEST_SCOPE: usize = 1_000;

/// For what tokens are given.
const GRANTS: [&str; 4] = [
    "client_credentials",
    "authorization_code",
    "refresh_token",
    EXCHANGE,
];
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The only kind of token that is exchanged.
const EXCHANGED: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A request for tokens.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// By an application that shows its secret.
    ClientCredentials {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Secret,
        /// The scope that it asks for; `openid` unless it says.
        scope: String,
    },
    /// By an application that has signed an assertion.
    SignedCredentials {
        /// What kind of assertion that is.
        kind: String,
        /// The assertion.
        assertion: Option<Secret>,
        /// The application's id, if it says that, too.
        id: Option<String>,
        /// The scope that it asks for; `openid` unless it says.
        scope: String,
    },
    /// By an application that has signed a person in elsewhere: the provider's token, the membership if one is named, the scope, and
    /// the application.
    Exchange(Secret, Option<String>, String, Client),
    /// By whoever holds a code: the code, the proof that it is his own, and the application so far as it says who it is.
    Code(Secret, Option<String>, Client),
    /// By whoever holds a refresh token: the token, and the application so far as it says who it is.
    Refresh(Secret, Client),
}

/// What an application says about itself. Medplum's client sends an empty `client_id` when it has none: that counts as nothing.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its id.
    pub id: Option<String>,
    /// Its secret. In a header it may be empty, which is never right.
    pub secret: Option<Secret>,
}

impl TokenRequest {
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
            Err(Failure::Faulty(_)) => return Err(Ok(invalid_request("Invalid request"))),
            Err(failure) => return Err(Err(failure.into())),
        };
        let field = |name: &str| {
            let found = form
                .iter()
                .find(|(of, _)| of == name)
                .map(|(_, value)| value.clone());
            found.filter(|value| !value.is_empty())
        };
        Self::parse(call, field).map_err(|description| Ok(invalid_request(description)))
    }

    fn parse(call: &Call, field: impl Fn(&str) -> Option<String>) -> Result<Self, &'static str> {
        let grant = field("grant_type").ok_or("Missing grant_type")?;
        if !GRANTS.contains(&&*grant) {
            return Err("Unsupported grant_type");
        }
        if let ("client_credentials", Some(kind)) = (&*grant, field("client_assertion_type")) {
            return Ok(Self::SignedCredentials {
                kind,
                assertion: field("client_assertion").map(Secret::new),
                id: field("client_id"),
                scope: scope(field("scope"))?,
            });
        }
        let client = match call.header("authorization") {
            None => Client {
                id: field("client_id"),
                secret: field("client_secret").map(Secret::new),
            },
            Some(header) if !is_basic(header) => return Err("Invalid authorization header"),
            // What cannot be decoded names nobody, as recorded.
            Some(_) => call
                .basic_credentials()
                .map(|(id, secret)| Client {
                    id: Some(id).filter(|id| !id.is_empty()),
                    secret: Some(Secret::new(secret)),
                })
                .unwrap_or_default(),
        };
        match grant.as_str() {
            "client_credentials" => Self::client_credentials(client, field("scope")),
            EXCHANGE => Self::exchange(client, field),
            "authorization_code" => {
                let code = Secret::new(field("code").ok_or("Missing code")?);
                Ok(Self::Code(code, field("code_verifier"), client))
            }
            _ => {
                let token = field("refresh_token").ok_or("Invalid refresh token")?;
                Ok(Self::Refresh(Secret::new(token), client))
            }
        }
    }

    fn exchange(
        client: Client,
        field: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, &'static str> {
        client.id.as_ref().ok_or("Invalid client")?;
        let token = field("subject_token").ok_or("Invalid subject_token")?;
        if field("subject_token_type").as_deref() != Some(EXCHANGED) {
            return Err("Invalid subject_token_type");
        }
        let scope = scope(field("scope"))?;
        Ok(Self::Exchange(
            Secret::new(token),
            field("membership_id"),
            scope,
            client,
        ))
    }

    fn client_credentials(client: Client, asked: Option<String>) -> Result<Self, &'static str> {
        let scope = scope(asked)?;
        let id = client.id.ok_or("Missing client_id")?;
        let secret = client
            .secret
            .filter(|secret| !secret.reveal().is_empty())
            .ok_or("Missing client_secret")?;
        Ok(Self::ClientCredentials { id, secret, scope })
    }
}

fn scope(asked: Option<String>) -> Result<String, &'static str> {
    let scope = asked.unwrap_or_else(|| "openid".to_owned());
    match scope.len() {
        0..=LONGEST_SCOPE => Ok(scope),
        _ => Err("Invalid scope"),
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

fn invalid_request(description: &str) -> Reply {
    refused("invalid_request", description)
}

/// An OAuth error.
pub fn refused(error: &str, description: &str) -> Reply {
    let body = json!({ "error": error, "error_description": description });
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
    granted["need_patient_banner"] = granted.get("patient").is_some().into();
    Reply::json(granted)
}
