//! Change one's own password: every other session ends, the one that does it goes on.

use domain::{Caller, Claimant, Failure, Fault, Form, Refusal, Secret, Subject};
use identity::password::{self, Password};
use serde_json::{Map, Value};
use store::{Aborted, Action, Transaction};

use crate::{Means, credential};

/// A well-formed request.
pub struct Exchange {
    old: Secret,
    new: Password,
}

impl Exchange {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let old = Secret::new(form.required("oldPassword", "Missing oldPassword"));
        let new = credential::read(&mut form, "newPassword");
        form.finish(())?;
        let new = new.ok_or_else(Vec::new)?;
        Ok(Self { old, new })
    }
}

/// What the request meets.
pub struct Seen {
    wish: Exchange,
    stored: Option<String>,
}

/// The stored password, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    claimant: Claimant,
    wish: Result<Exchange, Failure>,
) -> Result<Seen, Failure> {
    let wish = wish?;
    let stored = match claimant.subject() {
        Subject::User(user) => means.store.password_of(user).await?,
        Subject::Client(_) => None,
    };
    Ok(Seen { wish, stored })
}

/// Changes the password.
///
/// # Errors
/// Faults for a caller without a password, a wrong one, and a new one that everybody knows; [`Refusal::Contended`] when it has been
/// changed meanwhile; [`Failure::Unavailable`].
pub async fn change_password(
    means: Means<'_>,
    caller: &Caller,
    seen: &Seen,
) -> Result<(), Failure> {
    let (Some(user), Some(stored)) = (caller.user(), &seen.stored) else {
        return Err(Fault::invalid("oldPassword", "Existing password not set").into());
    };
    if !password::verify(seen.wish.old.reveal(), stored) {
        return Err(Fault::invalid("oldPassword", "Incorrect password").into());
    }
    means.check_breach(&seen.wish.new, "newPassword")?;
    let hash = password::hash(&seen.wish.new, &means.dice);
    let mut new = user.clone();
    new.standing = user.standing.renewed();
    let event = (Action::Update, "change-password", ["password"].as_slice());
    let session = caller.login();
    let written = Transaction::new()
        .steps(session.map(|login| means.store.keep_login(login, new.standing.epoch)))
        .step(means.store.put_password(user.id(), &hash))
        .step(means.store.update_user(user, &new))
        .steps(
            means
                .guard_of(user)
                .map(|guard| means.store.update_guard(&guard, (user, &new), None)),
        )
        .step(means.own_event(user, Some(caller.realm()), event))
        .commit(means.store, means.dice)
        .await;
    match written {
        Ok(()) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => Err(Refusal::Contended.into()),
    }
}
