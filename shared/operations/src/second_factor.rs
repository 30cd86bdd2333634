//! The second factor: a code from an app, shown after the password. A user has it when he asked for it, or when he was invited with
//! `mfaRequired`; he is asked for it once he has shown that his app knows the seed.

use domain::{Caller, Failure, Fault, Form, Refusal, Secret, User};
use fhir::Reference;
use identity::{Sealed, totp};
use serde_json::{Map, Value, json};
use store::{Aborted, Action, Event, SecondFactor, Step, Transaction};

use crate::Means;

/// What somebody who has to wait is told, in seconds: the shortest pause.
const WAIT: u32 = 30;

/// A code, as it was sent.
pub struct Code(Option<String>);

impl Code {
    /// A code that is there.
    pub(crate) fn of(text: &str) -> Self {
        Self(Some(text.trim().to_owned()))
    }

    /// Reads a body that has nothing but `token`; whether it must be there is said later, as recorded.
    ///
    /// # Errors
    /// A fault for a `token` that is no text.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let code = form.text("token").map(Self::of);
        form.finish(code.unwrap_or(Self(None)))
    }
}

/// What a user still has to show after his password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Nothing.
    Nothing,
    /// A code.
    Code,
    /// That his app knows the seed.
    Enrolment,
}

/// What a user has to show after his password.
pub(crate) fn awaited(user: &User, factor: Option<&SecondFactor>) -> Awaited {
    let required = user.resource.body.get("mfaRequired") == Some(&Value::Bool(true));
    match factor {
        Some(factor) if factor.enrolled => Awaited::Code,
        _ if required => Awaited::Enrolment,
        _ => Awaited::Nothing,
    }
}

/// Where an app learns the seed, and the step that keeps a new seed if there was none.
pub(crate) fn invitation(
    means: Means<'_>,
    user: &User,
    factor: Option<&SecondFactor>,
) -> Result<(String, Option<Step>), Failure> {
    if let Some(factor) = factor {
        return Ok((uri(means, user, &seed(means, user, factor)?), None));
    }
    let seed = totp::seed(&means.dice);
    let new = SecondFactor::new(sealed(means, user, &seed));
    let step = means.store.create_second_factor(user.id(), &new);
    Ok((uri(means, user, &seed), Some(step)))
}

fn uri(means: Means<'_>, user: &User, seed: &Secret) -> String {
    totp::uri(
        &means.settings.product,
        user.email().unwrap_or_default(),
        seed,
    )
}

/// A seed is bound to its user: in another's row it opens nothing.
fn place(user: &User) -> String {
    format!("second-factor/{}", user.id())
}

