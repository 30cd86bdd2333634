//! A person's own sessions: which there are, and their end.

use std::time::Duration;

use domain::{Caller, Claimant, Failure, Fault, Form, LoginId, Refusal, Subject, Timestamp};
use serde_json::{Map, Value, json};
use store::{Aborted, Action, Event, LoginRow, Tenant, Transaction};

use crate::Means;
use crate::agent;

/// Sessions that were used within this time are shown.
const LATELY: Duration = Duration::from_secs(60 * 60);

/// The ids of the caller's newest sessions, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(crate) async fn look(tenant: Tenant<'_>, claimant: &Claimant) -> Result<Vec<LoginId>, Failure> {
    match claimant.subject() {
        Subject::User(user) => tenant.store().session_ids(user).await,
        Subject::Client(_) => Ok(Vec::new()),
    }
}

/// The sessions among `ids` that are alive and were used lately, as `auth/me` shows them.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn shown(
    means: Means<'_>,
    caller: &Caller,
    ids: &[LoginId],
) -> Result<Value, Failure> {
    let epoch = caller.user().map(|user| user.standing.epoch);
    let own: Vec<LoginId> = caller.login().into_iter().collect();
    let ids = caller.for_the_whole_user().map_or(own.as_slice(), |()| ids);
    let rows = means.store.logins(ids).await?;
    let alive = rows.iter().filter(|(_, row)| {
        row.granted && !row.revoked && Some(row.epoch()) == epoch && is_late(row, means.now)
    });
    Ok(alive.map(|(id, row)| session(*id, row)).collect())
}

fn is_late(row: &LoginRow, now: Timestamp) -> bool {
    let updated = row.updated.parse::<Timestamp>();
    updated.is_ok_and(|updated| updated.plus(LATELY) >= now)
}

fn session(id: LoginId, row: &LoginRow) -> Value {
    let mut shown = json!({
        "id": id.to_string(),
        "lastUpdated": row.updated,
        "authMethod": row.method,
        "remoteAddress": row.remote,
        "browser": agent::browser(&row.agent),
    });
    if let Some(system) = agent::system(&row.agent) {
        shown["os"] = system.into();
    }
    shown
}

/// A request to end a session.
pub struct Ending(LoginId);

impl Ending {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// A fault of `loginId`.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let id = form.value("loginId").and_then(Value::as_str);
        let id = id.and_then(|id| id.parse().ok());
        if id.is_none() {
            form.fault(Fault::invalid("loginId", "Login ID is required."));
        }
        form.finish(())?;
        id.map(Self).ok_or_else(Vec::new)
    }

    /// The session, to be read beside the authorisation.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn look(self, tenant: Tenant<'_>, claimant: &Claimant) -> Result<Found, Failure> {
        let row = tenant.store().session(claimant.subject(), self.0).await?;
        Ok(Found { id: self.0, row })
    }
}

/// The session that was named, if there is one.
pub struct Found {
    id: LoginId,
    row: Option<LoginRow>,
}

/// Ends one of the caller's own sessions.
///
/// # Errors
/// [`Refusal::NotFound`] for one that is not there or somebody else's.
pub async fn revoke(means: Means<'_>, caller: &Caller, found: &Found) -> Result<(), Failure> {
    let own = match caller.subject() {
        Subject::User(id) => format!("User/{id}"),
        Subject::Client(id) => format!("ClientApplication/{id}"),
    };
    let row = found.row.as_ref().filter(|row| row.subject == own);
    row.ok_or(Refusal::NotFound)?;
    if caller.login() != Some(found.id) {
        caller.for_the_whole_user().map_err(|_| Refusal::NotFound)?;
    }
    end(means, caller, found.id, "revoke-session").await
}

/// The session in which the caller speaks, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub async fn own(tenant: Tenant<'_>, claimant: Claimant) -> Result<Option<LoginRow>, Failure> {
    match claimant.login() {
        Some(login) => tenant.store().session(claimant.subject(), login).await,
        None => Ok(None),
    }
}

/// Ends the session in which the caller speaks, and the one from which it was continued; Basic credentials have none.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn log_out(
    means: Means<'_>,
    caller: &Caller,
    row: Option<&LoginRow>,
) -> Result<(), Failure> {
    let Some(login) = caller.login() else {
        return Ok(());
    };
    // The one behind it first: it is what signs somebody in again without a password.
    if let Some(origin) = row.and_then(LoginRow::origin) {
        end(means, caller, origin, "sign-out").await?;
    }
    end(means, caller, login, "sign-out").await
}

async fn end(
    means: Means<'_>,
    caller: &Caller,
    login: LoginId,
    operation: &str,
) -> Result<(), Failure> {
    let parties = (caller.profile(), caller.membership().user());
    let event = Event::success(Action::Execute, operation, parties, means.now);
    let tenant = means.store.founding(caller.project().id());
    let ended = Transaction::new()
        .step(means.store.revoke_session(caller.subject(), login))
        .step(tenant.record(&event, means.now, means.dice));
    match ended.commit(means.store, means.dice).await {
        Ok(()) | Err(Aborted::Changed) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}
