//! Resources of a project other than its memberships: profiles, applications, policies, organizations.

use domain::{Blind, Failure, ProfileRef, ProfileType, ProjectId};
use fhir::{Reference, Resource};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::{self, Key};
use crate::read::{Found, Range};
use crate::row::{self, Item, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;

/// A resource as it stands in the table.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The resource.
    pub resource: Resource,
    /// How many memberships point to it, if it is a profile.
    pub members: u32,
    /// Whether it is certain that it has no past: it was made under an id that nobody had used before, and never changed since.
    pub pristine: bool,
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum Existence {
    /// It is there.
    Here(Box<Stored>),
    /// It was there.
    Gone,
    /// Nothing is known of it, in this project.
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    resource: ResourceRow,
    #[serde(rename = "updP", skip_serializing_if = "Option::is_none")]
    updated_in: Option<String>,
    #[serde(rename = "nameP", skip_serializing_if = "Option::is_none")]
    named_in: Option<String>,
    #[serde(rename = "nameS", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of whom it is told, beside others of its type.
    #[serde(rename = "profP", skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    members: u32,
    /// Only rows that say so have no past; those of earlier days say nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pristine: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What an update writes over; the number of memberships stays. What is superseded has a past.
const REWRITE: &str = "SET body = :body, ver = :ver, upd = :upd, #by = :by, #meta = :meta, obo = :obo REMOVE profP, pristine";
const REWRITE_NAMED: &str = "SET body = :body, ver = :ver, upd = :upd, #by = :by, #meta = :meta, obo = :obo, #nameS = :nameS \
                             REMOVE profP, pristine";
const REWRITE_ABOUT: &str = "SET body = :body, ver = :ver, upd = :upd, #by = :by, #meta = :meta, obo = :obo, profP = :profP \
                             REMOVE pristine";
const REWRITE_NAMED_ABOUT: &str = "SET body = :body, ver = :ver, upd = :upd, #by = :by, #meta = :meta, obo = :obo, \
                                   #nameS = :nameS, profP = :profP REMOVE pristine";

/// Index keys end at 1,024 bytes; names are found by far fewer.
const NAME_BYTES: usize = 256;

/// What stands for a name that is not there: before all names, so that a list by name leaves nobody out.
pub(crate) const NAMELESS: &str = " ";

/// The form in which names are sorted and found: lower case, cut to what an index key can hold.
pub(crate) fn sorted_as(name: Option<&str>) -> String {
    let mut name = name.unwrap_or_default().to_lowercase();
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    if name.is_empty() {
        name.push_str(NAMELESS);
    }
    name
}

/// Whether resources of a type are searched by name: only those stand in the index of names.
fn has_names(kind: &str) -> bool {
    fhir::search::search_param(kind, "name").is_some()
}

impl Tenant<'_> {
    /// The key of a resource of this project. Memberships have keys of their own.
    pub fn resource_key(&self, kind: &str, id: Uuid) -> Key {
        Key::Resource(self.project, kind.to_owned(), id)
    }

    /// The key of the resource a reference points to; `None` when it can point to none.
    pub fn referenced_key(&self, reference: &Reference) -> Option<Key> {
        let id = reference.id()?;
        (!reference.kind().is_empty()).then(|| self.resource_key(reference.kind(), id))
    }

    /// Reads rows by key in one round trip.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn read(&self, keys: &[Key]) -> Result<Found, Failure> {
        self.store.get(keys).await
    }

    /// Whether a row was found at `key`.
    pub fn has(&self, found: &Found, key: &Key) -> bool {
        found.has(key)
    }

    /// A resource by type and id, or what became of it, in one round trip.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn resource(&self, kind: &str, id: Uuid) -> Result<Existence, Failure> {
        let key = self.resource_key(kind, id);
        let gone = Key::Gone(self.past(kind, id));
        let mut found = self.store.get(&[key.clone(), gone.clone()]).await?;
        match self.stored(&mut found, &key)? {
            Some(stored) => Ok(Existence::Here(Box::new(stored))),
            None if found.has(&gone) => Ok(Existence::Gone),
            None => Ok(Existence::Unknown),
        }
    }

    /// The resource that was read at `key`.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn stored(&self, found: &mut Found, key: &Key) -> Result<Option<Stored>, Failure> {
        let Key::Resource(project, kind, id) = key else {
            return Ok(None);
        };
        found
            .take(key)
            .map(|item| stored(kind, *id, *project, item))
            .transpose()
    }

    /// The same, left where it is.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn peek(&self, found: &Found, key: &Key) -> Result<Option<Stored>, Failure> {
        let Key::Resource(project, kind, id) = key else {
            return Ok(None);
        };
        let item = found.at(key).cloned();
        item.map(|item| stored(kind, *id, *project, item))
            .transpose()
    }

    /// The person profiles of one type that have an e-mail address, with the names they are shown by: two, if there are so many.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn profiles_by_email(
        &self,
        email: &Blind,
        kind: ProfileType,
    ) -> Result<Vec<(ProfileRef, Option<String>)>, Failure> {
        self.profiles_at(email, kind, 2).await
    }

    /// At most `limit` of them.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn profiles_at(
        &self,
        email: &Blind,
        kind: ProfileType,
        limit: usize,
    ) -> Result<Vec<(ProfileRef, Option<String>)>, Failure> {
        let range = Range::prefix(
            keys::profiles_by_email(self.project, email),
            format!("{kind}#"),
        );
        let page = self.store.page(&range, limit, None).await?;
        Ok(page
            .items
            .iter()
            .filter_map(|item| indexed_profile(kind, item))
            .collect())
    }

    /// Creates a resource under an id that nobody has used; `members` is how many memberships of the same transaction point to it.
    pub fn create_resource(&self, resource: &Resource, members: u32) -> Step {
        let pristine = true;
        Step::create(self.resource_item(resource, (members, pristine)))
    }

    /// A resource that was deleted is there again, with the past that it had.
    pub fn bring_back_resource(&self, resource: &Resource) -> Step {
        Step::create(self.resource_item(resource, (0, false)))
    }

    /// The index rows by which a person's profile is found by address.
    pub fn index_profile(
        &self,
        profile: ProfileRef,
        emails: &[Blind],
        display: Option<&str>,
    ) -> Vec<Step> {
        let row = IndexRow { display };
        let place = |email: &Blind| Key::ProfileByEmail(self.project, email.clone(), profile);
        emails
            .iter()
            .map(|email| Step::create(row::item(&place(email), &row)))
            .collect()
    }

    /// Index rows of addresses by which a profile is found no more.
    pub fn unindex_profile(&self, profile: ProfileRef, emails: &[Blind]) -> Vec<Step> {
        let place = |email: &Blind| Key::ProfileByEmail(self.project, email.clone(), profile);
        emails
            .iter()
            .map(|email| Step::delete(&place(email)))
            .collect()
    }

    /// Another content of a resource, unchanged since it was `read`; its past version is kept. Memberships that come to point to it
    /// meanwhile are not lost: their number is not written.
    pub fn rewrite_resource(&self, read: &Resource, new: &Resource) -> Vec<Step> {
        let key = self.resource_key(&new.kind, new.id);
        let row = self.resource_item(new, (0, false));
        let set = match (row.contains_key("nameS"), row.contains_key("profP")) {
            (false, false) => REWRITE,
            (true, false) => REWRITE_NAMED,
            (false, true) => REWRITE_ABOUT,
            (true, true) => REWRITE_NAMED_ABOUT,
        };
        let step = row::rewrite_whole(Step::update(&key, set), &row);
        vec![
            step.unchanged_since(read.meta.version),
            self.keep_version(read),
        ]
    }

    /// Takes a resource out of the table that is unchanged since it was `read`, and to which no membership points.
    pub fn delete_resource(&self, read: &Resource) -> Step {
        let key = self.resource_key(&read.kind, read.id);
        Step::delete(&key)
            .when("ver = :read AND (attribute_not_exists(members) OR members <= :nobody)")
            .text(":read", read.meta.version.to_string())
            .number(":nobody", 0)
    }

    /// One more membership points to the profile, which must exist.
    pub fn join_profile(&self, profile: ProfileRef) -> Step {
        self.count_members(profile, 1)
    }

    /// One membership fewer points to the profile.
    pub fn leave_profile(&self, profile: ProfileRef) -> Step {
        self.count_members(profile, -1)
    }

    /// Another name for a profile at addresses by which it is found already.
    pub fn rename_in_index(
        &self,
        profile: ProfileRef,
        emails: &[Blind],
        display: Option<&str>,
    ) -> Vec<Step> {
        let row = IndexRow { display };
        let place = |email: &Blind| Key::ProfileByEmail(self.project, email.clone(), profile);
        emails
            .iter()
            .map(|email| Step::append(row::item(&place(email), &row)).when("attribute_exists(PK)"))
            .collect()
    }

    fn count_members(&self, profile: ProfileRef, by: i64) -> Step {
        let profile = self.resource_key(profile.kind.as_str(), profile.id);
        Step::count(&profile, "members", by)
    }

    fn resource_item(&self, resource: &Resource, (members, pristine): (u32, bool)) -> Item {
        let within = keys::of_type(self.project, &resource.kind);
        let is_named = has_names(&resource.kind);
        let name = is_named.then(|| sorted_as(fhir::names_of(resource).as_deref()));
        let about = resource.subject();
        let about = about.map(|subject| keys::of_subject(self.project, &resource.kind, subject));
        let row = Row {
            resource: ResourceRow::current(resource),
            about,
            named_in: name.is_some().then(|| within.clone()),
            updated_in: Some(within),
            name,
            members,
            pristine,
        };
        row::item(&self.resource_key(&resource.kind, resource.id), &row)
    }
}

#[derive(Serialize)]
struct IndexRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
}

fn indexed_profile(kind: ProfileType, item: &Item) -> Option<(ProfileRef, Option<String>)> {
    let (_, id) = row::text(item, row::SK).split_once('#')?;
    let display = row::text(item, "display");
    let profile = ProfileRef {
        kind,
        id: id.parse().ok()?,
    };
    Some((profile, (!display.is_empty()).then(|| display.to_owned())))
}

/// Reads a resource's row.
pub(crate) fn stored(
    kind: &str,
    id: Uuid,
    project: ProjectId,
    item: Item,
) -> Result<Stored, Failure> {
    let row: Row = row::read("a resource", item)?;
    let resource = row.resource.resource(kind, id, Some(project.uuid()))?;
    Ok(Stored {
        resource,
        members: row.members,
        pristine: row.pristine,
    })
}
