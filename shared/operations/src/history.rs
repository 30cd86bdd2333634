//! The versions of a resource: all of them, the newest first, or one.

use domain::access::Interaction;
use domain::{Caller, Claimant, Failure, PROJECT, Refusal};
use fhir::Resource;
use store::{Tenant, Tombstone, Version};
use uuid::Uuid;

use crate::create_client::without_secrets;
use crate::read_resource::{self, revealed, unknown_type};
use crate::vault::Vaults;
use crate::{Means, Sight, linked, rights};

/// The versions of a resource on a page.
#[derive(Debug)]
pub struct History {
    /// The resource's type.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// The versions by id; a deletion has no resource.
    pub versions: Vec<(Uuid, Option<Resource>)>,
    /// How many there are in all.
    pub total: u64,
}

/// Which versions of a history are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// How many.
    pub count: usize,
    /// After how many newer ones.
    pub offset: usize,
}

/// Versions on a page, unless asked; and at most.
const VERSIONS: usize = 100;
const MOST_VERSIONS: usize = 1_000;
/// How many newer versions a page may skip.
const LAST_OFFSET: usize = 10_000;

impl Page {
    /// As asked, within bounds.
    pub fn asked(count: Option<usize>, offset: Option<usize>) -> Self {
        Self {
            count: count.unwrap_or(VERSIONS).min(MOST_VERSIONS),
            offset: offset.unwrap_or(0).min(LAST_OFFSET),
        }
    }
}

/// A resource's history, also when it is deleted; to be read beside the authorisation.
///
/// # Errors
/// A fault for an unknown type, [`Refusal::Forbidden`] for a protected one, [`Refusal::NotFound`] for an unknown, foreign or malformed
/// id alike.
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (address, page): ((&str, &str), Page),
    mut sight: Sight,
) -> Result<History, Failure> {
    let found = whole(means, tenant, claimant, (address, page)).await;
    let caller = sight.caller().await?;
    if fhir::known(address.0) {
        caller.rights().must(address.0, Interaction::History)?;
    }
    let mut found = match found {
        Err(Failure::Refused(Refusal::NotFound)) => {
            let place = Place::beside(means, &caller, address).await?;
            versions(means, place, page).await
        }
        found => found,
    }?;
    let lens = caller.rights().lens(address.0, Interaction::History);
    if !lens.is_open() {
        // Only what is his is told, and counted.
        let seen = |(_, version): &(Uuid, Option<Resource>)| {
            version
                .as_ref()
                .is_some_and(|it| lens.rule_for(it).is_some())
        };
        found.versions.retain(seen);
        found.total = found.versions.len() as u64;
        if found.versions.is_empty() {
            return Err(Refusal::NotFound.into());
        }
    }
    let rights = caller.rights();
    let mut vaults = Vaults::none(means);
    let told = found.versions.iter().filter_map(|(_, it)| it.as_ref());
    vaults.learn(rights, told).await?;
    for (_, version) in &mut found.versions {
        let told = version.take();
        let told = told.map(|it| vaults.revealed(rights, it)).transpose()?;
        *version = told.and_then(|it| lens.shown(it));
    }
    Ok(found)
}

async fn whole(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (address, page): ((&str, &str), Page),
) -> Result<History, Failure> {
    let place = Place::find(means, tenant, &claimant, address).await?;
    versions(means, place, page).await
}

async fn versions(means: Means<'_>, place: Place<'_>, page: Page) -> Result<History, Failure> {
    let most = page.offset + page.count;
    let (newest, past) = tokio::join!(
        place.newest(means),
        place.tenant.past_versions(place.kind, place.id, most)
    );
    let (newest, (past, total)) = (newest?, past?);
    let versions = std::iter::once(newest).chain(past.into_iter().map(told));
    Ok(History {
        versions: versions.skip(page.offset).take(page.count).collect(),
        total: total + 1,
        kind: place.kind.to_owned(),
        id: place.id,
    })
}

/// One version of a resource; to be read beside the authorisation.
///
/// # Errors
/// As [`look`]; [`Refusal::Gone`] for the version in which it was deleted.
pub async fn look_at(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (address, version): ((&str, &str), &str),
    mut sight: Sight,
) -> Result<Resource, Failure> {
    let found = version_of(means, tenant, claimant, (address, version)).await;
    let caller = sight.caller().await?;
    if fhir::known(address.0) {
        caller.rights().must(address.0, Interaction::Vread)?;
    }
    let lens = caller.rights().lens(address.0, Interaction::Vread);
    let found = match found {
        Err(Failure::Refused(Refusal::NotFound)) => {
            let place = Place::beside(means, &caller, address).await?;
            one_of(means, place, version).await
        }
        found => found,
    };
    match found {
        Ok(resource) => {
            let resource = revealed(means, caller.rights(), resource).await?;
            lens.shown(resource).ok_or_else(|| Refusal::NotFound.into())
        }
        Err(Failure::Refused(Refusal::Gone)) if !lens.is_open() => Err(Refusal::NotFound.into()),
        Err(failure) => Err(failure),
    }
}

