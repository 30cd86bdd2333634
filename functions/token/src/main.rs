//! `POST /oauth2/token`: exchange credentials for tokens (RFC 6749). Its errors are OAuth's, not FHIR's.

use app::routes::TOKEN;
use app::{Answer, Ask, Error, Function};
use gateway::oauth::{self, ClientCredentials};
use operations::client_credentials::client_credentials;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&TOKEN, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let request = match ClientCredentials::read(&ask.call) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let identity = (request.id.as_str(), &request.secret);
    let granted = match client_credentials(ask.means, identity, &request.scope).await? {
        Ok(granted) => granted,
        Err(denied) => return Ok(oauth::refused(&denied.to_string())),
    };
    let tokens = json!({
        "expires_in": granted.life.as_secs(),
        "scope": granted.scope,
        "id_token": granted.id_token,
        "access_token": granted.access_token,
        "project": granted.project.to_json(),
        "profile": granted.profile.to_json(),
    });
    Ok(oauth::granted(tokens, &ask.app.config.settings.base_url))
}
