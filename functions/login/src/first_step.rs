//! From the address by the password to a membership and its scope.

use crate::answer::signed_in;
use app::{Answer, Ask, Reply};
use domain::Failure;
use operations::sign_in::{self, Choice, PasswordWish, ScopeChoice, external};

pub(crate) async fn method(ask: Ask) -> Answer {
    let body = ask.call.object()?;
    Ok(Reply::json(external::method(ask.means, &body).await?))
}

pub(crate) async fn login(ask: Ask) -> Answer {
    let wish = PasswordWish::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::with_password(ask.means, &wish, &ask.device()).await?;
    signed_in(&ask, result)
}

pub(crate) async fn profile(ask: Ask) -> Answer {
    let choice = Choice::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::choose(ask.means, &choice).await?;
    signed_in(&ask, result)
}

pub(crate) async fn scope(ask: Ask) -> Answer {
    let choice = ScopeChoice::parse(&ask.call.object()?).map_err(Failure::from)?;
    let result = sign_in::choose_scope(ask.means, &choice).await?;
    signed_in(&ask, result)
}

pub(crate) async fn status(ask: Ask) -> Answer {
    let id = ask.call.parameter("login");
    let result = sign_in::status(ask.means, id).await?;
    signed_in(&ask, result)
}
