//! Invite a person into a project: user, profile, membership, invitation, all in one transaction (contract: invite; seed guide,
//! "Creating Memberships").

mod look;
mod parts;
mod steps;
mod upsert;

use domain::{Caller, Existing, Failure, Invitation, Refusal};
use fhir::Resource;
use store::{Aborted, Action, Tenant, Transaction};

pub use look::Seen;
pub(crate) use steps::{index_steps, reindex_steps};

use crate::once::{Wish, answer_again};
use crate::record::all_fields;
use crate::{Means, realm};
use parts::Parts;

/// How often an invite decides anew when what it had read has changed meanwhile.
const ROUNDS: usize = 8;

/// What the invite met, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, the refusal of an earlier key with another body, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: domain::Claimant,
    wish: Wish<Invitation>,
) -> Result<Seen, Failure> {
    let (invitation, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let realm = realm::key(tenant, &claimant);
    look::look(means, tenant, invitation, (slip, realm)).await
}

/// Carries the invite out.
///
/// # Errors
/// [`Refusal::NotFound`] for a project or profile that is not there, [`Refusal::AlreadyMember`],
/// [`Refusal::DifferentProfile`], [`Refusal::MultipleMatches`], [`Refusal::ExternalIdTaken`], [`Refusal::UserNameTaken`],
/// faults of references that do not resolve, [`Failure::Unavailable`].
pub async fn invite(
    means: Means<'_>,
    caller: &Caller,
    mut seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    for round in 0..ROUNDS {
        if let Some(earlier) = seen.turn.earlier() {
            return answer_again(tenant, earlier).await;
        }
        let project = realm::project(caller, seen.project.as_ref())?;
        seen.check_references(tenant)?;
        let parts = Parts::decide(means, caller, &seen, &project)?;
        let refusal = if round > 0 {
            refusal_ahead(means, tenant, &seen, &parts).await?
        } else {
            None
        };
        let written = match refusal {
            Some(refusal) => Err(Failure::from(refusal).into()),
            None => write(means, caller, &seen, &parts).await,
        };
        match written {
            Ok(()) => return Ok(parts.member.membership.into_resource()),
            Err(Aborted::Changed) => {}
            Err(Aborted::Failed(Failure::Refused(Refusal::AlreadyMember)))
                if seen.invitation.existing == Existing::Update =>
            {
                match upsert::overlay(means, caller, &seen, &parts).await {
                    Err(Aborted::Changed) => {}
                    // The profiles were read beside the holder, perhaps a moment before both came to be: look once more.
                    Err(Aborted::Failed(Failure::Refused(Refusal::DifferentProfile)))
                        if round == 0 => {}
                    Err(Aborted::Failed(failure)) => return Err(failure),
                    Ok(resource) => return Ok(resource),
                }
            }
            Err(Aborted::Failed(failure)) => return Err(failure),
        }
        seen = seen.again(means, tenant).await?;
    }
    Err(Refusal::Contended.into())
}

/// What the write would be refused for. The write knows by itself; this is for a round in which others are in its way, who have
/// most likely made the very member, or taken the very id.
async fn refusal_ahead(
    means: Means<'_>,
    tenant: Tenant<'_>,
    seen: &Seen,
    parts: &Parts,
) -> Result<Option<Refusal>, Failure> {
    let alone = seen.invitation.existing != Existing::AddAnother;
    if alone && !tenant.memberships_of(&[parts.user()]).await?.is_empty() {
        return Ok(Some(Refusal::AlreadyMember));
    }
    for (guard, taken) in parts.guards(means, tenant) {
        if tenant.membership_behind(&guard).await?.is_some() {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

/// One transaction. The order of the steps is the order in which refusals are reported: that the request was carried out already
/// goes before whatever it would be refused for a second time.
async fn write(
    means: Means<'_>,
    caller: &Caller,
    seen: &Seen,
    parts: &Parts,
) -> Result<(), Aborted> {
    let tenant = means.store.of(caller);
    let resource = parts.member.membership.resource();
    let event = (Action::Create, "invite");
    Transaction::new()
        .steps(seen.turn.remember(tenant, resource, means.now))
        .steps(parts.user_steps(means))
        .step(parts.edge_step(tenant, seen.invitation.existing)?)
        .steps(parts.profile_steps(means, tenant)?)
        .steps(parts.guard_steps(means, tenant)?)
        .step(tenant.create_member(&parts.member)?)
        .steps(
            parts
                .member
                .membership
                .counts_as_admin()
                .then(|| tenant.gain_admin()),
        )
        .steps(tenant.create_invitation(&parts.invitation))
        .step(means.event(caller, event, resource, all_fields(&resource.body)))
        .commit_or_look_again(means.store, means.dice)
        .await
}