fn sealed(means: Means<'_>, user: &User, seed: &Secret) -> String {
    let sealed = means.keys.seal(&place(user), seed, &means.dice);
    serde_json::to_value(sealed)
        .ok()
        .and_then(|sealed| sealed.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn seed(means: Means<'_>, user: &User, factor: &SecondFactor) -> Result<Secret, Failure> {
    let sealed: Sealed = serde_json::from_value(factor.seed.as_str().into())
        .map_err(|cause| Failure::corrupt("a second factor", cause))?;
    Ok(means.keys.unseal(&place(user), &sealed)?)
}

/// The step of a right code. A wrong one is counted, and beyond a few each makes the next one wait: this limit is no setting.
///
/// # Errors
/// [`Refusal::TooManyRequests`]; the fault `wrong` for a wrong code.
pub(crate) async fn shown(
    means: Means<'_>,
    (user, factor): (&User, &SecondFactor),
    (code, wrong): (&Code, &str),
) -> Result<i64, Failure> {
    if factor.tries().must_wait(means.now) {
        return Err(Refusal::TooManyRequests { wait: WAIT }.into());
    }
    let seed = seed(means, user, factor)?;
    let code = code.0.as_deref().unwrap_or_default();
    if let Some(step) = totp::step_of(&seed, code, means.now, factor.last_step) {
        return Ok(step);
    }
    let counted = means.store.refuse_code(user.id(), factor, means.now);
    let tenant = means.store.founding(home(means, user));
    let event = Event::refused("second-factor", who(user), "wrong code".into(), means.now);
    let counted = Transaction::new()
        .step(counted)
        .step(tenant.record(&event, means.now, means.dice));
    match counted.commit(means.store, means.dice).await {
        Ok(()) => Err(Fault::general(wrong).into()),
        // Somebody else tried at the same moment: one at a time.
        Err(Aborted::Changed) => Err(Refusal::TooManyRequests { wait: WAIT }.into()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}

fn who(user: &User) -> Reference {
    domain::user_reference(user.id(), None)
}

/// Where what happens to a user is recorded when he acts in no project.
fn home(means: Means<'_>, user: &User) -> domain::ProjectId {
    user.scope().project().unwrap_or(means.keys.super_project())
}

/// The steps of a first right code: from then on the user is asked for one.
pub(crate) fn enrolment(
    means: Means<'_>,
    user: &User,
    (factor, step): (&SecondFactor, i64),
) -> Vec<Step> {
    let event = Event::success(
        Action::Update,
        "enrol-second-factor",
        (who(user), who(user)),
        means.now,
    );
    let tenant = means.store.founding(home(means, user));
    vec![
        means.store.accept_code(user.id(), (factor, step)),
        flagged(means, user, true),
        tenant.record(&event, means.now, means.dice),
    ]
}

/// The user's resource says whether he is enrolled.
pub(crate) fn flagged(means: Means<'_>, user: &User, enrolled: bool) -> Step {
    let mut new = user.clone();
    new.resource
        .body
        .insert("mfaEnrolled".into(), enrolled.into());
    new.resource.meta = means.next_version(who(user), &user.resource.meta);
    means.store.update_user(user, &new)
}

/// The caller as a person with his second factor.
///
/// # Errors
/// The fault "User not found" for a program, [`Refusal::Forbidden`] for a session that counts in its project alone.
async fn own<'a>(
    means: Means<'_>,
    caller: &'a Caller,
) -> Result<(&'a User, Option<SecondFactor>), Failure> {
    let user = caller.user();
    let user = user.ok_or_else(|| Fault::general("User not found"))?;
    caller.for_the_whole_user()?;
    Ok((user, means.store.second_factor(user.id()).await?))
}

/// Whether the caller is enrolled; if not, where his app learns the seed, the same each time.
///
/// # Errors
/// The fault "User not found" for a program, [`Failure::Unavailable`].
pub async fn status(means: Means<'_>, caller: &Caller) -> Result<Value, Failure> {
    let (user, factor) = own(means, caller).await?;
    if factor.as_ref().is_some_and(|factor| factor.enrolled) {
        return Ok(json!({ "enrolled": true }));
    }
    let (uri, keep) = invitation(means, user, factor.as_ref())?;
    let uri = match keep {
        None => uri,
        Some(keep) => match Transaction::new()
            .step(keep)
            .commit(means.store, means.dice)
            .await
        {
            Ok(()) => uri,
            Err(Aborted::Failed(failure)) => return Err(failure),
            // Asked twice at once: the first answer's seed is the one.
            Err(Aborted::Changed) => {
                let (user, factor) = own(means, caller).await?;
                invitation(means, user, factor.as_ref())?.0
            }
        },
    };
    Ok(json!({ "enrolled": false, "enrollUri": uri }))
}

/// Enrols the caller.
///
/// # Errors
/// Faults "Already enrolled", "Secret not found", "Invalid token"; [`Refusal::TooManyRequests`].
pub async fn enrol(means: Means<'_>, caller: &Caller, code: &Code) -> Result<(), Failure> {
    let (user, factor) = own(means, caller).await?;
    let factor = to_enrol(factor)?;
    let step = shown(means, (user, &factor), (code, "Invalid token")).await?;
    let enrolled = Transaction::new().steps(enrolment(means, user, (&factor, step)));
    means.write(enrolled).await
}

/// A second factor that is there and waits for its first code.
pub(crate) fn to_enrol(factor: Option<SecondFactor>) -> Result<SecondFactor, Failure> {
    match factor {
        None => Err(Fault::general("Secret not found").into()),
        Some(factor) if factor.enrolled => Err(Fault::general("Already enrolled").into()),
        Some(factor) => Ok(factor),
    }
}

/// Takes the caller's second factor away, when he shows it once more; its seed is no use any longer.
///
/// # Errors
/// Faults "Secret not found", "User not enrolled in MFA", "Missing token", "Invalid token"; [`Refusal::TooManyRequests`].
pub async fn disable(means: Means<'_>, caller: &Caller, code: &Code) -> Result<(), Failure> {
    let (user, factor) = own(means, caller).await?;
    let factor = factor.ok_or_else(|| Fault::general("Secret not found"))?;
    if !factor.enrolled {
        return Err(Fault::general("User not enrolled in MFA").into());
    }
    if code.0.is_none() {
        return Err(Fault::invalid("token", "Missing token").into());
    }
    shown(means, (user, &factor), (code, "Invalid token")).await?;
    let new = SecondFactor::new(sealed(means, user, &totp::seed(&means.dice)));
    let event = Event::success(
        Action::Update,
        "disable-second-factor",
        (caller.profile(), who(user)),
        means.now,
    );
    let tenant = means.store.founding(caller.project().id());
    let disabled = Transaction::new()
        .step(
            means
                .store
                .replace_second_factor(user.id(), (&factor, &new)),
        )
        .step(flagged(means, user, false))
        .step(tenant.record(&event, means.now, means.dice));
    means.write(disabled).await
}
