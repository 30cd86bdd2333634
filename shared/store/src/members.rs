//! Memberships: the rows that grant a project to its members, and the guards around them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, Membership, MembershipId, ProfileRef, ProfileType, Refusal, RequestId};
use fhir::{Reference, Resource};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::keys::{self, Key};
use crate::read::{Found, Range};
use crate::resources::sorted_as;
use crate::row::{self, Item, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::together::together;

const KIND: &str = domain::PROJECT_MEMBERSHIP;

/// A membership as it stands in the table.
#[derive(Clone, Debug)]
pub struct Member {
    /// The grant.
    pub membership: Membership,
    /// Whether it is the project owner's: such a one is neither removed nor demoted.
    pub owner: bool,
    /// The address number that its user must have proven before it comes to life.
    pub needs_proof: Option<u32>,
    /// Whether it was made by an invitation, which then has the membership's own id.
    pub invited: bool,
}

impl Member {
    /// The invitation that made it.
    pub fn invitation(&self) -> Option<RequestId> {
        self.invited
            .then(|| RequestId::new(self.membership.id().uuid()))
    }
}

/// A membership that is about to be made.
pub type NewMember = Member;

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    resource: ResourceRow,
    #[serde(rename = "updP")]
    updated_in: String,
    #[serde(rename = "nameP")]
    named_in: String,
    #[serde(rename = "nameS")]
    name: String,
    #[serde(rename = "profP")]
    profile_in: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    owns: bool,
    #[serde(
        rename = "needsProof",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    needs_proof: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    invited: bool,
    /// What people read for the project; its id is part of the key.
    #[serde(
        rename = "projectName",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    project_name: Option<String>,
}

impl Tenant<'_> {
    /// The five places where a membership can stand, and its tombstone: enough to tell 200, 404 and 410 in one round trip.
    pub fn places_of(&self, id: MembershipId) -> Vec<Key> {
        let mut keys: Vec<Key> = ProfileType::ALL
            .map(|kind| Key::Membership(self.project, kind, id))
            .into();
        keys.push(Key::Gone(self.past(KIND, id.uuid())));
        keys
    }

    /// The membership among rows read at [`Tenant::places_of`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Gone`], [`Failure::Corrupt`].
    pub fn member(&self, found: &mut Found, id: MembershipId) -> Result<Member, Failure> {
        for kind in ProfileType::ALL {
            if let Some(item) = found.take(&Key::Membership(self.project, kind, id)) {
                return read_member(self.project, item);
            }
        }
        let gone = found.has(&Key::Gone(self.past(KIND, id.uuid())));
        Err(if gone {
            Refusal::Gone
        } else {
            Refusal::NotFound
        }
        .into())
    }

    /// The memberships among rows read at `keys`, in the order of the keys.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn members(&self, found: &mut Found, keys: &[Key]) -> Result<Vec<Member>, Failure> {
        let items = keys.iter().filter_map(|key| found.take(key));
        items.map(|item| read_member(self.project, item)).collect()
    }

    /// Where the memberships stand that point to a profile.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn memberships_with(&self, profile: ProfileRef) -> Result<Vec<Key>, Failure> {
        let range = Range::index(
            "byProfile",
            "profP",
            keys::of_profile(self.project, profile),
        );
        let page = self.store.page(&range, 100, None).await?;
        let places = page.items.iter().map(|item| row::text(item, row::SK));
        Ok(places
            .filter_map(|sk| keys::membership_of(self.project, sk))
            .collect())
    }

    /// Where the memberships stand that point to any of these profiles.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn memberships_with_any(
        &self,
        profiles: Vec<ProfileRef>,
    ) -> Result<Vec<Key>, Failure> {
        let reads = profiles.into_iter().map(|it| self.memberships_with(it));
        let mut places = Vec::new();
        for keys in together(reads.collect()).await {
            places.extend(keys?);
        }
        Ok(places)
    }

    /// A new membership.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn create_member(&self, member: &NewMember) -> Result<Step, Failure> {
        let (_, item) = self.member_item(member)?;
        Ok(Step::create(item))
    }

    /// A membership that replaces the one which was read; where the profile's type has changed, the row moves.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn replace_member(&self, old: &Membership, new: &Member) -> Result<Vec<Step>, Failure> {
        let read = old.resource().meta.version;
        let from = self.member_key(old)?;
        let (to, item) = self.member_item(new)?;
        Ok(if from == to {
            vec![Step::replace(item, read)]
        } else {
            vec![
                Step::delete(&from).unchanged_since(read),
                Step::create(item),
            ]
        })
    }

    /// Deletes the membership that was read.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn delete_member(&self, membership: &Membership) -> Result<Step, Failure> {
        let key = self.member_key(membership)?;
        Ok(Step::delete(&key).unchanged_since(membership.resource().meta.version))
    }

    /// The names that a membership shows, written over in its row.
    pub(crate) fn redisplay(&self, member: &Member, read: uuid::Uuid) -> Result<Step, Failure> {
        let (key, item) = self.member_item(member)?;
        let set = "SET body = :body, #nameS = :name, projectName = :project";
        let value = |name| {
            item.get(name)
                .cloned()
                .unwrap_or(AttributeValue::Null(true))
        };
        Ok(Step::update(&key, set)
            .value(":body", value("body"))
            .value(":name", value("nameS"))
            .value(":project", value("projectName"))
            .unchanged_since(read))
    }

    pub(crate) fn member_key(&self, membership: &Membership) -> Result<Key, Failure> {
        let profile = membership.profile_ref()?;
        Ok(Key::Membership(self.project, profile.kind, membership.id()))
    }

    fn member_item(&self, member: &Member) -> Result<(Key, Item), Failure> {
        let key = self.member_key(&member.membership)?;
        let profile = member.membership.profile_ref()?;
        let name = member.membership.profile().display;
        let within = keys::members_of_type(self.project, profile.kind);
        let row = Row {
            resource: ResourceRow::current(&without_project(member.membership.resource())),
            named_in: within.clone(),
            updated_in: within,
            name: sorted_as(name.as_deref()),
            profile_in: keys::of_profile(self.project, profile),
            owns: member.owner,
            needs_proof: member.needs_proof,
            invited: member.invited,
            project_name: project_name(member.membership.resource()),
        };
        let item = row::item(&key, &row);
        Ok((key, item))
    }
}

