//! Edges: the set of a user's memberships in a project. Sign-in reads them; their absence is what makes a membership unique.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, Membership, Refusal, UserId};

use crate::keys::{self, Key};
use crate::row::{self, Item};
use crate::step::Step;
use crate::tenant::Tenant;

/// The set of an edge: the sort keys of the user's memberships in the project.
const MEMBERSHIPS: &str = "memberships";

/// The places in an edge, in order.
pub(crate) fn ends(edge: &Item) -> impl Iterator<Item = &str> {
    let ends = edge.get(MEMBERSHIPS).and_then(|value| value.as_ss().ok());
    let mut ends: Vec<&String> = ends.into_iter().flatten().collect();
    ends.sort();
    ends.into_iter().map(String::as_str)
}

impl Tenant<'_> {
    /// Where the memberships of users in this project stand.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn memberships_of(&self, users: &[UserId]) -> Result<Vec<Key>, Failure> {
        let edges: Vec<Key> = users
            .iter()
            .map(|user| Key::Edge(*user, self.project))
            .collect();
        let mut found = self.store.get(&edges).await?;
        let items: Vec<Item> = edges.iter().filter_map(|edge| found.take(edge)).collect();
        Ok(items
            .iter()
            .flat_map(ends)
            .filter_map(|end| keys::membership_of(self.project, end))
            .collect())
    }

    /// The user's first membership in the project; there must be none.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn first_edge(&self, user: UserId, membership: &Membership) -> Result<Step, Failure> {
        let place = self.member_key(membership)?.sk();
        let mut item = row::place(&Key::Edge(user, self.project));
        item.insert(MEMBERSHIPS.into(), AttributeValue::Ss(vec![place]));
        Ok(Step::create(item).or(Refusal::AlreadyMember))
    }

    /// One more membership of the user in the project.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn another_edge(&self, user: UserId, membership: &Membership) -> Result<Step, Failure> {
        let place = self.member_key(membership)?.sk();
        Ok(
            Step::update(&Key::Edge(user, self.project), "ADD memberships :this")
                .value(":this", AttributeValue::Ss(vec![place])),
        )
    }

    /// The user's only membership in the project goes; [`Tenant::one_of_edges`] is for when it is not the only one.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn last_edge(&self, user: UserId, membership: &Membership) -> Result<Step, Failure> {
        let place = self.member_key(membership)?.sk();
        Ok(Step::delete(&Key::Edge(user, self.project))
            .when("memberships = :this")
            .value(":this", AttributeValue::Ss(vec![place])))
    }

    /// One of the user's several memberships in the project goes.
    ///
    /// # Errors
    /// A fault when its profile is no profile.
    pub fn one_of_edges(&self, user: UserId, membership: &Membership) -> Result<Step, Failure> {
        let place = self.member_key(membership)?.sk();
        Ok(
            Step::update(&Key::Edge(user, self.project), "DELETE memberships :this")
                .value(":this", AttributeValue::Ss(vec![place]))
                .number(":one", 1)
                .when("size(memberships) > :one"),
        )
    }

    /// A membership of the user stands elsewhere from now on.
    ///
    /// # Errors
    /// [`Failure::Unavailable`]; a fault when a profile is no profile.
    pub async fn move_edge(
        &self,
        user: UserId,
        (old, new): (&Membership, &Membership),
    ) -> Result<Step, Failure> {
        let key = Key::Edge(user, self.project);
        let item = self
            .store
            .get(std::slice::from_ref(&key))
            .await?
            .take(&key)
            .unwrap_or_default();
        let before = item
            .get(MEMBERSHIPS)
            .and_then(|value| value.as_ss().ok())
            .cloned()
            .unwrap_or_default();
        let mut after = before.clone();
        after.retain(|place| Some(place) != self.member_key(old).ok().map(|key| key.sk()).as_ref());
        after.push(self.member_key(new)?.sk());
        Ok(Step::update(&key, "SET memberships = :after")
            .value(":after", AttributeValue::Ss(after))
            .value(":before", AttributeValue::Ss(before))
            .when("memberships = :before"))
    }
}
