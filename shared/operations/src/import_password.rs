//! Bring a password along from another system: its hash, which is replaced when the person next signs in. An operator does this, with
//! the table's own permissions, and no request.

use domain::{Email, Failure, Fault, Form, ProjectId, Scope};
use identity::password;
use serde_json::{Map, Value};
use store::{Action, Transaction};

use crate::Means;

/// A password to be brought along.
pub struct Import {
    email: Email,
    hash: String,
    project: Option<ProjectId>,
    verified: bool,
}

impl Import {
    /// Reads a line: `email`, `passwordHash`, `project` for a user who exists within a project only, and `emailVerified: true` where the other system
    /// has seen that the address is the person's.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(line: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(line);
        let email = form.required("email", "Email is required").parse().ok();
        if email.is_none() {
            form.fault(Fault::invalid("email", "Valid email address is required"));
        }
        let hash = form.required("passwordHash", "Password hash is required");
        let hash = password::import(hash);
        if hash.is_none() {
            let words = "Password hash must be bcrypt's, with a cost from 4 to 14";
            form.fault(Fault::invalid("passwordHash", words));
        }
        let project = match form.text("project") {
            Some(_) => form.id("project", "Invalid project"),
            None => None,
        };
        let verified = form.flag("emailVerified") == Some(true);
        form.finish(())?;
        let (email, hash) = email.zip(hash).ok_or_else(Vec::new)?;
        Ok(Self {
            email,
            hash,
            project,
            verified,
        })
    }
}

/// Gives the user the password. His sessions end, as with any new password.
///
/// # Errors
/// The faults "User not found" and "User has a password already"; [`domain::Refusal::Contended`], [`Failure::Unavailable`].
pub async fn import_password(means: Means<'_>, import: &Import) -> Result<(), Failure> {
    let scope = import.project.map_or(Scope::Server, Scope::Project);
    let email = means.blind_email(&import.email);
    let missing = || Fault::invalid("email", "User not found");
    let holder = means.store.holder_of(scope, &email).await?;
    let person = means.store.person(holder.ok_or_else(missing)?.user).await?;
    let user = person.user.as_ref().ok_or_else(missing)?;
    if person.password.is_some() {
        return Err(Fault::invalid("email", "User has a password already").into());
    }
    let himself = domain::user_reference(user.id(), None);
    let meta = means.next_version(himself, &user.resource.meta);
    let mut new = user.clone();
    if import.verified {
        new = user.verified(meta);
        new.standing = user.standing.with_proof();
    }
    new.standing = new.standing.renewed();
    let guard = means.guard_of(user);
    let event = (Action::Update, "import-password", &["password"][..]);
    let written = Transaction::new()
        .step(means.store.put_password(user.id(), &import.hash))
        .step(means.store.update_user(user, &new))
        .steps(guard.map(|guard| means.store.update_guard(&guard, (user, &new), None)))
        .step(means.own_event(user, None, event));
    means.write(written).await
}