impl Store {
    /// The project in which the resource `id` stands, or stood until it was deleted; for super admins.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn whereabouts(&self, id: uuid::Uuid) -> Result<Option<domain::ProjectId>, Failure> {
        Ok(self.trace(id).await?.map(|(project, _)| project))
    }

    /// The project in which the current resource `id` stands; for the fence around references.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn home_of(&self, id: uuid::Uuid) -> Result<Option<domain::ProjectId>, Failure> {
        let trace = self.trace(id).await?;
        Ok(trace.filter(|(_, is_here)| *is_here).map(|(it, _)| it))
    }

    /// A project, and whether the resource is there still.
    async fn trace(&self, id: uuid::Uuid) -> Result<Option<(domain::ProjectId, bool)>, Failure> {
        let range = Range::index("byId", "id", id.to_string());
        let page = self.page(&range, 1, None).await?;
        Ok(page.items.first().and_then(|item| {
            let project = keys::project_of(row::text(item, row::PK))?;
            Some((project, row::text(item, row::SK) != keys::GONE))
        }))
    }
}

/// The project is left out of the stored body: its id is in the key, and a row that fits a kilobyte costs half of one that does not.
fn without_project(membership: &Resource) -> Resource {
    let mut stored = membership.clone();
    stored.body.shift_remove("project");
    stored
}

fn project_name(membership: &Resource) -> Option<String> {
    Reference::from_json(membership.body.get("project")?)?.display
}

/// Reads a membership's row.
pub(crate) fn read_member(project: domain::ProjectId, item: Item) -> Result<Member, Failure> {
    let row: Row = row::read("a membership", item)?;
    let id = row.resource.id.unwrap_or_default();
    let mut resource: Resource = row.resource.resource(KIND, id, Some(project.uuid()))?;
    let reference = Reference::new(domain::PROJECT, project.uuid());
    let reference = reference.with_display(row.project_name.unwrap_or_default());
    resource.body.insert("project".into(), reference.to_json());
    let membership = Membership::from_resource(resource)
        .map_err(|fault| Failure::corrupt("a membership", fault.text))?;
    Ok(Member {
        membership,
        owner: row.owns,
        needs_proof: row.needs_proof,
        invited: row.invited,
    })
}
