//! What is secret in a project's rows, sealed under a key of the project's own: settings, secrets of applications, what identity providers
//! want to hear. Which row a value is sealed for belongs to the seal: moved to another project, or to another row, it does not open.

use std::collections::BTreeMap;

use domain::access::Rights;
use domain::{Failure, ProjectId, Secret};
use fhir::Resource;
use identity::{DataKey, Sealed};
use serde_json::json;
use store::{Step, Tenant};

use crate::{Means, create_client, provider_secrets};

/// The key of one project, in memory.
pub(crate) struct Vault<'a> {
    means: Means<'a>,
    project: ProjectId,
    key: Option<DataKey>,
    /// The key as it is stored, or is to be.
    stored: Option<String>,
    is_new: bool,
}

impl<'a> Vault<'a> {
    /// With the key that is stored, if there is one.
    pub(crate) fn open(
        means: Means<'a>,
        project: ProjectId,
        stored: Option<&str>,
    ) -> Result<Self, Failure> {
        let open = |text: &str| -> Result<DataKey, Failure> {
            let sealed = sealed(text.into())?;
            Ok(means.keys.open_data_key(&key_place(project), &sealed)?)
        };
        Ok(Self {
            means,
            project,
            key: stored.map(open).transpose()?,
            stored: stored.map(str::to_owned),
            is_new: false,
        })
    }

    /// For a project that is about to be made.
    pub(crate) fn new(means: Means<'a>, project: ProjectId) -> Result<Self, Failure> {
        Self::open(means, project, None)?.or_new()
    }

    /// With a key in any case: a project that is older than its key gets one when there is first something to seal.
    pub(crate) fn or_new(mut self) -> Result<Self, Failure> {
        if self.key.is_none() {
            let place = key_place(self.project);
            let (key, stored) = self.means.keys.new_data_key(&place, &self.means.dice)?;
            self.key = Some(key);
            self.stored = json!(stored).as_str().map(str::to_owned);
            self.is_new = true;
        }
        Ok(self)
    }

    /// What stores a new key.
    pub(crate) fn step(&self, tenant: Tenant<'_>) -> Option<Step> {
        let new = self.stored.as_ref().filter(|_| self.is_new);
        new.map(|new| tenant.put_data_key(new))
    }

    /// The key as it is stored.
    pub(crate) fn stored(&self) -> Option<String> {
        self.stored.clone()
    }

    /// A secret as the row holds it that `place` names within the project. Without a key the system's seals it, which is for the first
    /// moment of a project alone.
    pub(crate) fn seal(&self, place: &str, secret: &Secret) -> Sealed {
        let dice = &self.means.dice;
        match &self.key {
            Some(key) => key.seal(&self.within(place), secret, dice),
            None => self.means.keys.seal(place, secret, dice),
        }
    }

    /// A secret as it was given; `None` when the project has no key any more, as one that is about to go.
    ///
    /// # Errors
    /// [`Failure::Corrupt`] for what was sealed elsewhere.
    pub(crate) fn unseal(
        &self,
        place: &str,
        stored: serde_json::Value,
    ) -> Result<Option<Secret>, Failure> {
        let stored = sealed(stored)?;
        let key = self.key.as_ref();
        if let Some(Ok(open)) = key.map(|key| key.unseal(&self.within(place), &stored)) {
            return Ok(Some(open));
        }
        // The system's key sealed secrets of applications before projects had keys, and does where one begins without; the next write seals
        // them anew.
        match self.means.keys.unseal(place, &stored) {
            Ok(open) => Ok(Some(open)),
            Err(_) if key.is_none() => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    fn within(&self, place: &str) -> String {
        format!("{}/{place}", self.project)
    }
}

/// The keys to what is sealed in some resources, as far as they are known.
pub(crate) struct Vaults<'a> {
    means: Means<'a>,
    keys: BTreeMap<ProjectId, Option<String>>,
}

impl<'a> Vaults<'a> {
    /// None is known.
    pub(crate) fn none(means: Means<'a>) -> Self {
        let keys = BTreeMap::new();
        Self { means, keys }
    }

    /// That of one project is known: what is stored of it, if there is one.
    pub(crate) fn knowing(means: Means<'a>, project: ProjectId, key: Option<String>) -> Self {
        let keys = BTreeMap::from([(project, key)]);
        Self { means, keys }
    }

    /// Reads those that are missing for these resources. Where nothing is sealed, or nothing is shown, it takes no trip.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub(crate) async fn learn(
        &mut self,
        rights: &Rights,
        resources: impl Iterator<Item = &Resource>,
    ) -> Result<(), Failure> {
        match rights.shows_secrets() {
            true => self.read_for(resources).await,
            false => Ok(()),
        }
    }

    /// Reads those that are missing for these resources, for the server's own use.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub(crate) async fn read_for(
        &mut self,
        resources: impl Iterator<Item = &Resource>,
    ) -> Result<(), Failure> {
        let sealed = resources.filter(|it| holds_secrets(it));
        let projects = sealed.filter_map(project_of);
        let mut missing: Vec<ProjectId> = projects
            .filter(|project| !self.keys.contains_key(project))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            self.keys
                .extend(self.means.store.data_keys(&missing).await?);
        }
        Ok(())
    }

    /// That of the project in which the resource stands.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub(crate) fn of(&self, resource: &Resource) -> Result<Vault<'a>, Failure> {
        let project = project_of(resource).unwrap_or_else(|| ProjectId::new(uuid::Uuid::nil()));
        let key = self.keys.get(&project).and_then(Option::as_deref);
        Vault::open(self.means, project, key)
    }

    /// A resource with its secrets, for those to whom they are shown; without them for anybody else.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub(crate) fn revealed(
        &self,
        rights: &Rights,
        resource: Resource,
    ) -> Result<Resource, Failure> {
        match rights.shows_secrets() {
            true if holds_secrets(&resource) => {
                let vault = self.of(&resource)?;
                create_client::shown(&vault, resource)
            }
            true => Ok(resource),
            false => Ok(create_client::without_secrets(resource)),
        }
    }
}

/// Whether anything is sealed in a stored resource.
fn holds_secrets(resource: &Resource) -> bool {
    create_client::is_sealed(resource) || provider_secrets::is_sealed(resource)
}

fn project_of(resource: &Resource) -> Option<ProjectId> {
    resource.meta.project.map(ProjectId::new)
}

fn key_place(project: ProjectId) -> String {
    format!("{project}/key")
}

fn sealed(stored: serde_json::Value) -> Result<Sealed, Failure> {
    serde_json::from_value(stored).map_err(|cause| Failure::corrupt("a sealed secret", cause))
}
