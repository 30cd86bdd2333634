//! Everything that a project has, page by page, for jobs.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Blind, ClientId, Email, Failure, LoginId, ProfileType, ProjectId, Scope, User, UserId,
};

use fhir::Resource;
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key};
use crate::members::{Member, read_member};
use crate::read::{Page, Range};
use crate::resources::{Stored, stored};
use crate::row::{self, Item, PK, SK};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::together::together;
use crate::users::read_user;

/// How many users' sessions are read at once.
const AT_ONCE: usize = 16;
/// How many sessions of one user.
const SESSIONS: usize = 500;

/// A piece of everything, and where the rest begins.
#[derive(Debug)]
pub struct Part<T> {
    /// What stands there.
    pub rows: Vec<T>,
    /// Where it goes on; `None` at the end.
    pub next: Option<String>,
}

impl Tenant<'_> {
    /// The project's memberships, persons first.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn all_members(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<Member>, Failure> {
        let range = Range::partition(keys::members(self.project));
        let (items, next) = self.part(&range, limit, after).await?;
        let rows = items.into_iter();
        let rows = rows.map(|item| read_member(self.project, item));
        Ok(Part {
            rows: rows.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// The project's resources other than its memberships, by type.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn all_resources(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<Stored>, Failure> {
        let range = Range::partition(keys::resources(self.project));
        let (items, next) = self.part(&range, limit, after).await?;
        let read = |item: Item| {
            let place = row::text(&item, SK).to_owned();
            let (kind, id) = place
                .split_once('#')
                .and_then(|(kind, id)| Some((kind, id.parse::<Uuid>().ok()?)))
                .ok_or_else(|| Failure::corrupt("a resource", "its key has no id"))?;
            stored(kind, id, self.project, item)
        };
        Ok(Part {
            rows: items.into_iter().map(read).collect::<Result<_, _>>()?,
            next,
        })
    }

    /// The users who exist within the project only, as the index knows them.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn all_users(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<User>, Failure> {
        let scope = Scope::Project(self.project);
        let Part { rows: ids, next } = self.store.user_ids(scope, (limit, after)).await?;
        let keys: Vec<Key> = ids.iter().copied().map(Key::User).collect();
        let mut found = self.store.get(&keys).await?;
        let there = ids
            .into_iter()
            .zip(&keys)
            .filter_map(|(id, key)| Some((id, found.take(key)?)));
        Ok(Part {
            rows: there
                .map(|(id, item)| read_user(id, item))
                .collect::<Result<_, _>>()?,
            next,
        })
    }

    /// How many memberships and how many other resources the project has, if not more than `most` of both together.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn size_within(&self, most: u64) -> Result<Option<u64>, Failure> {
        let pages = usize::try_from(most / 1_000 + 2).unwrap_or(2);
        let members = Range::partition(keys::members(self.project));
        let resources = Range::partition(keys::resources(self.project));
        let (members, resources) = tokio::join!(
            self.store.count_within(&members, pages),
            self.store.count_within(&resources, pages)
        );
        let size = members?.zip(resources?).map(|(a, b)| a + b);
        Ok(size.filter(|size| *size <= most))
    }

    /// The sessions of these users in this project or for it alone, with their places in the users' lists.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn sessions_of(&self, users: &[UserId]) -> Result<Vec<Key>, Failure> {
        let mut keys = Vec::new();
        for some in users.chunks(AT_ONCE) {
            let reads = some.iter().map(|user| self.sessions_here(*user));
            for here in together(reads.collect()).await {
                keys.extend(here?);
            }
        }
        Ok(keys)
    }

    async fn sessions_here(&self, user: UserId) -> Result<Vec<Key>, Failure> {
        let range = Range::prefix(keys::user(user), keys::SESSIONS);
        let (mut sessions, mut after) = (Vec::new(), None);
        loop {
            let (items, next) = self.part(&range, SESSIONS, after.as_deref()).await?;
            let ids = items.iter().map(|item| row::text(item, SK));
            let ids = ids.filter_map(|sk| sk.strip_prefix(keys::SESSIONS)?.parse().ok());
            let ids: Vec<LoginId> = ids.collect();
            let logins = self.store.logins(&ids).await?.into_iter();
            let here = logins.filter(|(_, login)| login.names(self.project));
            sessions.extend(here.flat_map(|(id, _)| [Key::Login(id), Key::Session(user, id)]));
            after = next;
            if after.is_none() {
                return Ok(sessions);
            }
        }
    }

    /// These users were not born in this project any more: what was granted to them for that goes with it. A user who was born elsewhere
    /// stays as he is.
    pub fn forget_births(&self, users: &[User], blind: impl Fn(&Email) -> Blind) -> Vec<Step> {
        let born = users
            .iter()
            .filter(|user| user.standing.born_in == Some(self.project));
        let forget = |key: &Key| {
            Step::update(key, "REMOVE bornIn")
                .when("bornIn = :here")
                .text(":here", self.project.to_string())
        };
        born.flat_map(|user| {
            let email = user.email().and_then(|email| email.parse().ok());
            let guard = email.map(|email| Key::EmailGuard(user.scope(), blind(&email)));
            // The guard first: whoever comes again after a fall finds the user.
            guard.into_iter().chain([Key::User(user.id())])
        })
        .map(|key| forget(&key))
        .collect()
    }

    /// The applications among the project's resources.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn client_ids(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<ClientId>, Failure> {
        let kind = keys::resource_range(ProfileType::ClientApplication.as_str());
        let range = Range::prefix(keys::resources(self.project), kind.clone());
        let (items, next) = self.part(&range, limit, after).await?;
        let ids = items.iter().map(|item| row::text(item, SK));
        Ok(Part {
            rows: ids
                .filter_map(|sk| sk.strip_prefix(&kind)?.parse().ok())
                .collect(),
            next,
        })
    }

    /// Deletes a resource that nobody is a member by, as it was read. Its tombstone stays until its past is emptied: who comes again
    /// after a fall finds it and goes on.
    pub fn erase_resource(&self, read: &Resource, last: &fhir::Meta) -> Vec<Step> {
        let gone = Step::delete(&self.resource_key(&read.kind, read.id))
            .when("ver = :read AND (attribute_not_exists(members) OR members = :none)")
            .text(":read", read.meta.version.to_string())
            .number(":none", 0);
        vec![gone, self.bury(&read.kind, read.id, last)]
    }

    async fn part(
        &self,
        range: &Range,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), Failure> {
        self.store.part(range, limit, after).await
    }
}

