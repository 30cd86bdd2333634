//! Change a user's e-mail address (`User/{id}/$update-email`): by an administrator of the project he belongs to, or a server
//! administrator. The new address is unproven, whatever the former one was; every session ends.

mod profiles;

use std::time::Duration;

use domain::{
    Caller, Claimant, Email, Failure, Fault, Form, Project, Refusal, Scope, User, UserId,
};
use fhir::Resource;
use serde_json::{Map, Value};
use store::{
    Aborted, Action, Answered, Delivery, Event, Letter, NewRequest, RequestKind, Step, Tenant,
    Transaction,
};

use crate::Means;
use crate::link::ROUNDS;
use crate::once::{self, Turn, Wish};
use crate::parameters::inputs;
use crate::record::changed_fields;

/// How long the link to verify the address lives.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A well-formed request.
#[derive(Clone, Debug)]
pub struct Move {
    email: Email,
    with_profile: bool,
    verify: bool,
}

impl Move {
    /// Reads a `Parameters` resource or a plain object with the same names.
    ///
    /// # Errors
    /// One fault per parameter that is missing or badly formed.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let inputs = inputs(body);
        let mut form = Form::new(&inputs);
        let given = form.value("email");
        let email = given
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok());
        match (&email, given) {
            (Some(_), _) => {}
            (None, Some(_)) => {
                form.fault(Fault::invalid("email", "Valid email address is required"));
            }
            (None, None) => {
                let words = "Expected at least 1 value(s) for required input parameter 'email'";
                form.fault(Fault::general(words));
            }
        }
        let with_profile = form.flag("updateProfileTelecom") == Some(true);
        let verify = form.flag("skipEmailVerification") != Some(true);
        form.finish(())?;
        let email: Email = email.ok_or_else(Vec::new)?;
        Ok(Self {
            email,
            with_profile,
            verify,
        })
    }
}

/// What the request meets.
pub struct Seen {
    wish: Move,
    user: Option<User>,
    is_member: bool,
    turn: Turn,
}

/// The user, and whether he is a member here, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`], [`Failure::Corrupt`].
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    id: Option<UserId>,
    wish: Wish<Move>,
) -> Result<Seen, Failure> {
    let (wish, once) = wish?;
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or(UserId::new(uuid::Uuid::nil()));
    let (found, turn) = tokio::join!(
        tenant.user_here(id),
        once::look(means, tenant, &claimant, once)
    );
    let (user, is_member) = found?;
    Ok(Seen {
        wish,
        user,
        is_member,
        turn: turn?,
    })
}

/// Changes the address.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown user and one whom the caller may not know of, [`Refusal::Forbidden`] for a member who belongs
/// to no project; a fault for a profile of such a user; [`Refusal::EmailTaken`], [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn update_email(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let mut user = within_reach(caller, seen.user, seen.is_member)?;
    let (wish, turn) = (seen.wish, seen.turn);
    if let Some(earlier) = turn.earlier() {
        return answered(user, earlier);
    }
    if wish.with_profile && user.scope() == Scope::Server {
        return Err(Fault::general("Cannot update profile of server-scoped User").into());
    }
    for _ in 0..ROUNDS {
        let meta = means.next_version(caller.profile(), &user.resource.meta);
        let new = user.moved_to(&wish.email, meta);
        let written = write(means, caller, (&wish, &turn), (&user, &new)).await;
        let changed = matches!(written, Err(Aborted::Changed));
        let faster = match turn
            .settle(written, (means.store.of(caller), means.now))
            .await
        {
            Ok(None) => return Ok(new.resource),
            Ok(Some(earlier)) => Some(earlier),
            Err(Failure::Refused(Refusal::Contended)) if changed => None,
            Err(failure) => return Err(failure),
        };
        user = means
            .store
            .user(user.id())
            .await?
            .ok_or(Refusal::NotFound)?;
        if let Some(earlier) = faster {
            return answered(user, &earlier);
        }
    }
    Err(Refusal::Contended.into())
}

