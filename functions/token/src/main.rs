//! `POST /oauth2/token`: exchange credentials for tokens (RFC 6749). Its errors are OAuth's, not FHIR's.

use app::routes::TOKEN;
use app::{Answer, Ask, Error, Function, Reply};
use domain::Failure;
use operations::client_credentials::client_credentials;

mod answers;
mod credentials;

use answers::{refused, tokens};

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
    let (id, secret) = match credentials::shown(&ask.call, field) {
        Ok(shown) => shown,
        Err(missing) => return refused(missing),
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
