//! The memberships that a person may choose from.

use std::collections::BTreeMap;

use domain::{Failure, Fault, Project, ProjectId, User};
use fhir::Reference;
use serde_json::{Map, Value, json};
use store::{Key, Member, Person, Place};

use super::wish::Wanted;
use crate::Means;

/// Nobody chooses from more.
const MOST: usize = 1_000;

/// What can be chosen.
pub(super) struct Offer {
    /// The memberships that count now.
    pub(super) members: Vec<Member>,
    /// Their projects.
    pub(super) projects: BTreeMap<ProjectId, Project>,
}

/// Whether a person may act by a membership: it is active, and whoever had to prove his mailbox for it has.
pub(super) fn counts(member: &Member, user: &User) -> bool {
    member.membership.is_active() && is_proven(member, user)
}

fn is_proven(member: &Member, user: &User) -> bool {
    member
        .needs_proof
        .is_none_or(|needed| user.standing.proven >= needed)
}

/// Which of a person's memberships are asked for.
pub(super) fn wanted(
    person: &Person,
    (only, kind): (Wanted, Option<domain::ProfileType>),
) -> impl Iterator<Item = &Place> {
    let is_wanted = move |place: &&Place| {
        let project = match only {
            Wanted::Any => true,
            Wanted::This(project) => place.project == project,
            Wanted::New | Wanted::Nowhere => false,
        };
        project && kind.is_none_or(|kind| place.kind == kind)
    };
    person.places.iter().filter(is_wanted)
}

impl Offer {
    /// Reads the memberships at `places` and their projects, and keeps those that count.
    ///
    /// # Errors
    /// "Profile not active" when all were switched off, "User not found" when there is none, as recorded.
    pub(super) async fn read<'a>(
        means: Means<'_>,
        user: &User,
        places: impl Iterator<Item = &'a Place>,
    ) -> Result<Self, Failure> {
        let places: Vec<Place> = places.take(MOST).cloned().collect();
        let (mut members, projects) = members(means, &places).await?;
        let mine = user.reference().reference;
        members.retain(|member| {
            let project = member.membership.project();
            member.membership.user().reference == mine
                && is_proven(member, user)
                && project.is_some_and(|id| projects.contains_key(&id))
        });
        let switched_off = !members.is_empty();
        members.retain(|member| counts(member, user));
        match members.is_empty() {
            false => Ok(Self { members, projects }),
            true if switched_off => Err(Fault::general("Profile not active").into()),
            true => Err(Fault::general("User not found").into()),
        }
    }

    /// The one membership, if there is no choice, with its project.
    pub(super) fn only(&self) -> Option<(&Member, &Project)> {
        match &self.members[..] {
            [member] => Some((member, self.projects.get(&member.membership.project()?)?)),
            _ => None,
        }
    }

    /// The list to choose from.
    pub(super) fn list(&self) -> Value {
        self.members.iter().map(shown).collect()
    }
}

/// Memberships and their projects, in one round trip per hundred rows.
pub(super) async fn members(
    means: Means<'_>,
    places: &[Place],
) -> Result<(Vec<Member>, BTreeMap<ProjectId, Project>), Failure> {
    let tenant = |id: ProjectId| means.store.founding(id);
    let mut keys: Vec<Key> = places.iter().map(Place::key).collect();
    keys.extend(
        places
            .iter()
            .map(|place| tenant(place.project).project_key()),
    );
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let members = means.store.members_at(&mut found, places)?;
    let mut projects = BTreeMap::new();
    for place in places {
        if let Some(project) = means.store.project_among(&mut found, place.project)? {
            projects.insert(place.project, project);
        }
    }
    Ok((members, projects))
}

fn shown(member: &Member) -> Value {
    let membership = &member.membership;
    let mut entry = Map::new();
    entry.insert("id".into(), membership.id().to_string().into());
    for field in ["project", "profile", "identifier"] {
        if let Some(value) = membership.resource().body.get(field) {
            entry.insert(field.into(), value.clone());
        }
    }
    debug_assert!(Reference::from_json(&json!(entry["profile"])).is_some());
    Value::Object(entry)
}
