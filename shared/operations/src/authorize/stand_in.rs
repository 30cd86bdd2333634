//! Acting in a member's place (contract: on behalf of).

use domain::{Caller, Failure, Membership, MembershipId, PROJECT_MEMBERSHIP, ProfileRef, Refusal};
use store::Tenant;
use uuid::Uuid;

use super::{Turned, turned};

/// The member whom a request names by his membership or by his profile, read beside the authorisation; none when it names nobody.
pub(super) async fn target(
    tenant: Tenant<'_>,
    named: Option<&str>,
) -> Option<Result<Membership, Failure>> {
    let named = named?;
    if let Ok(profile) = named.parse::<ProfileRef>() {
        return Some(by_profile(tenant, profile).await);
    }
    let id = named.strip_prefix(PROJECT_MEMBERSHIP);
    let id = id.and_then(|id| id.strip_prefix('/')?.parse().ok());
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or_else(|| MembershipId::new(Uuid::nil()));
    Some(by_id(tenant, id).await)
}

async fn by_id(tenant: Tenant<'_>, id: MembershipId) -> Result<Membership, Failure> {
    let mut found = tenant.read(&tenant.places_of(id)).await?;
    Ok(tenant.member(&mut found, id)?.membership)
}

/// The index that leads there may be a moment behind, and what it finds is read again. Of several memberships it is always the same one.
async fn by_profile(tenant: Tenant<'_>, profile: ProfileRef) -> Result<Membership, Failure> {
    let places = tenant.memberships_with(profile).await?;
    let mut found = tenant.read(&places).await?;
    let members = tenant.members(&mut found, &places)?;
    let members = members.into_iter().map(|member| member.membership);
    let theirs = members.filter(|it| it.is_active() && it.profile_ref() == Ok(profile));
    let first = theirs.min_by_key(|it| it.id().uuid());
    first.ok_or_else(|| Refusal::NotFound.into())
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
