//! Memberships: changed and ended by the operations of the administration, whatever the verb.

use domain::{Caller, Claimant, Failure, MembershipId, ProjectId, Refusal};
use serde_json::Map;
use store::Tenant;

use super::{Change, Posted, ROUNDS, Written};
use crate::Means;
use crate::update_membership::{self, Wanted};

/// What a change of a membership meets.
pub(super) struct Seen {
    pub(super) claimant: Claimant,
    pub(super) project: ProjectId,
    met: update_membership::Seen,
}

pub(super) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    posted: &Posted,
) -> Result<Seen, Failure> {
    let wanted = match &posted.change {
        Change::Whole(body) => Wanted::Whole(body.clone()),
        Change::Patch(_) => Wanted::Except(Map::new()),
    };
    let posted = update_membership::Posted {
        id: Some(MembershipId::new(posted.id())),
        wanted,
        seen: posted.seen,
    };
    let met = update_membership::look(means, tenant, claimant, Ok((posted, None))).await?;
    Ok(Seen {
        claimant,
        project: tenant.project(),
        met,
    })
}

/// Changes it. A patch is applied to the version that was read, and again when that has changed.
pub(super) async fn update(
    means: Means<'_>,
    caller: &Caller,
    posted: Posted,
    mut seen: Seen,
) -> Result<Written, Failure> {
    let caller = &caller.clone().acting_in(seen.project)?;
    let tenant = means.store.of(caller);
    for _ in 0..ROUNDS {
        let Change::Patch(_) = &posted.change else {
            let whole = update_membership::update_membership(means, caller, seen.met).await?;
            return Ok(written(whole));
        };
        let (membership, met) = seen.met.membership()?;
        let stored = membership.resource();
        let version = stored.meta.version;
        posted.means_version(version)?;
        let body = posted.wanted(stored)?;
        let again = match met.of_whole(&body) {
            Some(met) => met,
            None => {
                let change = Change::Whole(body);
                let (seen, claimant) = (Some(version), seen.claimant);
                let posted = Posted {
                    change,
                    seen,
                    ..posted.clone()
                };
                look(means, tenant, claimant, &posted).await?.met
            }
        };
        match update_membership::update_membership(means, caller, again).await {
            Err(Failure::Refused(Refusal::Stale)) if posted.seen.is_none() => {
                seen = look(means, tenant, seen.claimant, &posted).await?;
            }
            done => return done.map(written),
        }
    }
    Err(Refusal::Contended.into())
}

fn written(resource: fhir::Resource) -> Written {
    Written {
        resource,
        created: false,
    }
}
