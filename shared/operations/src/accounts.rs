//! To which accounts a resource belongs: what is about a patient belongs where he does.

use domain::Failure;
use fhir::{Reference, Resource, accounts_of};
use store::{Found, Tenant};

/// The accounts of the patients whom a new resource is about, among the rows that its references led to.
///
/// # Errors
/// [`Failure::Corrupt`].
pub(crate) fn of_patients(
    (tenant, found): (Tenant<'_>, &Found),
    new: &Resource,
) -> Result<Vec<Reference>, Failure> {
    let mut accounts = Vec::new();
    let patients = new.compartment().into_iter();
    for patient in patients.filter(|it| it.kind() == "Patient" && it.id() != Some(new.id)) {
        let Some(key) = tenant.referenced_key(&patient) else {
            continue;
        };
        if let Some(stored) = tenant.peek(found, &key)? {
            accounts.extend(accounts_of(&stored.resource));
        }
    }
    Ok(accounts)
}