impl Store {
    /// The projects of the server as the index knows them, closed ones among them; whichever changes meanwhile comes again.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn all_projects(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<ProjectId>, Failure> {
        let range = Range::index("byUpdated", "updP", keys::ALL_PROJECTS.to_owned());
        let (items, next) = self.part(&range, limit, after).await?;
        let projects = items.iter().filter_map(|item| match place_in(item)? {
            Key::Project(id) => Some(id),
            _ => None,
        });
        Ok(Part {
            rows: projects.collect(),
            next,
        })
    }

    /// The users of a scope as the index knows them; whoever changes meanwhile comes again.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn user_ids(
        &self,
        scope: Scope,
        (limit, after): (usize, Option<&str>),
    ) -> Result<Part<UserId>, Failure> {
        let range = Range::index("byUpdated", "updP", keys::users_in(scope));
        let (items, next) = self.part(&range, limit, after).await?;
        let ids = items.iter().filter_map(|item| match place_in(item)? {
            Key::User(id) => Some(id),
            _ => None,
        });
        Ok(Part {
            rows: ids.collect(),
            next,
        })
    }

    pub(crate) async fn part(
        &self,
        range: &Range,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), Failure> {
        let start = after.map(place).transpose()?;
        let Page { items, next } = self.page(range, limit, start).await?;
        Ok((items, next.as_ref().map(position)))
    }
}

/// The row with an id behind an index hit.
fn place_in(item: &Item) -> Option<Key> {
    keys::row_at(row::text(item, PK), row::text(item, SK))
}

/// A place in a range as text; every part of a key is text.
fn position(item: &Item) -> String {
    let mut names: Vec<&String> = item.keys().collect();
    names.sort();
    let texts: Vec<[&str; 2]> = names
        .into_iter()
        .map(|name| [name.as_str(), row::text(item, name)])
        .collect();
    serde_json::to_string(&texts).unwrap_or_default()
}

fn place(position: &str) -> Result<Item, Failure> {
    let texts: Vec<[String; 2]> =
        serde_json::from_str(position).map_err(|cause| Failure::corrupt("a place", cause))?;
    let attribute = |[name, text]: [String; 2]| (name, AttributeValue::S(text));
    Ok(texts.into_iter().map(attribute).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_when_it_is_read_back() {
        let item = Item::from([
            (PK.to_owned(), AttributeValue::S("P#1#R".into())),
            (SK.to_owned(), AttributeValue::S("Patient#2".into())),
        ]);
        assert_eq!(place(&position(&item)).ok(), Some(item));
    }
}
