//! What stands at an address.

use domain::{
    Claimant, ClientId, Failure, PROJECT, PROJECT_MEMBERSHIP, Project, ProjectId, Refusal, Subject,
    USER, User, UserId,
};
use store::{Found, Key, Stored, Tenant, Tombstone};
use uuid::Uuid;

use crate::create_client::CLIENT_APPLICATION;
use crate::create_resource::{BY_OTHER_ROUTES, vault_for};
use crate::provider_secrets::may_name_provider;
use crate::read_resource::{unknown_type, whereabouts};
use crate::vault::{Vault, Vaults};
use crate::{Means, realm, rights};

/// What was read at an address, and beside it. Memberships have places of their own and are read elsewhere.
pub(super) struct Target {
    pub(super) claimant: Claimant,
    /// Where the call acts.
    pub(super) project: ProjectId,
    pub(super) kind: String,
    pub(super) id: Uuid,
    pub(super) stands: Stands,
    /// The project's data key, where there may be something sealed.
    pub(super) data_key: Option<String>,
    /// What else was read.
    pub(super) found: Found,
    /// The project in which the call acts, if the authorisation does not read it.
    pub(super) realm: Option<Project>,
}

/// What an address leads to.
pub(super) enum Stands {
    Here(Box<Stored>),
    Project(Box<Project>),
    User(Box<User>),
    Buried(Tombstone),
    Nowhere,
}

/// Whether one whom the credentials name might change or delete resources of the type.
pub(super) fn check_type(means: Means<'_>, kind: &str, claimant: &Claimant) -> Result<(), Failure> {
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    let elsewhere = BY_OTHER_ROUTES.contains(&kind) && kind != USER;
    match rights::is_protected(means, kind, claimant) || elsewhere {
        true => Err(Refusal::Forbidden.into()),
        false => Ok(()),
    }
}

/// Whether resources of the type come to be and go by FHIR alone.
pub(super) fn is_ordinary(kind: &str) -> bool {
    ![PROJECT, PROJECT_MEMBERSHIP, USER].contains(&kind)
}

/// The project in which a change acts: the caller's, or, for super admins, the one where the resource is.
pub(super) async fn home_of<'a>(
    means: Means<'a>,
    tenant: Tenant<'a>,
    claimant: &Claimant,
    address: (&str, Uuid),
) -> Result<Tenant<'a>, Failure> {
    match claimant.project() == means.keys.super_project() {
        true => whereabouts(means, tenant, address).await,
        false => Ok(tenant),
    }
}

impl Target {
    /// Reads what stands at `kind/id`, and `more` rows in the same trip.
    pub(super) async fn read(
        means: Means<'_>,
        tenant: Tenant<'_>,
        claimant: Claimant,
        ((kind, id), more): ((&str, Uuid), Vec<Key>),
    ) -> Result<Self, Failure> {
        let mut keys = places(tenant, kind, id);
        keys.extend(realm::key(tenant, &claimant));
        keys.extend(may_name_provider(kind).then(|| tenant.data_key_place()));
        keys.extend(more);
        let mut found = tenant.read(&keys).await?;
        let realm = tenant.project_in(&mut found)?;
        let mut target = Self {
            claimant,
            project: tenant.project(),
            kind: kind.to_owned(),
            id,
            stands: Stands::Nowhere,
            data_key: tenant.data_key_in(&mut found)?,
            found,
            realm,
        };
        target.stands = target.stands(means, tenant)?;
        Ok(target)
    }

    /// The key to what is sealed in what stands here.
    pub(super) fn vaults<'a>(&self, means: Means<'a>) -> Vaults<'a> {
        Vaults::knowing(means, self.project, self.data_key.clone())
    }

    /// What seals the secrets of what is to stand here.
    pub(super) fn vault<'a>(
        &mut self,
        means: Means<'a>,
        tenant: Tenant<'_>,
    ) -> Result<Vault<'a>, Failure> {
        let vault = vault_for(means, (tenant, &self.kind), self.data_key.as_deref())?;
        self.data_key = vault.stored();
        Ok(vault)
    }

    fn stands(&mut self, means: Means<'_>, tenant: Tenant<'_>) -> Result<Stands, Failure> {
        let own = tenant.project().uuid() == self.id;
        if self.kind == USER {
            let user = means.store.user_in(&mut self.found, UserId::new(self.id))?;
            let user = user.filter(|user| self.reaches(means, tenant, user));
            return Ok(user.map_or(Stands::Nowhere, |user| Stands::User(Box::new(user))));
        }
        if self.kind == PROJECT
            && let Some(project) = self.realm.clone().filter(|_| own)
        {
            return Ok(Stands::Project(Box::new(project)));
        }
        let key = tenant.resource_key(&self.kind, self.id);
        if let Some(stored) = tenant.stored(&mut self.found, &key)? {
            return Ok(Stands::Here(Box::new(stored)));
        }
        let tombstone = tenant.tombstone(&mut self.found, &self.kind, self.id)?;
        Ok(tombstone.map_or(Stands::Nowhere, Stands::Buried))
    }

    /// Super admins reach every user, everybody himself, administrators the users of their own project.
    fn reaches(&self, means: Means<'_>, tenant: Tenant<'_>, user: &User) -> bool {
        let all_seeing = self.claimant.project() == means.keys.super_project();
        let himself = self.claimant.subject() == Subject::User(user.id());
        all_seeing || himself || user.scope().project() == Some(tenant.project())
    }
}

fn places(tenant: Tenant<'_>, kind: &str, id: Uuid) -> Vec<Key> {
    let mut places = vec![tenant.resource_key(kind, id), tenant.gone_key(kind, id)];
    match kind {
        USER => places.push(Key::User(UserId::new(id))),
        CLIENT_APPLICATION => places.push(Key::Client(ClientId::new(id))),
        PROJECT if tenant.project().uuid() == id => places.push(tenant.project_key()),
        _ => {}
    }
    places
}
