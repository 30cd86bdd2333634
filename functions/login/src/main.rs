//! Sign-in of persons: how, with which password, as whom, with which scope, and where a sign-in stands.

use app::routes::{LOGIN, LOGIN_METHOD, LOGIN_PROFILE, LOGIN_SCOPE, LOGIN_STATUS};
use app::{Answer, Ask, Error, Function, Reply};
use domain::{Email, Fault};
use operations::sign_in::{self, Choice, PasswordWish, ScopeChoice};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&LOGIN_METHOD, method)
        .on(&LOGIN, login)
        .on(&LOGIN_PROFILE, profile)
        .on(&LOGIN_SCOPE, scope)
        .on(&LOGIN_STATUS, status)
        .serve()
        .await
}

/// No domain is known to sign in elsewhere.
async fn method(ask: Ask) -> Answer {
    let body = ask.call.object()?;
    let email = body
        .get("email")
        .and_then(Value::as_str)
        .map(str::parse::<Email>);
    match email {
        Some(Ok(_)) => Ok(Reply::json(json!({}))),
        _ => Err(Fault::invalid("email", "Valid email address is required").into()),
    }
}

async fn login(ask: Ask) -> Answer {
    let wish = PasswordWish::parse(&ask.call.object()?).map_err(domain::Failure::from)?;
    Ok(Reply::json(
        sign_in::with_password(ask.means, &wish, &ask.device()).await?,
    ))
}

async fn profile(ask: Ask) -> Answer {
    let choice = Choice::parse(&ask.call.object()?).map_err(domain::Failure::from)?;
    Ok(Reply::json(sign_in::choose(ask.means, &choice).await?))
}

async fn scope(ask: Ask) -> Answer {
    let choice = ScopeChoice::parse(&ask.call.object()?).map_err(domain::Failure::from)?;
    Ok(Reply::json(
        sign_in::choose_scope(ask.means, &choice).await?,
    ))
}

async fn status(ask: Ask) -> Answer {
    let id = ask.call.parameter("login");
    Ok(Reply::json(sign_in::status(ask.means, id).await?))
}
