//! Remove a member: access ends at once, the guards are free again, user and profile stay (seed guide, "Removing Memberships").

use domain::{Caller, Failure, Membership, MembershipId, Refusal};
use store::{Aborted, Action, Member, Step, Tenant, Transaction};
use uuid::Uuid;

use crate::Means;
use crate::change::member_user;

/// How often a removal is decided anew when the membership changed meanwhile.
const ROUNDS: usize = 8;

/// A member who is to go.
#[derive(Clone, Debug)]
pub struct Leaving {
    member: Member,
    seen: Option<Uuid>,
}

impl Leaving {
    /// The member in whatever version, or only in the one that the caller has `seen` (`If-Match`).
    ///
    /// # Errors
    /// [`Refusal::Stale`].
    pub fn of(member: Member, seen: Option<Uuid>) -> Result<Self, Refusal> {
        let version = member.membership.resource().meta.version;
        if seen.is_some_and(|seen| seen != version) {
            return Err(Refusal::Stale);
        }
        Ok(Self { member, seen })
    }

    /// The membership that is to go.
    pub fn membership(&self) -> &Membership {
        &self.member.membership
    }
}

/// The member who is to go, in the version that was `seen` if one is named; to be read beside the authorisation.
///
/// # Errors
/// The fault of the version; as [`look`]; [`Refusal::Stale`].
pub async fn look_for(
    tenant: Tenant<'_>,
    id: Option<MembershipId>,
    seen: Result<Option<Uuid>, Failure>,
) -> Result<Leaving, Failure> {
    let seen = seen?;
    Ok(Leaving::of(look(tenant, id).await?, seen)?)
}

/// The membership that is to go, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Gone`], [`Failure::Unavailable`].
pub async fn look(tenant: Tenant<'_>, id: Option<MembershipId>) -> Result<Member, Failure> {
    let id = id.unwrap_or_else(|| MembershipId::new(uuid::Uuid::nil()));
    let mut found = tenant.read(&tenant.places_of(id)).await?;
    tenant.member(&mut found, id)
}

/// Removes the member.
///
/// # Errors
/// [`Refusal::OwnerRemoval`], then [`Refusal::LastAdmin`]; [`Refusal::Gone`] when somebody else was faster; [`Refusal::Stale`] when
/// it is no longer the version that was seen.
pub async fn remove_member(
    means: Means<'_>,
    caller: &Caller,
    leaving: Leaving,
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let invitation = leaving.member.invitation();
    let withdrawn = invitation.map(|id| tenant.withdraw_invitation(id));
    remove_with(means, caller, leaving, &withdrawn.unwrap_or_default()).await
}

/// Removes the member, and does with his invitation what `invitation` says.
///
/// # Errors
/// As [`remove_member`].
pub(crate) async fn remove_with(
    means: Means<'_>,
    caller: &Caller,
    mut leaving: Leaving,
    invitation: &[Step],
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    for _ in 0..ROUNDS {
        let member = &leaving.member;
        if member.owner {
            return Err(Refusal::OwnerRemoval.into());
        }
        // Whether it is the user's only membership here is a condition of the write, not a read before it.
        for edge in [Edge::Last, Edge::OneOfMany] {
            match write(means, caller, (member, edge), invitation).await {
                Ok(()) => return Ok(()),
                Err(Aborted::Failed(failure)) => return Err(failure),
                Err(Aborted::Changed) => {}
            }
        }
        let again = look(tenant, Some(member.membership.id())).await?;
        leaving = Leaving::of(again, leaving.seen)?;
    }
    Err(Refusal::Contended.into())
}

#[derive(Clone, Copy)]
enum Edge {
    Last,
    OneOfMany,
}

async fn write(
    means: Means<'_>,
    caller: &Caller,
    (member, edge): (&Member, Edge),
    invitation: &[Step],
) -> Result<(), Aborted> {
    let tenant = means.store.of(caller);
    let membership = &member.membership;
    let resource = membership.resource();
    let last = means.next_version(caller.profile(), &resource.meta);
    let event = (Action::Delete, "remove-member");
    // The membership before the count, so that one who is gone already is not called the last administrator.
    Transaction::new()
        .step(tenant.delete_member(membership)?)
        .steps(membership.counts_as_admin().then(|| tenant.lose_admin()))
        .step(tenant.keep_version(resource))
        .step(tenant.bury(&resource.kind, resource.id, &last))
        .steps(edge_step(tenant, member, edge)?)
        .steps(guard_steps(means, tenant, member))
        .step(tenant.leave_profile(membership.profile_ref().map_err(Failure::from)?))
        .steps(invitation.iter().cloned())
        .step(means.event(caller, event, resource, std::collections::BTreeMap::new()))
        .commit_or_look_again(means.store, means.dice)
        .await
}

fn edge_step(tenant: Tenant<'_>, member: &Member, edge: Edge) -> Result<Option<Step>, Failure> {
    let Some(user) = member_user(&member.membership) else {
        return Ok(None);
    };
    match edge {
        Edge::Last => tenant.last_edge(user, &member.membership),
        Edge::OneOfMany => tenant.one_of_edges(user, &member.membership),
    }
    .map(Some)
}

fn guard_steps(means: Means<'_>, tenant: Tenant<'_>, member: &Member) -> Vec<Step> {
    let external = member
        .membership
        .external_id()
        .map(|id| means.blind_external_id(id));
    let named = member
        .membership
        .user_name()
        .map(|name| means.blind_user_name(name));
    let external = external.map(|id| tenant.release(&tenant.external_id_guard(id)));
    let named = named.map(|name| tenant.release(&tenant.user_name_guard(name)));
    external.into_iter().chain(named).collect()
}
