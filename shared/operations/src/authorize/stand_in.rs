//! Acting in a member's place (contract: on behalf of).

use domain::{Caller, Failure, Membership, MembershipId, PROJECT_MEMBERSHIP, ProfileRef, Refusal};
use store::{Key, Tenant};

use super::{Turned, turned};

/// The member whom a request names, read beside the authorisation; none when it names nobody.
pub(super) async fn target(
    tenant: Tenant<'_>,
    named: Option<&str>,
) -> Option<Result<Membership, Failure>> {
    let (kind, id) = named?.split_once('/').unwrap_or_default();
    Some(match (kind, id.parse::<MembershipId>()) {
        (PROJECT_MEMBERSHIP, Ok(id)) => by_id(tenant, id).await,
        (_, Ok(_)) => by_profile(tenant, named).await,
        (_, Err(_)) => Err(Refusal::NotFound.into()),
    })
}

async fn by_id(tenant: Tenant<'_>, id: MembershipId) -> Result<Membership, Failure> {
    let mut found = tenant.read(&tenant.places_of(id)).await?;
    Ok(tenant.member(&mut found, id)?.membership)
}

/// The first membership with this profile.
async fn by_profile(tenant: Tenant<'_>, named: Option<&str>) -> Result<Membership, Failure> {
    let profile: Option<ProfileRef> = named.and_then(|named| named.parse().ok());
    let keys: Vec<Key> = tenant
        .memberships_with(profile.ok_or(Refusal::NotFound)?)
        .await?;
    let mut found = tenant.read(&keys).await?;
    let members = tenant.members(&mut found, &keys)?;
    let first = members.into_iter().next().ok_or(Refusal::NotFound)?;
    Ok(first.membership)
}

/// The caller in the place of the member, whom only an administrator may name.
pub(super) fn stand_in(
    caller: Caller,
    target: Result<Membership, Failure>,
) -> Result<Caller, Turned> {
    let refused = |failure: Failure, caller: &Caller| Turned {
        failure,
        caller: Some(Box::new(caller.clone())),
    };
    if !caller.is_admin() {
        return Err(turned(caller, Refusal::Forbidden));
    }
    let member = match target {
        Ok(member) => member,
        // One that is gone is as unknown as any other.
        Err(Failure::Refused(_)) => return Err(refused(Refusal::NotFound.into(), &caller)),
        Err(failure) => return Err(refused(failure, &caller)),
    };
    let named = caller.clone();
    let caller = caller.standing_in_for(member);
    caller.map_err(|refusal| refused(refusal.into(), &named))
}