async fn version_of(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (address, version): ((&str, &str), &str),
) -> Result<Resource, Failure> {
    let place = Place::find(means, tenant, &claimant, address).await?;
    one_of(means, place, version).await
}

async fn one_of(means: Means<'_>, place: Place<'_>, version: &str) -> Result<Resource, Failure> {
    let version = version.parse().unwrap_or_default();
    let (newest, past) = tokio::join!(place.newest(means), place.past(version));
    let (newest, past) = (newest?, past?);
    let wanted = match newest.0 == version {
        true => Some(newest.1),
        false => past.map(|past| told(past).1),
    };
    match wanted {
        Some(Some(resource)) => Ok(resource),
        Some(None) => Err(Refusal::Gone.into()),
        None => Err(Refusal::NotFound.into()),
    }
}

/// A version as it is told. Past secrets are nobody's business.
fn told(version: Version) -> (Uuid, Option<Resource>) {
    match version {
        Version::Was(resource) => (resource.meta.version, Some(without_secrets(*resource))),
        Version::Gone(tombstone) => (tombstone.version, None),
    }
}

/// Where a resource stands.
struct Place<'a> {
    tenant: Tenant<'a>,
    kind: &'a str,
    id: Uuid,
    all_seeing: bool,
}

impl<'a> Place<'a> {
    async fn find(
        means: Means<'a>,
        tenant: Tenant<'a>,
        claimant: &Claimant,
        (kind, id): (&'a str, &str),
    ) -> Result<Self, Failure> {
        if !fhir::known(kind) {
            return Err(unknown_type());
        }
        if rights::is_protected(means, kind, claimant) {
            return Err(Refusal::Forbidden.into());
        }
        // A malformed id costs the same read as an unknown one.
        let id = fhir::Reference::to(format!("{kind}/{id}")).id();
        let id = id.unwrap_or_default();
        let all_seeing = claimant.project() == means.keys.super_project();
        let tenant = match all_seeing {
            true => read_resource::whereabouts(means, tenant, (kind, id)).await?,
            false => tenant,
        };
        Ok(Self {
            tenant,
            kind,
            id,
            all_seeing,
        })
    }

    /// What was not found in the caller's own project: where a linked project has it.
    async fn beside(
        means: Means<'a>,
        caller: &Caller,
        (kind, id): (&'a str, &str),
    ) -> Result<Self, Failure> {
        let id = fhir::Reference::to(format!("{kind}/{id}")).id();
        let id = id.unwrap_or_default();
        let tenant = match kind {
            PROJECT => None,
            _ => linked::holder(means, caller, (kind, id)).await?,
        };
        Ok(Self {
            tenant: tenant.ok_or(Refusal::NotFound)?,
            kind,
            id,
            all_seeing: false,
        })
    }

    /// The current version, or its deletion.
    async fn newest(&self, means: Means<'_>) -> Result<(Uuid, Option<Resource>), Failure> {
        let address = (self.kind, self.id);
        let (current, tombstone) = tokio::join!(
            read_resource::within(means, self.tenant, address, self.all_seeing),
            self.tombstone()
        );
        match (current, tombstone?) {
            (Ok(resource), _) => Ok((resource.meta.version, Some(resource))),
            (Err(Failure::Refused(Refusal::Gone)), Some(tombstone)) => {
                Ok((tombstone.version, None))
            }
            (Err(failure), _) => Err(failure),
        }
    }

    async fn tombstone(&self) -> Result<Option<Tombstone>, Failure> {
        let key = self.tenant.gone_key(self.kind, self.id);
        let mut found = self.tenant.read(&[key]).await?;
        self.tenant.tombstone(&mut found, self.kind, self.id)
    }

    async fn past(&self, version: Uuid) -> Result<Option<Version>, Failure> {
        let key = self.tenant.version_key(self.kind, self.id, version);
        let mut found = self.tenant.read(&[key]).await?;
        let address = (self.kind, self.id);
        self.tenant.version_in(&mut found, address, version)
    }
}
