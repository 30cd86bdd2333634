//! A project of one's own: it begins as `Project/$init` makes it, and the login gets the owner's membership (contract: `newproject`).

use domain::{Failure, Fault, Form, LoginId, Refusal, Scope};
use serde_json::{Map, Value, json};
use store::Transaction;

use super::{Arrival, settled};
use crate::Means;
use crate::init_project::Beginning;
use crate::sign_in;

/// A well-formed request.
pub struct NewProject {
    login: LoginId,
    name: String,
}

impl NewProject {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let login = form.required_id("login", "Login ID is required.");
        let name = form.value("projectName").and_then(Value::as_str);
        let name = name.filter(|name| (4..=72).contains(&name.chars().count()));
        if name.is_none() {
            let words = "Project name must be between 4 and 72 characters";
            form.fault(Fault::invalid("projectName", words));
        }
        form.finish(())?;
        let (login, name) = login.zip(name).ok_or_else(Vec::new)?;
        Ok(Self {
            login,
            name: name.to_owned(),
        })
    }
}

/// Makes the project, of which the login's user is owner and administrator: `{ login, code }`.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults for one that has a membership or was ended, and for a user who belongs to
/// another project; [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn new_project(means: Means<'_>, wish: &NewProject) -> Result<Value, Failure> {
    let login = Arrival::login(means, wish.login).await?;
    let user = login.row.user().ok_or(Refusal::NotFound)?;
    let arrival = Arrival::of(login, means.store.user(user).await?)?;
    if arrival.user.scope() != Scope::Server {
        return Err(Fault::general("Project owner must not belong to another Project").into());
    }
    let project = Beginning::own(means, &wish.name, &arrival.user)?;
    let membership = project.membership().ok_or(Refusal::NotFound)?;
    let (bound, code) = sign_in::bind(means, &arrival.login, (membership, project.project()))?;
    let himself = domain::user_reference(arrival.user.id(), None);
    let written = Transaction::new()
        .steps(bound)
        .steps(arrival.still_himself(means))
        .steps(project.steps(means, ("register-project", himself))?)
        .commit(means.store, means.dice)
        .await;
    settled(means, wish.login, written).await?;
    Ok(json!({ "login": wish.login.to_string(), "code": code }))
}
