//! The steps of an invite's transaction.

use domain::{Blind, Existing, Failure, Fault, ProfileRef, ProfileType, Refusal, UserId, emails};
use fhir::Resource;
use store::{Key, Step, Tenant};

use super::parts::{Identity, Parts, Profile};
use crate::{Means, domain_configuration};

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
    ///
    /// # Errors
    /// As [`index_steps`].
    pub(super) fn profile_steps(
        &self,
        means: Means<'_>,
        tenant: Tenant<'_>,
    ) -> Result<Vec<Step>, Failure> {
        match &self.profile {
            Profile::Known(profile) => Ok(vec![tenant.join_profile(*profile)]),
            Profile::New(resource) => {
                let mut steps = vec![tenant.create_resource(resource, 1)];
                steps.extend(index_steps(means, tenant, resource)?);
                Ok(steps)
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

/// Addresses by which one profile is found: each is a row of its transaction.
const MOST_ADDRESSES: usize = 40;

/// The index rows by which a person's profile is found by address.
///
/// # Errors
/// A fault for a profile with more addresses than a transaction has room for.
pub(crate) fn index_steps(
    means: Means<'_>,
    tenant: Tenant<'_>,
    profile: &Resource,
) -> Result<Vec<Step>, Failure> {
    let Ok(kind) = profile.kind.parse::<ProfileType>() else {
        return Ok(domain_configuration::guards(tenant, (None, Some(profile))));
    };
    let emails = addresses(means, profile)?;
    let display = fhir::display_of(profile);
    let id = profile.id;
    Ok(tenant.index_profile(ProfileRef { kind, id }, &emails, display.as_deref()))
}

/// What becomes of these rows when the profile changes, or goes: `new` is `None`.
///
/// # Errors
/// As [`index_steps`].
pub(crate) fn reindex_steps(
    means: Means<'_>,
    tenant: Tenant<'_>,
    old: &Resource,
    new: Option<&Resource>,
) -> Result<Vec<Step>, Failure> {
    let Ok(kind) = old.kind.parse::<ProfileType>() else {
        return Ok(domain_configuration::guards(tenant, (Some(old), new)));
    };
    let profile = ProfileRef { kind, id: old.id };
    let before = addresses(means, old)?;
    let after = new.map_or_else(|| Ok(Vec::new()), |new| addresses(means, new))?;
    let (stays, comes): (Vec<_>, Vec<_>) = after.into_iter().partition(|it| before.contains(it));
    let goes: Vec<_> = before
        .into_iter()
        .filter(|it| !stays.contains(it))
        .collect();
    let display = new.and_then(fhir::display_of);
    let mut steps = tenant.unindex_profile(profile, &goes);
    steps.extend(tenant.index_profile(profile, &comes, display.as_deref()));
    if display != fhir::display_of(old) {
        steps.extend(tenant.rename_in_index(profile, &stays, display.as_deref()));
    }
    Ok(steps)
}

fn addresses(means: Means<'_>, profile: &Resource) -> Result<Vec<Blind>, Failure> {
    let emails = emails(&profile.body);
    if emails.len() > MOST_ADDRESSES {
        let words = format!("At most {MOST_ADDRESSES} e-mail addresses are possible");
        return Err(Fault::structure(format!("{}.telecom", profile.kind), words).into());
    }
    Ok(emails
        .iter()
        .map(|email| means.blind_email(email))
        .collect())
}
