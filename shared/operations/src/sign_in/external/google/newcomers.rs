//! Users whom Google is the first to name.

use domain::{Email, Failure, Refusal, Scope, UserId};
use serde_json::{Map, Value};
use store::{Aborted, Action, NewUser, Transaction};

use super::super::fault;
use super::holder;
use crate::Means;
use crate::link::ROUNDS;
use crate::register::newcomer;

/// Makes the user, whose address is proven; when somebody has just done the same, it is that one.
///
/// # Errors
/// The fault "Registration is disabled"; [`Refusal::Contended`], [`Failure::Unavailable`].
pub(super) async fn register(
    means: Means<'_>,
    (claims, email): (&Map<String, Value>, &Email),
    scope: Scope,
) -> Result<UserId, Failure> {
    if !means.settings.accounts.registration {
        return Err(fault("Registration is disabled"));
    }
    for _ in 0..ROUNDS {
        let (first, last) = names(claims, email);
        let mut user = newcomer(means, ((first, last), email), scope);
        user = user.verified(user.resource.meta.clone());
        user.standing = user.standing.with_proof();
        let id = user.id();
        let fields = &["firstName", "lastName", "email"];
        let event = (Action::Create, "register", fields.as_slice());
        let new = NewUser {
            password: None,
            email: Some(means.blind_email(email)),
            user,
        };
        let written = Transaction::new()
            .steps(means.store.create_user(&new))
            .step(means.own_event(&new.user, None, event))
            .commit_or_look_again(means.store, means.dice)
            .await;
        match written {
            Ok(()) => return Ok(id),
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {}
        }
        if let Some(user) = holder(means, email, &[scope]).await? {
            return Ok(user);
        }
    }
    Err(Refusal::Contended.into())
}

/// What somebody is called: as Google says, else as his address begins.
fn names<'a>(claims: &'a Map<String, Value>, email: &'a Email) -> (&'a str, &'a str) {
    let said = |name: &str| {
        let said = claims.get(name).and_then(Value::as_str).map(str::trim);
        said.filter(|said| (1..=128).contains(&said.chars().count()))
    };
    let local = email.as_str().split('@').next().unwrap_or_default();
    let whole = said("name").unwrap_or(local);
    let (first, last) = whole.rsplit_once(' ').unwrap_or((whole, whole));
    (
        said("given_name").unwrap_or(first),
        said("family_name").unwrap_or(last),
    )
}
