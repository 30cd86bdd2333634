//! How a membership changes, by whatever route: the one place that keeps its guards, counts, past and rules.

use domain::{Caller, Failure, Membership, ProfileRef, Refusal, UserId};
use fhir::{Reference, Resource};
use serde_json::{Map, Value};
use store::{Aborted, Action, Key, Member, Step, Tenant, Transaction};

use crate::Means;
use crate::once::Turn;
use crate::record::changed_fields;

/// A change that has been decided.
pub(crate) struct Change<'a> {
    /// Who is noted as author.
    pub(crate) author: Reference,
    /// The operation, for the record.
    pub(crate) operation: &'static str,
    /// The membership's fields from now on.
    pub(crate) body: Map<String, Value>,
    /// Whether the membership has an invitation from now on.
    pub(crate) invited: bool,
    /// What else becomes true with it.
    pub(crate) extra: Vec<Step>,
    /// The key of the request.
    pub(crate) turn: &'a Turn,
}

/// Makes the change: nothing at all when nothing changes, else row, past version, guards, counts and event in one transaction.
///
/// # Errors
/// [`Refusal::OwnerDemotion`] before [`Refusal::LastAdmin`]; [`Refusal::ExternalIdTaken`], [`Refusal::UserNameTaken`];
/// [`Refusal::NotFound`] for a profile that is gone; [`Aborted::Changed`] when the membership changed since it was read.
pub(crate) async fn change(
    means: Means<'_>,
    caller: &Caller,
    member: &Member,
    change: Change<'_>,
) -> Result<Resource, Aborted> {
    let tenant = means.store.of(caller);
    let old = &member.membership;
    let mut resource = old.resource().clone();
    resource.body = change.body;
    if old.resource().same_content(&resource) && change.extra.is_empty() {
        let once = change.turn.remember(tenant, old.resource(), means.now);
        Transaction::new()
            .steps(once)
            .commit_or_look_again(means.store, means.dice)
            .await?;
        return Ok(old.resource().clone());
    }
    if !old.resource().same_content(&resource) {
        resource.meta = means.next_version(change.author, &old.resource().meta);
    }
    let membership = Membership::from_resource(resource).map_err(Failure::from)?;
    if member.owner && old.counts_as_admin() && !membership.counts_as_admin() {
        return Err(Failure::from(Refusal::OwnerDemotion).into());
    }
    let new = Member {
        membership,
        invited: change.invited,
        ..member.clone()
    };
    let answer = new.membership.resource();
    let fields = changed_fields(&old.resource().body, &answer.body);
    // First, so that a request that was carried out already is answered again and not refused for what it did itself. The
    // membership before the count, so that nobody is called the last administrator who is none any more.
    Transaction::new()
        .steps(change.turn.remember(tenant, answer, means.now))
        .steps(tenant.replace_member(old, &new)?)
        .steps(admin_step(tenant, old, &new.membership))
        .steps(guards(means, tenant, old, &new.membership)?)
        .steps(profile_steps(tenant, old, &new.membership)?)
        .steps(move_edge(tenant, old, &new.membership).await?)
        .steps(
            (old.resource().meta.version != answer.meta.version)
                .then(|| tenant.keep_version(old.resource())),
        )
        .step(means.event(caller, (Action::Update, change.operation), answer, fields))
        .steps(change.extra)
        .commit_or_look_again(means.store, means.dice)
        .await?;
    Ok(new.membership.into_resource())
}

/// The count of active administrators follows the membership; it never reaches zero.
pub(crate) fn admin_step(tenant: Tenant<'_>, old: &Membership, new: &Membership) -> Option<Step> {
    match (old.counts_as_admin(), new.counts_as_admin()) {
        (false, true) => Some(tenant.gain_admin()),
        (true, false) => Some(tenant.lose_admin()),
        _ => None,
    }
}

/// External id and user name are claimed, freed, or follow a row that moves.
fn guards(
    means: Means<'_>,
    tenant: Tenant<'_>,
    old: &Membership,
    new: &Membership,
) -> Result<Vec<Step>, Failure> {
    let external = |id: &str| tenant.external_id_guard(means.blind_external_id(id));
    let named = |name: &str| tenant.user_name_guard(means.blind_user_name(name));
    let moves = old.profile_ref()?.kind != new.profile_ref()?.kind;
    let pairs: [(Option<Key>, Option<Key>, Refusal); 2] = [
        (
            old.external_id().map(external),
            new.external_id().map(external),
            Refusal::ExternalIdTaken,
        ),
        (
            old.user_name().map(named),
            new.user_name().map(named),
            Refusal::UserNameTaken,
        ),
    ];
    let mut steps = Vec::new();
    for (before, after, taken) in pairs {
        match (before, after) {
            (Some(before), Some(after)) if before == after => {
                if moves {
                    steps.push(tenant.reclaim(&after, new)?);
                }
            }
            (before, after) => {
                if let Some(after) = after {
                    steps.push(tenant.claim(&after, new)?.or(taken));
                }
                steps.extend(before.map(|before| tenant.release(&before)));
            }
        }
    }
    Ok(steps)
}

/// The profiles count the memberships that point to them.
fn profile_steps(
    tenant: Tenant<'_>,
    old: &Membership,
    new: &Membership,
) -> Result<Vec<Step>, Failure> {
    let (before, after): (ProfileRef, ProfileRef) = (old.profile_ref()?, new.profile_ref()?);
    if before == after {
        return Ok(Vec::new());
    }
    Ok(vec![
        tenant.join_profile(after).or(Refusal::NotFound),
        tenant.leave_profile(before),
    ])
}

/// A membership whose profile changes type stands elsewhere; the user's edge says where.
async fn move_edge(
    tenant: Tenant<'_>,
    old: &Membership,
    new: &Membership,
) -> Result<Option<Step>, Failure> {
    let moves = old.profile_ref()?.kind != new.profile_ref()?.kind;
    match member_user(old).filter(|_| moves) {
        Some(user) => tenant.move_edge(user, (old, new)).await.map(Some),
        None => Ok(None),
    }
}

/// The person behind a version of a membership.
pub(crate) fn user_of(membership: &Resource) -> Option<UserId> {
    let user = membership.body.get("user")?.get("reference")?.as_str()?;
    let user = Reference::to(user);
    let id = user.id().filter(|_| user.kind() == domain::USER);
    id.map(UserId::new)
}

/// The person behind a membership; applications have no edge.
pub(crate) fn member_user(membership: &Membership) -> Option<UserId> {
    let user = membership.user();
    (user.kind() == domain::USER)
        .then(|| user.id().map(UserId::new))
        .flatten()
}
