//! From the address by the password to a membership and its scope.

use app::{Answer, Ask, Reply};
use domain::{Email, Failure, Fault};
use gateway::with_picture;
use operations::sign_in::{self, Choice, PasswordWish, ScopeChoice};
use serde_json::{Value, json};

/// No domain is known to sign in elsewhere.
pub(crate) async fn method(ask: Ask) -> Answer {
    let body = ask.call.object()?;
    let email = body.get("email").and_then(Value::as_str);
    match email.map(str::parse::<Email>) {
        Some(Ok(_)) => Ok(Reply::json(json!({}))),
        _ => Err(Fault::invalid("email", "Valid email address is required").into()),
    }
}

pub(crate) async fn login(ask: Ask) -> Answer {
    let wish = PasswordWish::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::with_password(ask.means, &wish, &ask.device()).await?;
    Ok(Reply::json(with_picture(result)))
}

pub(crate) async fn profile(ask: Ask) -> Answer {
    let choice = Choice::parse(&ask.call.object()?).map_err(Failure::from)?;
    Ok(Reply::json(sign_in::choose(ask.means, &choice).await?))
}

pub(crate) async fn scope(ask: Ask) -> Answer {
    let choice = ScopeChoice::parse(&ask.call.object()?).map_err(Failure::from)?;
    Ok(Reply::json(
        sign_in::choose_scope(ask.means, &choice).await?,
    ))
}

pub(crate) async fn status(ask: Ask) -> Answer {
    let id = ask.call.parameter("login");
    let result = sign_in::status(ask.means, id).await?;
    Ok(Reply::json(with_picture(result)))
}
