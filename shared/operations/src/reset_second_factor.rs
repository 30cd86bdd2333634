//! An administrator takes the second factor of a member away who has lost it: of a project-scoped user his project's administrators, of
//! anybody the server's. A user above projects signs in to others, too: one project's administrators do not make that easier.

use domain::{Caller, Claimant, Failure, Membership, MembershipId, Refusal, User};
use fhir::Resource;
use store::{Action, Event, SecondFactor, Tenant, Transaction};

use crate::change::member_user;
use crate::once::{self, Turn, Wish};
use crate::{Means, get_membership, second_factor};

/// What the request meets.
pub struct Seen {
    member: Resource,
    turn: Turn,
}

/// The membership, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Gone`], [`Refusal::IdempotencyMismatch`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<Option<MembershipId>>,
) -> Result<Seen, Failure> {
    let (id, once) = wish?;
    let (member, turn) = tokio::join!(
        get_membership::look(tenant, id),
        once::look(means, tenant, &claimant, once)
    );
    Ok(Seen {
        member: member?,
        turn: turn?,
    })
}

/// Takes the second factor away; who must have one enrols anew at his next sign-in. Without one only the event is written.
///
/// # Errors
/// [`Refusal::Forbidden`] for a program, and for a user above projects unless the caller administers the server.
pub async fn reset(
    means: Means<'_>,
    caller: &Caller,
    Seen { member, turn }: Seen,
) -> Result<(), Failure> {
    if turn.earlier().is_some() {
        return Ok(());
    }
    let home = means.store.of(caller);
    let (user, factor) = member_with_factor(means, caller, member).await?;
    let parties = (caller.profile(), domain::user_reference(user.id(), None));
    let event = Event::success(Action::Execute, "reset-second-factor", parties, means.now);
    let mut steps = vec![home.record(&event, means.now, means.dice)];
    if factor.is_some() {
        steps.push(means.store.delete_second_factor(user.id()));
        steps.push(second_factor::flagged(means, &user, false));
    }
    let written = Transaction::new()
        .steps(turn.remember_done(home, means.now))
        .steps(steps)
        .commit(means.store, means.dice)
        .await;
    turn.settle(written, (home, means.now)).await.map(drop)
}

async fn member_with_factor(
    means: Means<'_>,
    caller: &Caller,
    member: Resource,
) -> Result<(User, Option<SecondFactor>), Failure> {
    let membership = Membership::from_resource(member).map_err(Failure::from)?;
    let id = member_user(&membership).ok_or(Refusal::Forbidden)?;
    let (user, factor) = tokio::join!(means.store.user(id), means.store.second_factor(id));
    let user = user?.ok_or(Refusal::NotFound)?;
    let own = user.scope().project() == Some(caller.realm());
    if !own && !caller.is_super_admin() {
        return Err(Refusal::Forbidden.into());
    }
    Ok((user, factor?))
}
