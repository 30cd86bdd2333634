//! Delete what stands at an address: it leaves a tombstone, and its past stays.

use std::collections::BTreeMap;

use domain::access::Interaction;
use domain::{
    Caller, Claimant, ClientId, Failure, MembershipId, PROJECT_MEMBERSHIP, ProjectId, Refusal,
};
use store::{Aborted, Action, Member, Stored, Tenant, Transaction};
use uuid::Uuid;

use super::ROUNDS;
use super::target::{self, Stands, Target};
use crate::create_client::CLIENT_APPLICATION;
use crate::invite::reindex_steps;
use crate::remove_member::{self, Leaving};
use crate::{Means, linked, rights};

/// Type and id of what is to be deleted, as the path names them, and the version that the caller has seen.
pub(crate) type Wish<'a> = ((&'a str, Option<Uuid>), Result<Option<Uuid>, Failure>);

/// What is to be deleted, as it was met.
pub struct Doomed {
    seen: Option<Uuid>,
    met: Met,
}

enum Met {
    Member(ProjectId, Result<Box<Member>, Failure>),
    Other(Box<Target>),
}

/// What is to be deleted, in the version that was `seen` if one is named; to be read beside the authorisation. [`delete`] takes what was
/// found wrong, too.
///
/// # Errors
/// A fault for an unknown type, [`Refusal::Forbidden`] for one that nobody deletes, [`Failure::Unavailable`].
pub async fn look_for_deletion(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    ((kind, id), seen): Wish<'_>,
) -> Result<Doomed, Failure> {
    target::check_type(means, kind, &claimant)?;
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or_default();
    let seen = seen?;
    let tenant = target::home_of(means, tenant, &claimant, (kind, id)).await?;
    let met = if kind == PROJECT_MEMBERSHIP {
        let member = remove_member::look(tenant, Some(MembershipId::new(id))).await;
        Met::Member(tenant.project(), member.map(Box::new))
    } else {
        let target = Target::read(means, tenant, claimant, ((kind, id), Vec::new())).await?;
        Met::Other(Box::new(target))
    };
    Ok(Doomed { seen, met })
}

/// Deletes it. What is deleted already stays so.
///
/// # Errors
/// [`Refusal::Forbidden`] first, also for what nobody deletes by hand: users, and projects unless by a super admin; what the look found
/// wrong; [`Refusal::NotFound`]; [`Refusal::Stale`]; [`Refusal::ProfileInUse`]; the refusals of [`remove_member::remove_member`].
pub async fn delete(
    means: Means<'_>,
    caller: &Caller,
    (kind, doomed): (&str, Result<Doomed, Failure>),
) -> Result<(), Failure> {
    rights::to(caller, Interaction::Delete, kind)?;
    let Doomed { seen, met } = doomed?;
    let mut target = match met {
        Met::Member(project, member) => {
            let caller = caller.clone().acting_in(project)?;
            return end(means, &caller, (member, seen)).await;
        }
        Met::Other(target) => target,
    };
    let caller = &caller.clone().acting_in(target.project)?;
    for _ in 0..ROUNDS {
        let written = match &target.stands {
            Stands::Nowhere => {
                let refused = linked::refused(means, caller, (kind, target.id)).await?;
                return Err(refused.into());
            }
            Stands::Buried(_) if rights::knows_of_deleted(caller, kind) => return Ok(()),
            Stands::Buried(_) => return Err(Refusal::NotFound.into()),
            Stands::User(_) => return Err(Refusal::Forbidden.into()),
            Stands::Project(project) => super::project::close(means, caller, project, seen).await,
            Stands::Here(stored) => bury(means, caller, stored, seen).await,
        };
        match written {
            Ok(()) => return Ok(()),
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {
                let address = ((target.kind.as_str(), target.id), Vec::new());
                let tenant = means.store.of(caller);
                *target = Target::read(means, tenant, target.claimant, address).await?;
            }
        }
    }
    Err(Refusal::Contended.into())
}

async fn end(
    means: Means<'_>,
    caller: &Caller,
    (member, seen): (Result<Box<Member>, Failure>, Option<Uuid>),
) -> Result<(), Failure> {
    let ended = match member {
        Ok(member) => {
            let leaving = Leaving::of(*member, seen)?;
            remove_member::remove_member(means, caller, leaving).await
        }
        Err(failure) => Err(failure),
    };
    match ended {
        Err(Failure::Refused(Refusal::Gone)) => Ok(()),
        ended => ended,
    }
}

async fn bury(
    means: Means<'_>,
    caller: &Caller,
    stored: &Stored,
    seen: Option<Uuid>,
) -> Result<(), Aborted> {
    let resource = &stored.resource;
    rights::to_touch(caller, Interaction::Delete, resource)?;
    if seen.is_some_and(|seen| seen != resource.meta.version) {
        return Err(Failure::from(Refusal::Stale).into());
    }
    if stored.members > 0 {
        return Err(Failure::from(Refusal::ProfileInUse).into());
    }
    let tenant = means.store.of(caller);
    let last = means.next_version(caller.profile(), &resource.meta);
    let application = resource.kind == CLIENT_APPLICATION;
    let credentials = application.then(|| means.store.drop_client(ClientId::new(resource.id)));
    let event = (Action::Delete, "delete-resource");
    Transaction::new()
        .step(tenant.delete_resource(resource))
        .step(tenant.keep_version(resource))
        .step(tenant.bury(&resource.kind, resource.id, &last))
        .steps(reindex_steps(means, tenant, resource, None)?)
        .steps(credentials)
        .step(means.event(caller, event, resource, BTreeMap::new()))
        .commit_or_look_again(means.store, means.dice)
        .await
}
