//! What sign-in reads of a user: everything that belongs to him, in one round trip.

use domain::{Failure, MembershipId, ProfileType, ProjectId, User, UserId};
use serde::Deserialize;

use crate::Store;
use crate::edges;
use crate::keys::{self, Key};
use crate::members::{Member, read_member};
use crate::projects::read_project;
use crate::read::{Found, Range};
use crate::row::{self, Item};
use crate::second_factors::{SecondFactor, read_second_factor};

/// Pages of a thousand edges that are read at most: nobody chooses from more.
const MOST_PAGES: usize = 5;

/// A user, his password's hash, and where his memberships stand.
#[derive(Default)]
pub struct Person {
    /// The user, unless there is none.
    pub user: Option<User>,
    /// The password's hash.
    pub password: Option<String>,
    /// His second factor.
    pub second_factor: Option<SecondFactor>,
    /// His memberships, by project and place.
    pub places: Vec<Place>,
}

/// Where a membership stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its project.
    pub project: ProjectId,
    /// The type of its profile.
    pub kind: ProfileType,
    /// Its id.
    pub membership: MembershipId,
}

#[derive(Deserialize)]
struct CredentialRow {
    password: String,
}

impl Place {
    /// The membership's key.
    pub fn key(&self) -> Key {
        Key::Membership(self.project, self.kind, self.membership)
    }
}

impl Store {
    /// Reads a user with his password and the places of his memberships.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn person(&self, id: UserId) -> Result<Person, Failure> {
        let (user, rows) = tokio::join!(self.user(id), self.belongings(id));
        let mut person = Person {
            user: user?,
            ..Person::default()
        };
        for item in rows? {
            let sk = row::text(&item, row::SK).to_owned();
            if let Some(project) = keys::edge_to(&sk) {
                person.places.extend(places(project, &item));
            } else if sk == Key::Credential(id).sk() {
                let row: CredentialRow = row::read("a password", item)?;
                person.password = Some(row.password);
            } else if sk == Key::SecondFactor(id).sk() {
                person.second_factor = Some(read_second_factor(item)?);
            }
        }
        Ok(person)
    }

    async fn belongings(&self, id: UserId) -> Result<Vec<Item>, Failure> {
        let range = Range::between(keys::user(id), keys::SIGN_IN);
        let mut rows = Vec::new();
        let mut start = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(&range, 1_000, start.take()).await?;
            rows.extend(page.items);
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        Ok(rows)
    }

    /// The memberships among rows read at their places.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn members_at(&self, found: &mut Found, places: &[Place]) -> Result<Vec<Member>, Failure> {
        let items = places
            .iter()
            .filter_map(|place| Some((place.project, found.take(&place.key())?)));
        items
            .map(|(project, item)| read_member(project, item))
            .collect()
    }

    /// A project among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn project_among(
        &self,
        found: &mut Found,
        id: ProjectId,
    ) -> Result<Option<domain::Project>, Failure> {
        let item = found.take(&Key::Project(id));
        let read = item.map(|item| read_project(id, item));
        Ok(read.transpose()?.flatten())
    }

    /// Reads rows by key, for sign-in, which stands outside of every project until a membership is chosen.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn read_for_sign_in(&self, keys: &[Key]) -> Result<Found, Failure> {
        self.get(keys).await
    }
}

fn places(project: ProjectId, edge: &Item) -> Vec<Place> {
    let keys = edges::ends(edge).filter_map(|end| keys::membership_of(project, end));
    keys.filter_map(|key| match key {
        Key::Membership(project, kind, membership) => Some(Place {
            project,
            kind,
            membership,
        }),
        _ => None,
    })
    .collect()
}
