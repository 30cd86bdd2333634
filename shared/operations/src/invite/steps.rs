//! The steps of an invite's transaction.

use domain::{Existing, Failure, ProfileRef, ProfileType, Refusal, UserId, emails};
use fhir::Resource;
use store::{Key, Step, Tenant};

use super::parts::{Identity, Parts, Profile};
use crate::Means;

impl Parts {
    /// The user.
    pub(super) fn user(&self) -> UserId {
        match &self.identity {
            Identity::Known(_, holder) => holder.user,
            Identity::New(new) => new.user.id(),
        }
    }

    /// The user who is made, or the proof that the one who was found still holds the address.
    pub(super) fn user_steps(&self, means: Means<'_>) -> Vec<Step> {
        match &self.identity {
            Identity::Known(guard, holder) => vec![means.store.still_held(guard, *holder)],
            Identity::New(new) => means.store.create_user(new),
        }
    }

    /// The user's edge to the project: its absence is what makes the membership unique.
    pub(super) fn edge_step(
        &self,
        tenant: Tenant<'_>,
        existing: Existing,
    ) -> Result<Step, Failure> {
        match existing {
            Existing::AddAnother => tenant.another_edge(self.user(), &self.member.membership),
            Existing::Refuse | Existing::Update => {
                tenant.first_edge(self.user(), &self.member.membership)
            }
        }
    }

    /// The profile, counted by the membership that points to it, and its place by address.
    pub(super) fn profile_steps(&self, means: Means<'_>, tenant: Tenant<'_>) -> Vec<Step> {
        match &self.profile {
            Profile::Known(profile) => vec![tenant.join_profile(*profile)],
            Profile::New(resource) => {
                let mut steps = vec![tenant.create_resource(resource, 1)];
                steps.extend(index_steps(means, tenant, resource));
                steps
            }
        }
    }

    /// External id and user name are unique within the project.
    pub(super) fn guard_steps(
        &self,
        means: Means<'_>,
        tenant: Tenant<'_>,
    ) -> Result<Vec<Step>, Failure> {
        let claim = |(guard, taken): (Key, Refusal)| {
            let claim = tenant.claim(&guard, &self.member.membership)?;
            Ok(claim.or(taken))
        };
        self.guards(means, tenant).into_iter().map(claim).collect()
    }

    /// The guards of external id and user name, and what it means when they are held.
    pub(super) fn guards(&self, means: Means<'_>, tenant: Tenant<'_>) -> Vec<(Key, Refusal)> {
        let membership = &self.member.membership;
        let external_id = membership.external_id().map(|id| {
            let guard = tenant.external_id_guard(means.blind_external_id(id));
            (guard, Refusal::ExternalIdTaken)
        });
        let user_name = membership.user_name().map(|name| {
            let guard = tenant.user_name_guard(means.blind_user_name(name));
            (guard, Refusal::UserNameTaken)
        });
        external_id.into_iter().chain(user_name).collect()
    }
}

/// The index rows by which a person's profile is found by address.
pub(crate) fn index_steps(means: Means<'_>, tenant: Tenant<'_>, profile: &Resource) -> Vec<Step> {
    let Ok(kind) = profile.kind.parse::<ProfileType>() else {
        return Vec::new();
    };
    let emails: Vec<_> = emails(&profile.body)
        .iter()
        .map(|email| means.blind_email(email))
        .collect();
    let display = fhir::display_of(profile);
    tenant.index_profile(
        ProfileRef {
            kind,
            id: profile.id,
        },
        &emails,
        display.as_deref(),
    )
}
