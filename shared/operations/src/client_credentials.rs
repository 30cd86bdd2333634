//! A session for an application that shows its id and secret (RFC 6749 §4.4).

use domain::{
    Caller, Claimant, ClientId, Failure, LoginId, ProfileRef, ProfileType, Secret, Timestamp,
};
use store::{ClientRow, Granted, LoginRow, Transaction};

use crate::tokens::{Denied, HOUR, Session, Tokens, knows};
use crate::{Means, lifetime, rights};

/// Begins a session.
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
    let claimant = Claimant::by_secret(id, row.standing(), (row.project(), row.membership()));
    let Ok(caller) = Caller::admit(means.store.evidence(&claimant).await?) else {
        return Ok(Err(Denied::Client));
    };
    let acting = (caller.membership(), caller.project());
    if !rights::welcome(means, acting, address).await? {
        return Ok(Err(Denied::Address));
    }
    let configured = row.access_token_lifetime.as_deref();
    let session = Session {
        login: LoginId::new(means.dice.id()),
        caller: &caller,
        client: Some(id),
        scope,
        nonce: None,
        auth_time: means.now,
        life: configured.and_then(lifetime::read).unwrap_or(HOUR),
        refresh: None,
    };
    let until = means.now.plus(session.life);
    let row = begun(means, (id, &row), (scope, until));
    let begin = Transaction::new().step(means.store.create_login(session.login, &row));
    means.write(begin).await?;
    Ok(Ok(session.tokens(means)?))
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
