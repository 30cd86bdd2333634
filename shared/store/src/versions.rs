//! The past of resources: superseded versions, and the tombstone of what was deleted.
//!
//! The current row is the newest version. A version has a row of its own when it is superseded; the version in which a resource was
//! deleted is its tombstone, which becomes a row among the others when the resource comes back.

use domain::Failure;
use fhir::{Meta, Reference, Resource};
use uuid::Uuid;

use crate::keys::{self, Key, Past};
use crate::read::{Found, Range};
use crate::row::{self, GoneRow, Item, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;

/// A history is counted within this many megabytes of it; a longer one is told as long as what was read of it.
const COUNTED: usize = 10;

/// The version in which a resource was deleted.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The version's id.
    pub version: Uuid,
    /// When, ISO 8601.
    pub last_updated: String,
    /// By whom.
    pub author: Reference,
}

/// One version of a resource.
#[derive(Clone, Debug)]
pub enum Version {
    /// As it was.
    Was(Box<Resource>),
    /// Deleted.
    Gone(Tombstone),
}

impl Tombstone {
    /// The `meta` of the deletion, as that of the version which comes after it needs it.
    pub fn meta(&self, project: Uuid) -> Meta {
        Meta {
            version: self.version,
            last_updated: self.last_updated.clone(),
            author: self.author.clone(),
            project: Some(project),
            on_behalf_of: None,
            rest: serde_json::Map::new(),
        }
    }

    fn row(&self) -> GoneRow {
        GoneRow {
            id: None,
            ver: self.version,
            upd: self.last_updated.clone(),
            by: self.author.clone(),
        }
    }
}

impl Tenant<'_> {
    /// Where the tombstone of a resource stands.
    pub fn gone_key(&self, kind: &str, id: Uuid) -> Key {
        Key::Gone(self.past(kind, id))
    }

    /// Where a superseded version of a resource stands.
    pub fn version_key(&self, kind: &str, id: Uuid, version: Uuid) -> Key {
        Key::Version(self.past(kind, id), version)
    }

    /// The tombstone among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn tombstone(
        &self,
        found: &mut Found,
        kind: &str,
        id: Uuid,
    ) -> Result<Option<Tombstone>, Failure> {
        let item = found.take(&self.gone_key(kind, id));
        item.map(tombstone).transpose()
    }

    /// The superseded version among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn version_in(
        &self,
        found: &mut Found,
        (kind, id): (&str, Uuid),
        version: Uuid,
    ) -> Result<Option<Version>, Failure> {
        let item = found.take(&self.version_key(kind, id, version));
        item.map(|item| self.past_version(kind, id, item))
            .transpose()
    }

    /// The version of a resource that was answered: the current one, or the one kept when it was superseded.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn version(
        &self,
        kind: &str,
        id: Uuid,
        version: Uuid,
    ) -> Result<Option<Resource>, Failure> {
        let mut found = self
            .store
            .get(&[self.version_key(kind, id, version)])
            .await?;
        Ok(match self.version_in(&mut found, (kind, id), version)? {
            Some(Version::Was(resource)) => Some(*resource),
            Some(Version::Gone(_)) | None => None,
        })
    }

    /// At most `limit` superseded versions, the newest first, and how many there are.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn past_versions(
        &self,
        kind: &str,
        id: Uuid,
        limit: usize,
    ) -> Result<(Vec<Version>, u64), Failure> {
        let range = Range::prefix(self.past(kind, id).partition(), keys::VERSIONS).backwards();
        let (items, total) = tokio::join!(
            self.newest(&range, limit),
            self.store.count_within(&range, COUNTED)
        );
        let versions: Vec<Version> = items?
            .into_iter()
            .map(|item| self.past_version(kind, id, item))
            .collect::<Result<_, _>>()?;
        let read = u64::try_from(versions.len()).unwrap_or(u64::MAX);
        Ok((versions, total?.unwrap_or(read)))
    }

    async fn newest(&self, range: &Range, limit: usize) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        let mut start = None;
        while items.len() < limit {
            let page = self.store.page(range, limit - items.len(), start).await?;
            items.extend(page.items);
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        items.truncate(limit);
        Ok(items)
    }

    /// Keeps the version that is about to be replaced.
    pub fn keep_version(&self, resource: &Resource) -> Step {
        let key = self.version_key(&resource.kind, resource.id, resource.meta.version);
        Step::append(row::item(&key, &ResourceRow::past(resource)))
    }

    /// Leaves a tombstone for a resource that is deleted in the same transaction.
    pub fn bury(&self, kind: &str, id: Uuid, last: &Meta) -> Step {
        let row = GoneRow {
            id: Some(id),
            ver: last.version,
            upd: last.last_updated.clone(),
            by: last.author.clone(),
        };
        Step::append(row::item(&self.gone_key(kind, id), &row))
    }

    /// A resource comes back: the tombstone that was read becomes a version among the others.
    pub fn unbury(&self, kind: &str, id: Uuid, read: &Tombstone) -> Vec<Step> {
        let past = self.version_key(kind, id, read.version);
        vec![
            Step::delete(&self.gone_key(kind, id)).unchanged_since(read.version),
            Step::append(row::item(&past, &read.row())),
        ]
    }

    pub(crate) fn past(&self, kind: &str, id: Uuid) -> Past {
        Past {
            project: self.project,
            kind: kind.to_owned(),
            id,
        }
    }

    fn past_version(&self, kind: &str, id: Uuid, item: Item) -> Result<Version, Failure> {
        if !item.contains_key("body") {
            return tombstone(item).map(Version::Gone);
        }
        let row: ResourceRow = row::read("a version", item)?;
        let resource = row.resource(kind, id, Some(self.project.uuid()))?;
        Ok(Version::Was(Box::new(resource)))
    }
}

fn tombstone(item: Item) -> Result<Tombstone, Failure> {
    let row: GoneRow = row::read("a tombstone", item)?;
    Ok(Tombstone {
        version: row.ver,
        last_updated: row.upd,
        author: row.by,
    })
}
