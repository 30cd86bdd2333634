//! What keeps a project's members unique and administered: the guards of external ids and user names, and the count of active
//! administrators.

use domain::{Blind, Failure, Membership, Refusal};
use serde::Serialize;

use crate::keys::{self, Key};
use crate::row;
use crate::step::Step;
use crate::tenant::Tenant;

impl Tenant<'_> {
    /// The guard of an external id.
    pub fn external_id_guard(&self, id: Blind) -> Key {
        Key::ExternalId(self.project, id)
    }

    /// The guard of a user name.
    pub fn user_name_guard(&self, name: Blind) -> Key {
        Key::UserName(self.project, name)
    }

    /// Where the member with this external id or user name stands.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn membership_behind(&self, guard: &Key) -> Result<Option<Key>, Failure> {
        let item = self
            .store
            .get(std::slice::from_ref(guard))
            .await?
            .take(guard);
        Ok(item.and_then(|item| keys::membership_of(self.project, row::text(&item, "member"))))
    }

    /// Claims an external id or user name for a membership.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn claim(&self, guard: &Key, membership: &Membership) -> Result<Step, Failure> {
        let row = ClaimRow {
            member: self.member_key(membership)?.sk(),
        };
        Ok(Step::create(row::item(guard, &row)))
    }

    /// Points a guard that the membership holds already to where it has moved.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn reclaim(&self, guard: &Key, membership: &Membership) -> Result<Step, Failure> {
        let place = self.member_key(membership)?.sk();
        Ok(Step::update(guard, "SET #member = :to")
            .text(":to", place)
            .when("attribute_exists(PK)"))
    }

    /// Frees an external id or user name.
    pub fn release(&self, guard: &Key) -> Step {
        Step::delete(guard)
    }

    /// One more active administrator.
    pub fn gain_admin(&self) -> Step {
        Step::count(&Key::Admins(self.project), "admins", 1)
    }

    /// One active administrator fewer; never the last one.
    pub fn lose_admin(&self) -> Step {
        Step::count(&Key::Admins(self.project), "admins", -1)
            .leaving(1)
            .or(Refusal::LastAdmin)
    }
}

#[derive(Serialize)]
struct ClaimRow {
    member: String,
}
