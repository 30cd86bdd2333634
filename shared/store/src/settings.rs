//! A project's secrets and sites: sealed, one row each, so that reading the project never loads them.

use std::collections::BTreeSet;

use domain::{Failure, Project, ProjectId};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::keys::{self, Key};
use crate::projects::project_item;
use crate::read::{Found, Range};
use crate::row::{self, PK, ResourceRow, SK};
use crate::step::Step;
use crate::tenant::Tenant;

/// Which list of the project a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// `Project.secret`.
    Secret,
    /// `Project.site`.
    Site,
}

/// A secret or site, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSetting {
    /// Which list.
    pub kind: SettingKind,
    /// The secret's name, which is part of its key; sites are numbered.
    pub name: String,
    /// Its place in the list.
    pub at: usize,
    /// What it says, sealed.
    pub sealed: String,
    /// A site's application at Google, by which strangers find it. It is no secret: the site's pages show it. Written only, never read.
    pub google_client: Option<String>,
}

/// The longest id of an application at Google, in bytes: it is part of a key. Theirs have some seventy.
pub const LONGEST_GOOGLE_CLIENT: usize = 512;

/// Sites with the same application at Google are looked for in so many places. A project has forty sites at the most.
const MOST_SITES: usize = 40;

/// A project's secrets and sites, in the order of their lists, and the key under which they are sealed, itself sealed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The data key; none before there is anything to seal.
    pub data_key: Option<String>,
    /// Secrets and sites.
    pub list: Vec<SealedSetting>,
}

impl Settings {
    /// The same with those that `wanted` lets through.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&SealedSetting) -> bool) -> Self {
        self.list.retain(wanted);
        self
    }
}

#[derive(Serialize, Deserialize)]
struct KeyRow {
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    at: usize,
    sealed: String,
    /// Its partition of the index of names, and its place there.
    #[serde(rename = "nameP", default, skip_serializing_if = "Option::is_none")]
    named_in: Option<String>,
    #[serde(rename = "nameS", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Store {
    /// The projects with a site that has this application at Google, in the order of their ids. Two round trips: the index may lag
    /// behind, so that what it names is looked at again.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn projects_of_google_client(&self, client: &str) -> Result<Vec<Project>, Failure> {
        if client.len() > LONGEST_GOOGLE_CLIENT {
            return Ok(Vec::new());
        }
        let partition = keys::sites_of_google_client(client);
        let range = Range::index("byName", "nameP", partition.clone());
        let page = self.page(&range, MOST_SITES, None).await?;
        let site = |hit: &row::Item| keys::site_at(row::text(hit, PK), row::text(hit, SK));
        let sites: Vec<_> = page.items.iter().filter_map(site).collect();
        let homes: BTreeSet<ProjectId> = sites.iter().map(|(project, _)| *project).collect();
        let own = |(project, at): &(ProjectId, usize)| Key::Site(*project, *at);
        let mut keys: Vec<Key> = sites.iter().map(own).collect();
        keys.extend(homes.iter().map(|project| Key::Project(*project)));
        let mut found = self.get(&keys).await?;
        let has_it = |site: &&(ProjectId, usize)| {
            let row = found.at(&own(site));
            row.is_some_and(|row| row::text(row, "nameP") == partition)
        };
        let homes: BTreeSet<ProjectId> = sites.iter().filter(has_it).map(|(of, _)| *of).collect();
        let projects = homes.into_iter().map(|project| {
            let tenant = self.founding(project);
            tenant.project_in(&mut found)
        });
        projects.filter_map(Result::transpose).collect()
    }
}

impl Tenant<'_> {
    /// The project's secrets and sites, with the key to them.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn settings(&self) -> Result<Settings, Failure> {
        let range = Range::prefix(keys::project(self.project), keys::SETTINGS);
        let mut settings = Settings::default();
        let mut start = None;
        loop {
            let page = self.store.page(&range, 1000, start).await?;
            for item in page.items {
                if row::text(&item, SK) == keys::SEAL {
                    let row: KeyRow = row::read("a data key", item)?;
                    settings.data_key = Some(row.sealed);
                } else {
                    settings.list.extend(setting(item)?);
                }
            }
            start = page.next;
            if start.is_none() {
                settings.list.sort_by_key(|setting| setting.at);
                return Ok(settings);
            }
        }
    }

    /// Where the key lies under which the project's secrets are sealed.
    pub fn data_key_place(&self) -> Key {
        Key::DataKey(self.project)
    }

    /// That key, itself sealed, among rows that were read; `None` when the project has none.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn data_key_in(&self, found: &mut Found) -> Result<Option<String>, Failure> {
        data_key_in(found, self.project)
    }

    /// The project's first data key.
    pub fn put_data_key(&self, sealed: &str) -> Step {
        let sealed = sealed.to_owned();
        Step::create(row::item(&Key::DataKey(self.project), &KeyRow { sealed }))
    }

    /// The project's data key is no more: what was sealed under it opens nowhere.
    pub fn drop_data_key(&self) -> Step {
        Step::delete(&Key::DataKey(self.project))
    }

    /// A secret or site from now on.
    pub fn put_setting(&self, setting: &SealedSetting) -> Step {
        let client = setting.google_client.as_deref();
        let row = Row {
            at: setting.at,
            sealed: setting.sealed.clone(),
            named_in: client.map(keys::sites_of_google_client),
            name: client.map(|_| self.project.to_string()),
        };
        Step::append(row::item(&self.setting_key(setting), &row))
    }

    /// A secret or site that is no more.
    pub fn drop_setting(&self, setting: &SealedSetting) -> Step {
        Step::delete(&self.setting_key(setting))
    }

    /// The project, changed since it was read as `old`.
    pub fn replace_project(&self, old: &Project, new: &Project) -> Vec<Step> {
        let read = old.resource().meta.version;
        let past = Key::Version(self.past(domain::PROJECT, old.id().uuid()), read);
        vec![
            Step::replace(project_item(new), read),
            Step::append(row::item(&past, &ResourceRow::past(old.resource()))),
        ]
    }

    fn setting_key(&self, setting: &SealedSetting) -> Key {
        match setting.kind {
            SettingKind::Secret => Key::Secret(self.project, setting.name.clone()),
            SettingKind::Site => Key::Site(self.project, setting.at),
        }
    }
}

impl Store {
    /// The data keys of projects, each itself sealed; none for a project that has none.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn data_keys(
        &self,
        projects: &[ProjectId],
    ) -> Result<Vec<(ProjectId, Option<String>)>, Failure> {
        let places: Vec<Key> = projects.iter().copied().map(Key::DataKey).collect();
        let mut found = self.get(&places).await?;
        let keys = projects.iter();
        keys.map(|project| Ok((*project, data_key_in(&mut found, *project)?)))
            .collect()
    }
}

fn data_key_in(found: &mut Found, project: ProjectId) -> Result<Option<String>, Failure> {
    let row = found.take(&Key::DataKey(project));
    let row = row.map(|item| row::read::<KeyRow>("a data key", item));
    Ok(row.transpose()?.map(|row| row.sealed))
}

fn setting(item: row::Item) -> Result<Option<SealedSetting>, Failure> {
    let place = row::text(&item, SK).to_owned();
    let (kind, name) = match place.split_once('#') {
        Some(("SECRET", name)) => (SettingKind::Secret, name),
        Some(("SITE", at)) => (SettingKind::Site, at),
        _ => return Ok(None),
    };
    let row: Row = row::read("a project's setting", item)?;
    Ok(Some(SealedSetting {
        kind,
        name: name.to_owned(),
        at: row.at,
        sealed: row.sealed,
        google_client: None,
    }))
}
