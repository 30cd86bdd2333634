//! An administrator sets a member's password: of a project-scoped user by his project's administrators, of anybody by the server's.

use domain::{Caller, Claimant, Email, Failure, Fault, Form, ProjectId, Refusal, Scope};
use identity::password::{self, Password};
use serde_json::{Map, Value};
use store::{Action, Event, Holder, Key, Tenant, Transaction};

use crate::once::{self, Turn, Wish};
use crate::{Means, credential};

/// A well-formed request.
pub struct NewPassword {
    email: Option<Email>,
    password: Option<Password>,
    project: Option<ProjectId>,
}

impl NewPassword {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let email = form
            .value("email")
            .and_then(Value::as_str)
            .and_then(|email| email.parse().ok());
        if email.is_none() {
            form.fault(Fault::invalid("email", "Valid email address is required"));
        }
        let password = credential::read(&mut form, "password");
        let named = form.text("projectId");
        let project = named.and_then(|id| id.parse().ok());
        if named.is_some() && project.is_none() {
            form.fault(Fault::invalid("projectId", "Invalid project ID"));
        }
        form.finish(Self {
            email,
            password,
            project,
        })
    }
}

/// In which scopes the user is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Users of the caller's own project.
    OwnProject,
    /// Users of the named project, then those above all projects.
    Everywhere,
}

/// What the request meets.
pub struct Seen {
    wish: NewPassword,
    turn: Turn,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<NewPassword>,
) -> Result<Seen, Failure> {
    let (wish, once) = wish?;
    let turn = once::look(means, tenant, &claimant, once).await?;
    Ok(Seen { wish, turn })
}

/// Sets the password. Every session of the user ends; which of his addresses is proven does not change.
///
/// # Errors
/// A fault for a user who is not there, [`Failure::Unavailable`].
pub async fn set_password(
    means: Means<'_>,
    caller: &Caller,
    Seen { wish, turn }: Seen,
    reach: Reach,
) -> Result<(), Failure> {
    if turn.earlier().is_some() {
        return Ok(());
    }
    let (Some(email), Some(password)) = (&wish.email, &wish.password) else {
        return Err(Refusal::Forbidden.into());
    };
    let blind = means.blind_email(email);
    let scopes: Vec<Scope> = match reach {
        Reach::OwnProject => vec![Scope::Project(caller.realm())],
        Reach::Everywhere => wish
            .project
            .map(Scope::Project)
            .into_iter()
            .chain([Scope::Server])
            .collect(),
    };
    let mut found: Option<(Scope, Holder)> = None;
    for scope in scopes {
        if found.is_none() {
            found = means
                .store
                .holder_of(scope, &blind)
                .await?
                .map(|holder| (scope, holder));
        }
    }
    let (scope, holder) = found.ok_or_else(|| Fault::general("User not found"))?;
    means.check_breach(password, "password")?;
    let hash = password::hash(password, &means.dice);
    let guard = Key::EmailGuard(scope, blind);
    let subject = domain::user_reference(holder.user, None);
    let fields = [("password".to_owned(), "changed".to_owned())].into();
    let event = Event::success(
        Action::Update,
        "set-password",
        (caller.profile(), subject),
        means.now,
    );
    let recorded_in = scope.project().unwrap_or(caller.realm());
    let home = means.store.of(caller);
    let written = Transaction::new()
        .steps(turn.remember_done(home, means.now))
        .steps(means.store.set_password(holder.user, &guard, &hash))
        .step(means.store.founding(recorded_in).record(
            &event.with_fields(fields),
            means.now,
            means.dice,
        ))
        .commit(means.store, means.dice)
        .await;
    turn.settle(written, (home, means.now)).await.map(drop)
}
