//! Which configuration names a domain: each domain is named once.

use domain::{Failure, Refusal};
use serde::Serialize;
use uuid::Uuid;

use crate::keys::Key;
use crate::row;
use crate::step::Step;
use crate::tenant::Tenant;

impl Tenant<'_> {
    /// Where the resource of type `kind` stands that has claimed a domain.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn claimant_of(&self, domain: &str, kind: &str) -> Result<Option<Key>, Failure> {
        let guard = self.domain_guard(domain);
        let found = self.store.get(std::slice::from_ref(&guard)).await?;
        let id = found.at(&guard).map(|item| row::text(item, "by"));
        let id = id.and_then(|id| id.parse().ok());
        Ok(id.map(|id| self.resource_key(kind, id)))
    }

    /// Claims a domain for a resource.
    pub fn claim_domain(&self, domain: &str, by: Uuid) -> Step {
        let row = ClaimRow { by };
        Step::create(row::item(&self.domain_guard(domain), &row)).or(Refusal::DomainTaken)
    }

    /// Gives a domain up.
    pub fn release_domain(&self, domain: &str) -> Step {
        Step::delete(&self.domain_guard(domain))
    }

    /// Where it is said which configuration names a domain.
    pub fn domain_guard(&self, domain: &str) -> Key {
        Key::Domain(self.project, domain.to_owned())
    }
}

#[derive(Serialize)]
struct ClaimRow {
    by: Uuid,
}
