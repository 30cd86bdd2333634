//! What an invitation meets, read in one round trip: who holds the address, which profiles have it, whether what it refers to
//! exists, and what was answered to its key before.

use domain::{Blind, Failure, Invitation, ProfileRef, ProfileType, Project, Scope};
use fhir::Reference;
use store::{Found, Holder, Key, Stored, Tenant};

use crate::once::{Slip, Turn};
use crate::{Means, references};

/// What the invitation meets.
pub struct Seen {
    /// The request.
    pub(super) invitation: Invitation,
    /// Its turn among requests with its key.
    pub(super) turn: Turn,
    /// What stands for its address in keys.
    pub(super) email: Option<Blind>,
    /// Profiles of the asked type that have the address; at most two are read, for two are too many.
    pub(super) with_email: Vec<(ProfileRef, Option<String>)>,
    /// The profile that the request names; of relatives also the one that has the address.
    pub(super) named: Option<Stored>,
    /// The project, if it is not the caller's own.
    pub(super) project: Option<Project>,
    realm: Option<Key>,
    holders: Vec<(Scope, Key, Option<Holder>)>,
    references: Vec<(String, Reference)>,
    found: Found,
}

pub(super) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    invitation: Invitation,
    (slip, realm): (Option<Slip>, Option<Key>),
) -> Result<Seen, Failure> {
    let email = invitation
        .email
        .as_ref()
        .map(|email| means.blind_email(email));
    let guards = guards(tenant, email.as_ref());
    let references = references_of(&invitation);
    let named = invitation
        .profile
        .map(|profile| tenant.resource_key(profile.kind.as_str(), profile.id));
    let mut keys: Vec<Key> = realm.iter().cloned().collect();
    keys.extend(guards.iter().map(|(_, key)| key.clone()));
    keys.extend(named.clone());
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    keys.extend(references::keys(tenant, &references)?);
    let (found, with_email) = tokio::join!(
        tenant.read(&keys),
        profiles(tenant, &invitation, email.as_ref())
    );
    let mut found = found?;
    let turn = Turn::among(&mut found, slip, (tenant, means.now))?;
    let mut holders = Vec::with_capacity(guards.len());
    for (scope, guard) in guards {
        let holder = means.store.holder(&mut found, &guard)?;
        holders.push((scope, guard, holder));
    }
    let with_email = with_email?;
    let named = match named {
        Some(key) => tenant.stored(&mut found, &key)?,
        None => relative(tenant, &invitation, &with_email).await?,
    };
    Ok(Seen {
        project: tenant.project_in(&mut found)?,
        named,
        with_email,
        turn,
        invitation,
        realm,
        email,
        holders,
        references,
        found,
    })
}

/// Both places where a holder of the address may be: which one counts depends on a setting of the project, which is read in the
/// same round trip.
fn guards(tenant: Tenant<'_>, email: Option<&Blind>) -> Vec<(Scope, Key)> {
    let scopes = [Scope::Server, Scope::Project(tenant.project())];
    let guard = |email: &Blind| scopes.map(|scope| (scope, Key::EmailGuard(scope, email.clone())));
    email.map(guard).into_iter().flatten().collect()
}

async fn profiles(
    tenant: Tenant<'_>,
    invitation: &Invitation,
    email: Option<&Blind>,
) -> Result<Vec<(ProfileRef, Option<String>)>, Failure> {
    match email.filter(|_| invitation.profile.is_none()) {
        Some(email) => tenant.profiles_by_email(email, invitation.kind).await,
        None => Ok(Vec::new()),
    }
}

/// A relative whose profile is there already: the patient to whom he is one is a parameter of his policy.
async fn relative(
    tenant: Tenant<'_>,
    invitation: &Invitation,
    with_email: &[(ProfileRef, Option<String>)],
) -> Result<Option<Stored>, Failure> {
    let [(profile, _)] = with_email else {
        return Ok(None);
    };
    if profile.kind != ProfileType::RelatedPerson || invitation.names_policies() {
        return Ok(None);
    }
    let key = tenant.resource_key(profile.kind.as_str(), profile.id);
    let mut found = tenant.read(std::slice::from_ref(&key)).await?;
    tenant.stored(&mut found, &key)
}

fn references_of(invitation: &Invitation) -> Vec<(String, Reference)> {
    let mut references = domain::administrative_references(&invitation.template);
    references.extend(
        invitation
            .patient
            .clone()
            .map(|patient| ("patient".to_owned(), patient)),
    );
    references
}

impl Seen {
    /// Who holds the address in `scope`, and the guard that says so.
    pub(super) fn holder(&self, scope: Scope) -> Option<(&Key, Option<Holder>)> {
        let found = self.holders.iter().find(|(of, ..)| *of == scope);
        found.map(|(_, guard, holder)| (guard, *holder))
    }

    /// # Errors
    /// A fault for each reference that does not resolve in the project.
    pub(super) fn check_references(&self, tenant: Tenant<'_>) -> Result<(), Failure> {
        references::check(tenant, &self.found, &self.references)
    }

    /// The same request, looked at anew.
    pub(super) async fn again(self, means: Means<'_>, tenant: Tenant<'_>) -> Result<Self, Failure> {
        let slip = self.turn.into_slip();
        look(means, tenant, self.invitation, (slip, self.realm)).await
    }
}
