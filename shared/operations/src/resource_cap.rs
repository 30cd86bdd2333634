//! How many resources a project may have (system settings `enableResourceCap` and `resourceCap`).

use domain::{Failure, Project, Refusal};
use store::Tenant;

use crate::Means;

/// A number that was read is taken for granted for so long, while it is far from the cap.
const FRESH: std::time::Duration = std::time::Duration::from_secs(60);

/// There must be room for one more. A project without a cap costs nothing; one that comes near it is counted for every resource.
///
/// # Errors
/// [`Refusal::ResourceCap`], [`Failure::Unavailable`].
pub(crate) async fn must_have_room(
    means: Means<'_>,
    tenant: Tenant<'_>,
    project: &Project,
) -> Result<(), Failure> {
    let Some(cap) = project.resource_cap() else {
        return Ok(());
    };
    if tenant.one_more_within(cap / 10 * 9, means.now) {
        return Ok(());
    }
    let there = tenant.count_resources(cap, (means.now, FRESH)).await?;
    if there >= cap {
        return Err(Refusal::ResourceCap.into());
    }
    Ok(())
}
