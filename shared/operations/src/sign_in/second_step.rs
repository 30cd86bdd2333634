//! The second step of a sign-in: the code from the app, and what follows from it.

use domain::{Failure, Fault, Form, LoginId, Refusal};
use serde_json::{Map, Value, json};
use store::{SecondFactor, Step, Transaction};

use super::offer::{self, Offer};
use super::wish::Wanted;
use super::{Pending, bind, opened, welcome};
use crate::Means;
use crate::second_factor::{self, Code};

/// A code for a login.
pub struct SecondStep {
    login: Option<LoginId>,
    code: Code,
}

impl SecondStep {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let login = form.required("login", "Missing login").parse().ok();
        let code = Code::of(form.required("token", "Missing token"));
        form.finish(Self { login, code })
    }
}

/// Goes on with a login whose user shows a code.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults "Login revoked", "Login granted", "Login already verified", "User not enrolled
/// in MFA", "Invalid MFA token"; [`Refusal::TooManyRequests`].
pub async fn verify(means: Means<'_>, request: &SecondStep) -> Result<Value, Failure> {
    let step = AtLogin::open(means, request).await?;
    if step.login.row.second_factor {
        return Err(Fault::general("Login already verified").into());
    }
    let factor = step.factor.clone().filter(|factor| factor.enrolled);
    let factor = factor.ok_or_else(|| Fault::general("User not enrolled in MFA"))?;
    let user = step.user()?;
    let shown = (&request.code, "Invalid MFA token");
    let at = second_factor::shown(means, (user, &factor), shown).await?;
    let accepted = vec![means.store.accept_code(user.id(), (&factor, at))];
    step.go_on(means, accepted).await
}

/// Enrols a user who must have a second factor, and goes on with his login.
///
/// # Errors
/// As [`verify`], and "Already enrolled", "Secret not found".
pub async fn enrol_at_login(means: Means<'_>, request: &SecondStep) -> Result<Value, Failure> {
    let step = AtLogin::open(means, request).await?;
    let factor = second_factor::to_enrol(step.factor.clone())?;
    let user = step.user()?;
    let shown = (&request.code, "Invalid MFA token");
    let at = second_factor::shown(means, (user, &factor), shown).await?;
    let enrolled = second_factor::enrolment(means, user, (&factor, at));
    step.go_on(means, enrolled).await
}

/// A login at its second step.
struct AtLogin {
    login: Pending,
    person: store::Person,
    factor: Option<SecondFactor>,
}

impl AtLogin {
    async fn open(means: Means<'_>, request: &SecondStep) -> Result<Self, Failure> {
        let id = request.login.ok_or(Refusal::NotFound)?;
        let row = opened(means, id).await?;
        let user = row.user().ok_or(Refusal::NotFound)?;
        let mut person = means.store.person(user).await?;
        let factor = person.second_factor.take();
        let login = Pending { id, row };
        Ok(Self {
            login,
            person,
            factor,
        })
    }

    fn user(&self) -> Result<&domain::User, Failure> {
        Ok(self.person.user.as_ref().ok_or(Refusal::NotFound)?)
    }

    /// What the sign-in would have answered at once if there were no second factor, written together with `accepted`.
    async fn go_on(&self, means: Means<'_>, accepted: Vec<Step>) -> Result<Value, Failure> {
        let mut row = self.login.row.clone();
        row.second_factor = true;
        let login = Pending {
            id: self.login.id,
            row,
        };
        let id = login.id.to_string();
        let noted = vec![means.store.note_second_factor(login.id)];
        let (steps, answer) = if login.row.registers || login.row.granted_by().is_some() {
            (noted, json!({ "login": id }))
        } else {
            let only = login.row.only().map_or(Wanted::Any, Wanted::This);
            let places = offer::wanted(&self.person, (only, login.row.kind()));
            let offer = Offer::read(means, self.user()?, places).await?;
            match offer.only() {
                Some((member, project)) => {
                    let only = (&member.membership, project);
                    welcome(means, &login.row, only).await?;
                    let (steps, code) = bind(means, &login, only)?;
                    (steps, json!({ "login": id, "code": code }))
                }
                None => (noted, json!({ "login": id, "memberships": offer.list() })),
            }
        };
        let written = Transaction::new().steps(accepted).steps(steps);
        means.write(written).await?;
        Ok(answer)
    }
}
