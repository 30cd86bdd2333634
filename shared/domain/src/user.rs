use fhir::{Reference, Resource};
use serde_json::{Map, Value};

use crate::{Email, ProjectId, UserId};

/// The FHIR type name.
pub const USER: &str = "User";

/// Where a user's identity lives, and within which his address is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Above all projects: one sign-in for several of them.
    Server,
    /// Inside one project, with no link to any other.
    Project(ProjectId),
}

impl Scope {
    /// The project of a project-scoped identity.
    pub fn project(self) -> Option<ProjectId> {
        match self {
            Self::Server => None,
            Self::Project(project) => Some(project),
        }
    }
}

/// What the table knows of a user besides the resource: which of his addresses he has proven to own, and how often his
/// credentials have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The number of the current address, from 1; every change of address adds 1.
    pub address: u32,
    /// The highest address number whose mailbox the user has proven to own; 0 if none.
    pub proven: u32,
    /// Rises when the credential or the address changes: sessions of an older epoch are dead.
    pub epoch: u32,
    /// The project whose invite created the user together with its password; its memberships need no proof.
    pub born_in: Option<ProjectId>,
}

impl Standing {
    /// A user who has just been created.
    pub fn newborn(born_in: Option<ProjectId>) -> Self {
        Self {
            address: 1,
            proven: 0,
            epoch: 1,
            born_in,
        }
    }

    /// Whether the current address is proven.
    pub fn is_proven(&self) -> bool {
        self.proven == self.address
    }

    /// The same user after a change of his credential: sessions and links of before are dead.
    #[must_use]
    pub fn renewed(self) -> Self {
        Self {
            epoch: self.epoch + 1,
            ..self
        }
    }

    /// The same user, who has proven that his current address is his.
    #[must_use]
    pub fn with_proof(self) -> Self {
        Self {
            proven: self.address,
            ..self
        }
    }

    /// The address number that must be proven before a membership which somebody else grants in `project` comes to life;
    /// `None` when nothing more is needed.
    pub fn proof_needed(&self, project: ProjectId) -> Option<u32> {
        (!self.is_proven() && self.born_in != Some(project)).then_some(self.address)
    }
}

/// What a user writes of himself.
const OWN: [&str; 2] = ["firstName", "lastName"];
/// What nobody writes by hand: addresses, passwords and factors have operations of their own, and the scope is settled.
const SETTLED: [&str; 7] = [
    "email",
    "emailVerified",
    "externalId",
    "mfaEnrolled",
    "mfaSecret",
    "passwordHash",
    "project",
];

/// A digital identity.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The resource as stored and sent; no secret is part of it.
    pub resource: Resource,
    /// What only the server knows.
    pub standing: Standing,
}

impl User {
    /// The user's id.
    pub fn id(&self) -> UserId {
        UserId::new(self.resource.id)
    }

    /// His address, in normal form.
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// His first and last name.
    pub fn names(&self) -> (&str, &str) {
        (
            self.text("firstName").unwrap_or_default(),
            self.text("lastName").unwrap_or_default(),
        )
    }

    /// The user as others refer to him: his address is the label.
    pub fn reference(&self) -> Reference {
        user_reference(self.id(), self.email())
    }

    /// Where the identity lives.
    pub fn scope(&self) -> Scope {
        let project = self
            .resource
            .body
            .get("project")
            .and_then(Reference::from_json);
        project
            .and_then(|r| r.id())
            .map_or(Scope::Server, |id| Scope::Project(ProjectId::new(id)))
    }

    /// The same user with another address, unverified and unproven, as a new version; sessions and links of before are dead. The same
    /// address again only has to be verified anew.
    #[must_use]
    pub fn moved_to(&self, email: &Email, meta: fhir::Meta) -> Self {
        let mut user = self.clone();
        let body = &mut user.resource.body;
        body.insert("email".into(), email.as_str().into());
        body.insert("emailVerified".into(), false.into());
        if !user.resource.same_content(&self.resource) {
            user.resource.meta = meta;
        }
        if self.email() != Some(email.as_str()) {
            user.standing = self.standing.renewed();
            user.standing.address += 1;
        }
        user
    }

    /// The same user, whose address somebody has shown to receive letters, as a new version.
    #[must_use]
    pub fn verified(&self, meta: fhir::Meta) -> Self {
        let mut user = self.clone();
        user.resource.meta = meta;
        user.resource
            .body
            .insert("emailVerified".into(), true.into());
        user
    }

    /// The user's fields after somebody sent `sent`: the user himself writes his names, an administrator of his everything but what has
    /// operations of its own. What is not theirs is put back silently.
    pub fn overwritten_by(
        &self,
        mut sent: Map<String, Value>,
        as_admin: bool,
    ) -> Map<String, Value> {
        if !as_admin {
            sent.retain(|field, _| OWN.contains(&field.as_str()));
            let mut body = self.resource.body.clone();
            body.extend(sent);
            return body;
        }
        for field in SETTLED {
            sent.shift_remove(field);
            if let Some(stored) = self.resource.body.get(field) {
                sent.insert(field.into(), stored.clone());
            }
        }
        sent
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.resource.body.get(field).and_then(Value::as_str)
    }
}

/// A reference to a user, with his address as label.
pub fn user_reference(id: UserId, email: Option<&str>) -> Reference {
    Reference {
        reference: format!("{USER}/{id}"),
        display: email.map(str::to_owned),
    }
}
