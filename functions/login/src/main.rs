//! Sign-in of persons: how, with which password, as whom, with which scope, and where a sign-in stands.

mod second_factor;

use app::routes::{
    FIRST_CODE, FIRST_CODE_AT_LOGIN, LOGIN, LOGIN_METHOD, LOGIN_PROFILE, LOGIN_SCOPE, LOGIN_STATUS,
    NO_SECOND_FACTOR, SECOND_FACTOR, SECOND_STEP,
};
use app::{Answer, Ask, Error, Function, Reply};
use domain::{Email, Fault};
use gateway::with_picture;
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
        .on(&SECOND_STEP, second_factor::verify)
        .on(&FIRST_CODE_AT_LOGIN, second_factor::enrol_at_login)
        .on(&SECOND_FACTOR, second_factor::status)
        .on(&FIRST_CODE, second_factor::enrol)
        .on(&NO_SECOND_FACTOR, second_factor::disable)
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
