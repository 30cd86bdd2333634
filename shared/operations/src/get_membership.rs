//! Read one membership.

use domain::{Failure, MembershipId, Refusal};
use fhir::Resource;
use store::Tenant;

/// The membership `id` of the project, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown, foreign or malformed id alike, [`Refusal::Gone`].
pub async fn look(tenant: Tenant<'_>, id: Option<MembershipId>) -> Result<Resource, Failure> {
    // A malformed id costs the same read as an unknown one: an answer's time tells nothing.
    let id_or_nobody = id.unwrap_or_else(|| MembershipId::new(uuid::Uuid::nil()));
    let mut found = tenant.read(&tenant.places_of(id_or_nobody)).await?;
    let member = tenant.member(&mut found, id_or_nobody)?;
    if id.is_none() {
        return Err(Refusal::NotFound.into());
    }
    Ok(member.membership.into_resource())
}
