//! The project in which a call acts: the caller's own, which the authorisation has read, or another, which a super admin's
//! operation reads for itself.

use domain::{Caller, Claimant, Failure, Project, Refusal};
use store::{Key, Tenant};

/// The row to read, unless the authorisation reads it anyway: a project's row is its hottest.
pub(crate) fn key(tenant: Tenant<'_>, claimant: &Claimant) -> Option<Key> {
    (tenant.project() != claimant.project()).then(|| tenant.project_key())
}

/// The project, from whoever has read it.
///
/// # Errors
/// [`Refusal::NotFound`].
pub(crate) fn project(caller: &Caller, read: Option<&Project>) -> Result<Project, Failure> {
    match read {
        _ if caller.is_at_home() => Ok(caller.project().clone()),
        Some(read) => Ok(read.clone()),
        None => Err(Refusal::NotFound.into()),
    }
}
