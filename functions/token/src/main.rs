//! `POST /oauth2/token`: exchange credentials for tokens (RFC 6749). Its errors are OAuth's, not FHIR's.

use app::routes::TOKEN;
use app::{Answer, Ask, Error, Function, Reply};
use domain::{Failure, Secret};
use operations::client_credentials::{Granted, client_credentials};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&TOKEN, answer).serve().await
}

/// More than any client asks for, in bytes; the session keeps it.
const LONGEST_SCOPE: usize = 1_000;

async fn answer(ask: Ask) -> Answer {
    if !ask.call.is_form() {
        return Ok(Reply::text("Unsupported content type").status(400));
    }
    let form = match ask.call.form() {
        Err(Failure::Faulty(_)) => return refused("Invalid request"),
        form => form?,
    };
    let field = |name: &str| {
        let found = form
            .iter()
            .find(|(of, _)| of == name)
            .map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    };
    match field("grant_type") {
        Some("client_credentials") => {}
        None => return refused("Missing grant_type"),
        Some(_) => return refused("Unsupported grant_type"),
    }
    let (id, secret) = match ask.call.header("authorization") {
        None => (
            field("client_id").map(str::to_owned),
            field("client_secret").map(str::to_owned),
        ),
        Some(_) => match ask.call.basic_credentials() {
            Some((id, secret)) => (Some(id), Some(secret).filter(|secret| !secret.is_empty())),
            None => return refused("Invalid authorization header"),
        },
    };
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return refused("Missing client_id");
    };
    let Some(secret) = secret.map(Secret::new) else {
        return refused("Missing client_secret");
    };
    let scope = field("scope").unwrap_or("openid");
    if scope.len() > LONGEST_SCOPE {
        return refused("Invalid scope");
    }
    match client_credentials(ask.means, (&id, &secret), scope).await? {
        Ok(granted) => Ok(tokens(&ask, &granted)),
        Err(denied) => refused(&denied.to_string()),
    }
}

fn tokens(ask: &Ask, granted: &Granted) -> Reply {
    let base = &ask.app.config.settings.base_url;
    Reply::json(json!({
        "token_type": "Bearer",
        "expires_in": granted.life.as_secs(),
        "scope": granted.scope,
        "id_token": granted.id_token,
        "access_token": granted.access_token,
        "project": granted.project.to_json(),
        "profile": granted.profile.to_json(),
        "smart_style_url": format!("{base}fhir/R4/.well-known/smart-styles.json"),
        "need_patient_banner": false,
    }))
}

fn refused(description: &str) -> Answer {
    let body = json!({ "error": "invalid_request", "error_description": description });
    Ok(Reply::json(body).status(400))
}
