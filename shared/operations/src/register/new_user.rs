//! A new user, with a login that has no membership yet (contract: `newuser`).

use domain::{ClientId, Email, Failure, Fault, Form, ProjectId, Refusal, Scope};
use identity::password::{self, Password};
use outside::Outside;
use serde_json::{Map, Value, json};
use store::{Aborted, Action, NewUser, Transaction};

use super::newcomer;
use crate::link::ROUNDS;
use crate::recaptcha::{Purpose, Shown};
use crate::sign_in::{self, Device, Terms};
use crate::{Means, recaptcha};

/// A well-formed request.
pub struct NewAccount {
    first_name: String,
    last_name: String,
    email: Email,
    password: Password,
    project: Wanted,
    client: Option<String>,
    terms: Terms,
    shown: Shown,
}

/// Where the user is to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Not said: with the application, else above all projects.
    Any,
    /// Above all projects.
    New,
    /// In this one.
    This(ProjectId),
}

impl NewAccount {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field, in the order and with the texts that clients know.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let first_name = name(&mut form, "firstName", "First name");
        let last_name = name(&mut form, "lastName", "Last name");
        let password = form.value("password").and_then(Value::as_str);
        let password = password
            .ok_or(())
            .and_then(|text| Password::parse(text).map_err(drop));
        if password.is_err() {
            let words = "Password must be between 8 and 72 characters";
            form.fault(Fault::invalid("password", words));
        }
        let email = form.account_email();
        let project = match form.text("projectId") {
            None => Wanted::Any,
            Some("new") => Wanted::New,
            Some(_) => form
                .id("projectId", "Invalid project ID")
                .map_or(Wanted::Any, Wanted::This),
        };
        let client = form.text("clientId").map(str::to_owned);
        let shown = Shown::read(&mut form);
        let (terms, proof) = Terms::read(&mut form);
        if let Err(fault) = proof {
            form.fault(fault.into());
        }
        form.finish(())?;
        // Both are there, else there was a fault.
        let (email, password) = email.zip(password.ok()).ok_or_else(Vec::new)?;
        Ok(Self {
            first_name,
            last_name,
            email,
            password,
            project,
            client,
            terms,
            shown,
        })
    }
}

fn name(form: &mut Form<'_>, field: &str, label: &str) -> String {
    let name = form.value(field).and_then(Value::as_str);
    let name = name.filter(|name| (1..=128).contains(&name.chars().count()));
    if name.is_none() {
        let words = format!("{label} must be between 1 and 128 characters");
        form.fault(Fault::invalid(field, words));
    }
    name.unwrap_or_default().to_owned()
}

/// Makes the user and his login: `{ login }`, never a code.
///
/// # Errors
/// Faults: registration is switched off, application and project do not match, the address is taken, everybody knows the password.
/// [`Refusal::NotFound`] for an unknown application; [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn new_user<'a>(
    means: Means<'_>,
    outside: impl Fn() -> Result<&'a Outside, Failure>,
    (wish, device): (&NewAccount, &Device),
) -> Result<Value, Failure> {
    let project = match wish.project {
        Wanted::This(project) => Some(project),
        Wanted::Any | Wanted::New => None,
    };
    let asked = (&wish.shown, project, Purpose::Registration);
    recaptcha::check(means, outside, asked).await?;
    if !means.settings.accounts.registration {
        return Err(Fault::general("Registration is disabled").into());
    }
    let (scope, client) = place(means, wish).await?;
    let email = means.blind_email(&wish.email);
    for _ in 0..ROUNDS {
        if means.store.holder_of(scope, &email).await?.is_some() {
            return Err(Fault::invalid("email", "Email already registered").into());
        }
        means.check_breach(&wish.password, "password")?;
        let names = (wish.first_name.as_str(), wish.last_name.as_str());
        let user = newcomer(means, (names, &wish.email), scope);
        let terms = Terms {
            only: scope.project(),
            registers: true,
            ..wish.terms.clone()
        };
        let (login, row) = sign_in::begin(means, (&user, "password"), &terms, device);
        let row = row.through(client);
        let fields = &["firstName", "lastName", "email", "password"];
        let event = (Action::Create, "register", fields.as_slice());
        let new = NewUser {
            password: Some(password::hash(&wish.password, &means.dice)),
            email: Some(email.clone()),
            user,
        };
        let written = Transaction::new()
            .steps(means.store.create_user(&new))
            .steps(means.store.create_login(login, &row))
            .step(means.own_event(&new.user, None, event))
            .commit_or_look_again(means.store, means.dice)
            .await;
        match written {
            Ok(()) => return Ok(json!({ "login": login.to_string() })),
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {}
        }
    }
    Err(Refusal::Contended.into())
}

/// Where the user will live, and through which application he comes.
async fn place(means: Means<'_>, wish: &NewAccount) -> Result<(Scope, Option<ClientId>), Failure> {
    let named = match wish.project {
        Wanted::Any | Wanted::New => Scope::Server,
        Wanted::This(project) => Scope::Project(project),
    };
    let Some(client) = &wish.client else {
        return Ok((named, None));
    };
    let id: ClientId = client.parse().map_err(|_| Refusal::NotFound)?;
    if id == ClientId::COMMAND_LINE {
        return Ok((named, Some(id)));
    }
    let row = means.store.client_by_id(id).await?;
    let row = row.ok_or(Refusal::NotFound)?;
    let own = Scope::Project(row.project());
    if wish.project != Wanted::Any && named != own {
        return Err(Fault::general("Client and project do not match").into());
    }
    Ok((own, Some(id)))
}
