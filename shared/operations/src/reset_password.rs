//! Ask for a link to set a new password. Whoever asks learns nothing: not whether there is such a user, not whether a letter
//! goes out, neither from the answer nor from what it takes.

use std::time::Duration;

use domain::{Email, Failure, Fault, Form, Project, ProjectId, Refusal, Scope};
use outside::Outside;
use serde_json::{Map, Value};
use store::{
    Aborted, Action, Delivery, Event, Forgetful, Holder, Key, Letter, NewRequest, RequestKind,
    Step, Transaction,
};

use crate::link::ROUNDS;
use crate::recaptcha::{Purpose, Shown};
use crate::sign_in::external::signs_in_elsewhere;
use crate::{Means, recaptcha};

const ELSEWHERE: &str =
    "Cannot reset password for external auth. Contact your system administrator.";

/// How long a link lives once it is mailed.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// More than any page needs to be found again, in bytes.
const LONGEST_REDIRECT: usize = 2_048;

/// A well-formed request.
pub struct Forgotten {
    email: Email,
    project: Option<ProjectId>,
    redirect: Option<String>,
    send_email: bool,
    shown: Shown,
}

impl Forgotten {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let email = form.account_email();
        let project = form.id("projectId", "Invalid project ID");
        let redirect = form.text("redirectUri").map(str::to_owned);
        if redirect
            .as_ref()
            .is_some_and(|uri| uri.len() > LONGEST_REDIRECT)
        {
            form.fault(Fault::invalid("redirectUri", "Redirect URI is too long"));
        }
        let send_email = form.flag("sendEmail") != Some(false);
        let shown = Shown::read(&mut form);
        form.finish(())?;
        let email = email.ok_or_else(Vec::new)?;
        Ok(Self {
            email,
            project,
            redirect,
            send_email,
            shown,
        })
    }

    fn scope(&self) -> Scope {
        self.project.map_or(Scope::Server, Scope::Project)
    }
}

/// Orders the letter, if there is somebody to write to.
///
/// # Errors
/// [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn reset_password<'a>(
    means: Means<'_>,
    outside: impl Fn() -> Result<&'a Outside, Failure>,
    wish: &Forgotten,
) -> Result<(), Failure> {
    let asked = (&wish.shown, wish.project, Purpose::Letter);
    recaptcha::check(means, outside, asked).await?;
    let email = means.blind_email(&wish.email);
    let guard = Key::EmailGuard(wish.scope(), email.clone());
    for _ in 0..ROUNDS {
        let (found, elsewhere) = tokio::join!(
            look(means, wish, &guard),
            signs_in_elsewhere(means, &wish.email)
        );
        if elsewhere? {
            return Err(Fault::general(ELSEWHERE).into());
        }
        let (holder, project) = found?;
        let steps = match &holder {
            Some(holder) => order(means, wish, (&guard, holder), project.as_ref()),
            None => nothing(means, &guard),
        };
        let most = means.settings.accounts.resets_an_hour;
        let counted = means
            .store
            .count_reset((wish.scope(), &email), means.now, most);
        let written = Transaction::new()
            .step(counted.or(Refusal::TooManyLetters))
            .steps(steps)
            .commit_or_look_again(means.store, means.dice)
            .await;
        match written {
            Ok(()) | Err(Aborted::Failed(Failure::Refused(Refusal::TooManyLetters))) => {
                return Ok(());
            }
            Err(Aborted::Changed) => {}
            Err(Aborted::Failed(failure)) => return Err(failure),
        }
    }
    Err(Refusal::Contended.into())
}

/// Who holds the address, and the project that the request names: one round trip whether they are there or not.
async fn look(
    means: Means<'_>,
    wish: &Forgotten,
    guard: &Key,
) -> Result<(Option<Forgetful>, Option<Project>), Failure> {
    let tenant = wish.project.map(|project| means.store.founding(project));
    let mut keys = vec![guard.clone()];
    keys.extend(tenant.map(|tenant| tenant.project_key()));
    let mut found = means.store.read(&keys).await?;
    let project = match tenant {
        Some(tenant) => tenant.project_in(&mut found)?,
        None => None,
    };
    Ok((means.store.forgetful(&mut found, guard)?, project))
}

/// One pending reset per user: its number makes the links of earlier ones dead. A request that mails nothing has no link, so it
/// takes nobody's away.
fn order(
    means: Means<'_>,
    wish: &Forgotten,
    (guard, holder): (&Key, &Forgetful),
    project: Option<&Project>,
) -> Vec<Step> {
    let himself = domain::user_reference(holder.user, None);
    let parties = (himself.clone(), himself);
    let event = Event::success(Action::Execute, "reset-password", parties, means.now);
    let recorded_in = wish.project.unwrap_or(means.keys.super_project());
    let numbered = if wish.send_email {
        means.store.number_reset(guard, holder)
    } else {
        let Forgetful { user, standing, .. } = *holder;
        means.store.still_held(guard, Holder { user, standing })
    };
    vec![
        numbered,
        means
            .store
            .create_request(&request(means, wish, holder, project)),
        means
            .store
            .founding(recorded_in)
            .record(&event, means.now, means.dice),
    ]
}

/// As many steps as an order has, so that it takes as long.
fn nothing(means: Means<'_>, guard: &Key) -> Vec<Step> {
    let no_request = || domain::RequestId::new(means.dice.id());
    vec![
        means.store.held_by_nobody(guard),
        means.store.create_no_request(no_request()),
        means.store.create_no_request(no_request()),
    ]
}

fn request(
    means: Means<'_>,
    wish: &Forgotten,
    holder: &Forgetful,
    project: Option<&Project>,
) -> NewRequest {
    let delivery = if wish.send_email {
        Delivery::Queued
    } else {
        Delivery::None
    };
    let product = project.and_then(Project::app_name);
    NewRequest {
        id: means.dice.id(),
        kind: RequestKind::Reset,
        user: holder.user.uuid(),
        project: wish.project.map(ProjectId::uuid),
        epoch: holder.standing.epoch,
        address: None,
        resets: Some(holder.resets + u32::from(wish.send_email)),
        letter: Letter::Reset,
        email: wish.email.as_str().to_owned(),
        product: product.unwrap_or(&means.settings.product).to_owned(),
        life: LIFE.as_secs(),
        delivery,
        redirect: wish.redirect.clone(),
        now: means.now,
    }
}
