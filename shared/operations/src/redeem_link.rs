//! Set a password by the link of a letter: accept an invitation, or come back after having forgotten it. The letter went to the
//! mailbox, so using its link proves that the mailbox is the user's.

use domain::{Email, Failure, Fault, Form, Refusal, Scope, User};
use identity::password::{self, Password};
use serde_json::{Map, Value};
use store::{Aborted, Action, Key, RequestKind, RequestRow, Transaction};

use crate::link::{self, Link, Purpose, ROUNDS};
use crate::{Means, credential};

/// A well-formed request.
pub struct Redeem {
    link: Link,
    password: Password,
}

impl Redeem {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let link = Link::read(&mut form);
        let password = credential::read(&mut form, "password");
        form.finish(())?;
        match (link, password) {
            (Some(link), Some(password)) => Ok(Self { link, password }),
            _ => Err(Vec::new()),
        }
    }
}

/// Sets the password: the link is used up, whatever password there was is replaced, the address is proven, and every session and
/// every other link of before is dead.
///
/// # Errors
/// What [`link::open`] says; [`Refusal::LinkSuperseded`]; a fault for a password that everybody knows; [`Refusal::Contended`],
/// [`Failure::Unavailable`].
pub async fn redeem(means: Means<'_>, wish: &Redeem) -> Result<(), Failure> {
    let mut hash = None;
    for _ in 0..ROUNDS {
        let request = link::open(means, &wish.link, Purpose::Password).await?;
        let Some(user) = holder(means, &request).await? else {
            // Somebody may have used this very link between the two looks; then that is what is said.
            link::open(means, &wish.link, Purpose::Password).await?;
            return Err(Refusal::LinkSuperseded.into());
        };
        means.check_breach(&wish.password, "password")?;
        // The one costly step, and only once, however often others are in the way.
        let hash = hash.get_or_insert_with(|| password::hash(&wish.password, &means.dice));
        match write(means, &request, &user, hash).await {
            Err(Aborted::Changed) => {}
            Err(Aborted::Failed(failure)) => return Err(failure),
            Ok(()) => return Ok(()),
        }
    }
    Err(Refusal::Contended.into())
}

/// The user whom the request is about, if nothing has taken its place since: no other password, no other address, and no later
/// reset.
async fn holder(means: Means<'_>, request: &RequestRow) -> Result<Option<User>, Failure> {
    let guard = guard(means, request);
    let (user, holder) = means
        .store
        .user_and_guard(request.user(), guard.as_ref())
        .await?;
    let last = holder.filter(|holder| holder.user == request.user());
    let is_last = guard.is_none() || last.map(|holder| holder.resets) == request.resets;
    Ok(user.filter(|user| user.standing.epoch == request.epoch && is_last))
}

/// Where the number of the user's last reset stands; invitations have none.
fn guard(means: Means<'_>, request: &RequestRow) -> Option<Key> {
    let email: Email = request.email.as_deref()?.parse().ok()?;
    let scope = request.project().map_or(Scope::Server, Scope::Project);
    (request.kind == RequestKind::Reset).then(|| Key::EmailGuard(scope, means.blind_email(&email)))
}

async fn write(
    means: Means<'_>,
    request: &RequestRow,
    user: &User,
    hash: &str,
) -> Result<(), Aborted> {
    let himself = domain::user_reference(user.id(), None);
    let meta = means.next_version(himself, &user.resource.meta);
    let mut new = user.verified(meta);
    new.standing = user.standing.with_proof().renewed();
    let (concerned, operation) = match request.kind {
        RequestKind::Invite => (request.project(), "accept-invitation"),
        _ => (None, "set-password"),
    };
    let fields = &["emailVerified", "password"];
    let event = (Action::Update, operation, fields.as_slice());
    Transaction::new()
        .step(means.store.use_link(request))
        .step(means.store.put_password(user.id(), hash))
        .step(means.store.update_user(user, &new))
        .steps(means.guard_of(user).map(|guard| {
            means
                .store
                .update_guard(&guard, (user, &new), request.resets)
        }))
        .step(means.own_event(user, concerned, event))
        .commit_or_look_again(means.store, means.dice)
        .await
}