/// What was answered before. Of a user no past versions are kept, since they would keep his former addresses.
fn answered(user: User, earlier: &Answered) -> Result<Resource, Failure> {
    if user.resource.meta.version == earlier.version {
        Ok(user.resource)
    } else {
        Err(Refusal::Gone.into())
    }
}

/// Server administrators reach everybody. Others reach the users of their own project; of a member who belongs to none they know, and
/// may not change him; of everybody else they learn nothing.
fn within_reach(caller: &Caller, user: Option<User>, is_member: bool) -> Result<User, Refusal> {
    let user = user.ok_or(Refusal::NotFound)?;
    match user.scope() {
        _ if caller.is_super_admin() => Ok(user),
        Scope::Project(project) if project == caller.realm() => Ok(user),
        Scope::Server if is_member => Err(Refusal::Forbidden),
        Scope::Project(_) | Scope::Server => Err(Refusal::NotFound),
    }
}

async fn write(
    means: Means<'_>,
    caller: &Caller,
    (wish, turn): (&Move, &Turn),
    (user, new): (&User, &User),
) -> Result<(), Aborted> {
    let home = means.store.of(caller);
    let profiles = match user.scope().project().filter(|_| wish.with_profile) {
        Some(project) => profiles::steps(means, caller, project, (user, &wish.email)).await?,
        None => Vec::new(),
    };
    let project = (user.scope().project() == Some(caller.project().id())).then(|| caller.project());
    let fields = changed_fields(&user.resource.body, &new.resource.body);
    let parties = (caller.profile(), user.resource.reference());
    let event = Event::success(Action::Update, "update-user-email", parties, means.now);
    let recorded_in = user.scope().project().unwrap_or(caller.realm());
    Transaction::new()
        .steps(turn.remember(home, &new.resource, means.now))
        .steps(address_steps(means, wish, (user, new)))
        .steps(profiles)
        .steps(letters(means, wish, (user, new), project))
        .step(means.store.founding(recorded_in).record(
            &event.with_fields(fields),
            means.now,
            means.dice,
        ))
        .commit(means.store, means.dice)
        .await
}

/// The user's row, and the guards of both addresses.
fn address_steps(means: Means<'_>, wish: &Move, (user, new): (&User, &User)) -> Vec<Step> {
    if new.standing == user.standing {
        return vec![means.store.update_user(user, new)];
    }
    let email = means.blind_email(&wish.email);
    let guard = store::Key::EmailGuard(user.scope(), email.clone());
    let former = means.guard_of(user);
    let mut steps = means.store.move_guard((former.as_ref(), &guard), new);
    steps.push(means.store.move_user(user, new, &email));
    steps
}

/// A letter to the new address with a link to verify it, unless that is not wanted; and one to the former address, which says so.
fn letters(
    means: Means<'_>,
    wish: &Move,
    (user, new): (&User, &User),
    project: Option<&Project>,
) -> Vec<Step> {
    let product = project.and_then(Project::app_name);
    let letter = |kind, letter, email: &str| NewRequest {
        id: means.dice.id(),
        kind,
        user: user.id().uuid(),
        project: user.scope().project().map(domain::ProjectId::uuid),
        epoch: new.standing.epoch,
        address: Some(new.standing.address),
        resets: None,
        letter,
        email: email.to_owned(),
        product: product.unwrap_or(&means.settings.product).to_owned(),
        life: LIFE.as_secs(),
        delivery: Delivery::Queued,
        redirect: None,
        now: means.now,
    };
    let verify = wish.verify.then(|| {
        letter(
            RequestKind::VerifyEmail,
            Letter::Verify,
            wish.email.as_str(),
        )
    });
    let former = user.email().filter(|former| *former != wish.email.as_str());
    let notice = former.map(|former| letter(RequestKind::Notice, Letter::Moved, former));
    let both = verify.into_iter().chain(notice);
    both.map(|request| means.store.create_request(&request))
        .collect()
}
