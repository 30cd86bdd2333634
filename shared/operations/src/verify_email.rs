//! Verify an address by the link of a letter. Anybody may follow it: that only says that letters arrive. Whoever follows it inside
//! the user's own session proves that the mailbox is the user's.

use domain::{Caller, Failure, Fault, Form, Refusal};
use serde_json::{Map, Value};
use store::{Aborted, Action, Transaction};

use crate::Means;
use crate::link::{self, Link, Purpose, ROUNDS};

/// Reads the body of the request.
///
/// # Errors
/// One fault per badly formed field.
pub fn parse(body: &Map<String, Value>) -> Result<Link, Vec<Fault>> {
    let mut form = Form::new(body);
    let link = Link::read(&mut form);
    form.finish(())?;
    link.ok_or_else(Vec::new)
}

/// Verifies the address that the letter went to, if it is still the user's.
///
/// # Errors
/// What [`link::open`] says, [`Refusal::LinkSuperseded`], [`Refusal::Contended`], [`Failure::Unavailable`].
pub async fn verify_email(
    means: Means<'_>,
    caller: Option<&Caller>,
    link: &Link,
) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let request = link::open(means, link, Purpose::Address).await?;
        let user = means.store.user(request.user()).await?;
        let current = user.filter(|user| Some(user.standing.address) == request.address);
        let user = current.ok_or(Refusal::LinkSuperseded)?;
        let own_session = caller.and_then(Caller::user).map(domain::User::id) == Some(user.id());
        let himself = domain::user_reference(user.id(), None);
        let mut new = user.verified(means.next_version(himself, &user.resource.meta));
        if own_session {
            new.standing = user.standing.with_proof();
        }
        let event = (Action::Update, "verify-email", ["emailVerified"].as_slice());
        let written = Transaction::new()
            .step(means.store.use_link(&request))
            .step(means.store.update_user(&user, &new))
            .steps(
                means
                    .guard_of(&user)
                    .map(|guard| means.store.update_guard(&guard, (&user, &new), None)),
            )
            .step(means.own_event(&user, None, event))
            .commit_or_look_again(means.store, means.dice)
            .await;
        match written {
            Ok(()) => return Ok(()),
            Err(Aborted::Changed) => {}
            Err(Aborted::Failed(failure)) => return Err(failure),
        }
    }
    Err(Refusal::Contended.into())
}
