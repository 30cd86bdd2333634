//! The profiles of a user whose address changes: those that his memberships point to.

use domain::{Caller, Email, Failure, ProfileRef, ProjectId, User, with_new_email};
use fhir::Resource;
use store::{Key, Step};

use crate::Means;
use crate::invite::reindex_steps;

/// The steps by which the profiles get the new address, and are found by it.
pub(super) async fn steps(
    means: Means<'_>,
    caller: &Caller,
    project: ProjectId,
    (user, email): (&User, &Email),
) -> Result<Vec<Step>, Failure> {
    let tenant = means.store.founding(project);
    let places = tenant.memberships_of(&[user.id()]).await?;
    let mut found = tenant.read(&places).await?;
    let mut profiles: Vec<ProfileRef> = Vec::new();
    for member in tenant.members(&mut found, &places)? {
        let profile = member.membership.profile_ref()?;
        if !profiles.contains(&profile) {
            profiles.push(profile);
        }
    }
    let key = |profile: &ProfileRef| tenant.resource_key(profile.kind.as_str(), profile.id);
    let keys: Vec<Key> = profiles.iter().map(key).collect();
    let mut found = tenant.read(&keys).await?;
    let mut steps = Vec::new();
    for key in &keys {
        let Some(stored) = tenant.stored(&mut found, key)? else {
            continue;
        };
        let old = stored.resource;
        let mut new: Resource = old.clone();
        new.body = with_new_email(&old.body, user.email(), email);
        if new.same_content(&old) {
            continue;
        }
        new.meta = means.next_version(caller.profile(), &old.meta);
        steps.extend(tenant.rewrite_resource(&old, &new));
        steps.extend(reindex_steps(means, tenant, &old, Some(&new))?);
    }
    Ok(steps)
}
