//! Names that others repeat: memberships show those of their user, their profile and their project, and follow them when they change.

use domain::{Failure, Membership, PROJECT, ProfileRef, ProfileType, ProjectId, USER, UserId};
use fhir::{Meta, Reference, Resource};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::keys::{self, Key};
use crate::members::{Member, read_member};
use crate::read::Range;
use crate::row::{PK, SK};
use crate::step::Step;
use crate::tenant::Tenant;

/// Whose name has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// A profile of a project.
    Profile(ProjectId, ProfileRef),
    /// A user: his name is his address.
    User(UserId),
    /// A project.
    Project(ProjectId),
}

impl Renamed {
    /// Reads a record of the stream; `None` when nobody's name has changed.
    pub fn read(record: &Value) -> Option<Self> {
        let change = &record["dynamodb"];
        let (pk, sk) = (
            change["Keys"][PK]["S"].as_str()?,
            change["Keys"][SK]["S"].as_str()?,
        );
        let (renamed, kind) = match keys::row_at(pk, sk)? {
            Key::Project(project) if sk == Key::Project(project).sk() => {
                (Self::Project(project), PROJECT.to_owned())
            }
            Key::User(user) if sk == Key::User(user).sk() => (Self::User(user), USER.to_owned()),
            Key::Resource(project, kind, id) => {
                let profile = ProfileRef {
                    kind: kind.parse::<ProfileType>().ok()?,
                    id,
                };
                (Self::Profile(project, profile), kind)
            }
            _ => return None,
        };
        let named = |image: &str| display(&kind, change[image]["body"]["S"].as_str()?);
        (named("OldImage") != named("NewImage")).then_some(renamed)
    }
}

/// The words that a reference to a stored resource shows.
fn display(kind: &str, body: &str) -> Option<String> {
    let body: Map<String, Value> = serde_json::from_str(body).ok()?;
    let meta = Meta {
        version: Uuid::nil(),
        last_updated: String::new(),
        author: Reference::system(),
        project: None,
        on_behalf_of: None,
        rest: Map::new(),
    };
    fhir::display_of(&Resource {
        kind: kind.to_owned(),
        id: Uuid::nil(),
        meta,
        body,
    })
}

impl Tenant<'_> {
    /// The memberships of the project, some at a time: those after `start`, and where to go on.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn some_members(
        &self,
        limit: usize,
        start: Option<MemberCursor>,
    ) -> Result<(Vec<Member>, Option<MemberCursor>), Failure> {
        let range = Range::partition(keys::members(self.project));
        let start = start.map(|MemberCursor(start)| start);
        let page = self.store.page(&range, limit, start).await?;
        let members = page
            .items
            .into_iter()
            .map(|item| read_member(self.project, item));
        Ok((
            members.collect::<Result<_, _>>()?,
            page.next.map(MemberCursor),
        ))
    }

    /// Shows other names in a membership that is the same otherwise: no version of its own, and nothing when it has changed since it
    /// was read.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn redisplay_member(&self, member: &Member, new: Membership) -> Result<Step, Failure> {
        let read = member.membership.resource().meta.version;
        let member = Member {
            membership: new,
            ..member.clone()
        };
        self.redisplay(&member, read)
    }
}

/// Where a walk along the memberships goes on.
#[derive(Clone, Debug)]
pub struct MemberCursor(crate::row::Item);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PROJECT_ID: &str = "00000000-0000-4000-8000-000000000001";
    const ID: &str = "00000000-0000-4000-8000-000000000002";

    fn record(pk: &str, sk: &str, bodies: [Value; 2]) -> Value {
        let image = |body: &Value| json!({ "body": { "S": body.to_string() } });
        let keys = json!({ "PK": { "S": pk }, "SK": { "S": sk } });
        json!({ "eventName": "MODIFY", "dynamodb": {
            "Keys": keys, "OldImage": image(&bodies[0]), "NewImage": image(&bodies[1]) } })
    }

    #[test]
    fn a_name_that_changes_is_noticed_and_nothing_else_is() {
        let named =
            |family: &str| json!({ "name": [{ "family": family }], "active": family == "x" });
        let (pk, sk) = (format!("P#{PROJECT_ID}#R"), format!("Patient#{ID}"));
        let renamed = Renamed::read(&record(&pk, &sk, [named("Smith"), named("Simpson")]));
        assert!(matches!(renamed, Some(Renamed::Profile(..))));
        let same = json!({ "name": [{ "family": "Smith" }], "active": true });
        assert_eq!(
            Renamed::read(&record(&pk, &sk, [named("Smith"), same])),
            None
        );
        let sk = format!("Observation#{ID}");
        assert_eq!(
            Renamed::read(&record(&pk, &sk, [named("a"), named("b")])),
            None
        );
    }

    #[test]
    fn users_and_projects_have_names_and_what_stands_beside_them_has_none() {
        let email = |text: &str| json!({ "email": text });
        let name = |text: &str| json!({ "name": text });
        let (user, project) = (format!("U#{ID}"), format!("P#{PROJECT_ID}"));
        let moved = record(
            &user,
            "USER",
            [email("a@example.com"), email("b@example.com")],
        );
        assert!(matches!(Renamed::read(&moved), Some(Renamed::User(_))));
        let renamed = record(&project, "META", [name("a"), name("b")]);
        assert!(matches!(Renamed::read(&renamed), Some(Renamed::Project(_))));
        for (pk, sk) in [(&user, "CRED"), (&project, "ADMINS")] {
            assert_eq!(Renamed::read(&record(pk, sk, [name("a"), name("b")])), None);
        }
    }
}
