//! A session for an application that shows who it is (RFC 6749 §4.4): by its secret, or by an assertion that it has signed.

mod assertion;

use domain::{
    Caller, Claimant, ClientId, Failure, LoginId, ProfileRef, ProfileType, Secret, Timestamp,
};
use store::{Aborted, ClientRow, Granted, LoginRow, Step, Transaction};

use crate::tokens::{Denied, HOUR, Session, Tokens, knows};
use crate::{Means, lifetime, rights};

pub use assertion::{ClientAssertion, client_credentials_by_assertion};

/// Begins a session for whoever knows the secret.
///
/// # Errors
/// The inner [`Denied`] is the application's fault; a [`Failure`] is ours.
pub async fn client_credentials(
    means: Means<'_>,
    (id, secret): (&str, &Secret),
    (scope, address): (&str, &str),
) -> Result<Result<Tokens, Denied>, Failure> {
    let Ok(id) = id.parse::<ClientId>() else {
        return Ok(Err(Denied::Client));
    };
    let Some(row) = means.store.client_by_id(id).await? else {
        return Ok(Err(Denied::Client));
    };
    if !row.standing().active {
        return Ok(Err(Denied::Client));
    }
    if !knows(&row, secret) {
        return Ok(Err(Denied::Secret));
    }
    let Ok(caller) = Caller::admit(means.store.evidence(&claimant(id, &row)).await?) else {
        return Ok(Err(Denied::Client));
    };
    begin(means, (id, &row, &caller), (scope, address, Vec::new())).await
}

fn claimant(id: ClientId, row: &ClientRow) -> Claimant {
    Claimant::by_secret(id, row.standing(), (row.project(), row.membership()))
}

/// Begins a session, if the application may come from where it is; `proof` is written with it, and counts once.
async fn begin(
    means: Means<'_>,
    (id, row, caller): (ClientId, &ClientRow, &Caller),
    (scope, address, proof): (&str, &str, Vec<Step>),
) -> Result<Result<Tokens, Denied>, Failure> {
    let acting = (caller.membership(), caller.project());
    if !rights::welcome(means, acting, address).await? {
        return Ok(Err(Denied::Address));
    }
    let configured = row.access_token_lifetime.as_deref();
    let session = Session {
        login: LoginId::new(means.dice.id()),
        caller,
        client: Some(id),
        scope,
        nonce: None,
        auth_time: means.now,
        life: configured.and_then(lifetime::read).unwrap_or(HOUR),
        launch: None,
        refresh: None,
    };
    let until = means.now.plus(session.life);
    let row = begun(means, (id, row), (scope, until));
    let begin = Transaction::new()
        .step(means.store.create_login(session.login, &row))
        .steps(proof);
    match begin.commit(means.store, means.dice).await {
        Ok(()) => Ok(Ok(session.tokens(means)?)),
        Err(Aborted::Failed(failure)) => Err(failure),
        // The session's id is new: what was there already is the proof.
        Err(Aborted::Changed) => Ok(Err(Denied::Assertion)),
    }
}

/// The session's row: its tokens are issued with it.
fn begun(
    means: Means<'_>,
    (id, client): (ClientId, &ClientRow),
    (scope, until): (&str, Timestamp),
) -> LoginRow {
    let profile = ProfileRef {
        kind: ProfileType::ClientApplication,
        id: id.uuid(),
    };
    let granted = Granted {
        project: client.project(),
        membership: client.membership(),
        profile,
    };
    let subject = (profile.to_string(), client.standing().epoch);
    let row = LoginRow::begun(subject, "client", (means.now, until));
    let mut row = row.acting_by(&granted).with_scope(scope);
    row.granted = true;
    row
}
