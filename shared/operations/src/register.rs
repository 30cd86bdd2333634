//! People who come by themselves: a new user with a login that has no membership yet, and the project or the patient that it becomes
//! a member with.
//!
//! What somebody makes for himself needs no proof of his mailbox. That he registers an address which is not his gives him nothing:
//! whatever others grant to that address waits until the mailbox is proven, and by then his password is gone.

mod new_patient;
mod new_project;
mod new_user;

use domain::{Email, Failure, Fault, LoginId, ProjectId, Refusal, Scope, Standing, USER, User};
use fhir::{Reference, Resource};
use serde_json::Map;
use store::{Aborted, Holder, Step};

pub use new_patient::{NewPatient, new_patient};
pub use new_project::{NewProject, new_project};
pub use new_user::{NewAccount, new_user};

use crate::Means;
use crate::sign_in::Pending;

/// A user who begins now; his address is not proven.
pub(crate) fn newcomer(
    means: Means<'_>,
    ((first_name, last_name), email): ((&str, &str), &Email),
    scope: Scope,
) -> User {
    let mut body = Map::new();
    body.insert("firstName".into(), first_name.into());
    body.insert("lastName".into(), last_name.into());
    body.insert("email".into(), email.as_str().into());
    if let Some(project) = scope.project() {
        let reference = Reference::new("Project", project.uuid());
        body.insert("project".into(), reference.to_json());
    }
    let within = scope.project().map(ProjectId::uuid);
    let meta = means.first_version(Reference::system(), within);
    User {
        resource: Resource {
            kind: USER.into(),
            id: means.dice.id(),
            meta,
            body,
        },
        standing: Standing::newborn(None),
    }
}

/// A login whose membership is about to be made, and its user.
struct Arrival {
    login: Pending,
    user: User,
}

impl Arrival {
    /// Reads the login, which must wait for its membership.
    async fn login(means: Means<'_>, id: LoginId) -> Result<Pending, Failure> {
        let row = means.store.login(id).await?;
        let row = row
            .filter(|row| !row.is_over(means.now))
            .ok_or(Refusal::NotFound)?;
        if row.granted_by().is_some() {
            return Err(Fault::general("Login already has a membership").into());
        }
        if row.revoked {
            return Err(Fault::general("Login revoked").into());
        }
        Ok(Pending { id, row })
    }

    /// The login with its user, who must not have changed his credential since: a login of before somebody proved that the address is
    /// his is nobody's any more.
    fn of(login: Pending, user: Option<User>) -> Result<Self, Failure> {
        let same = |user: &User| user.standing.epoch == login.row.epoch();
        let user = user.filter(same);
        let user = user.ok_or_else(|| Fault::general("Login revoked"))?;
        Ok(Self { login, user })
    }

    /// The user must be the same when the membership is made.
    fn still_himself(&self, means: Means<'_>) -> Option<Step> {
        let holder = Holder {
            user: self.user.id(),
            standing: self.user.standing,
        };
        let guard = means.guard_of(&self.user)?;
        Some(means.store.still_held(&guard, holder))
    }
}

/// What became of a transaction that several of one login may have tried at once: of those, all but one look at the login again.
async fn settled(
    means: Means<'_>,
    id: LoginId,
    written: Result<(), Aborted>,
) -> Result<(), Failure> {
    match written {
        Ok(()) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => {
            Arrival::login(means, id).await?;
            Err(Refusal::Contended.into())
        }
    }
}
