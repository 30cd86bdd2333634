use uuid::Uuid;

use crate::{
    ClientId, ClientStanding, LoginId, MembershipId, ProfileRef, ProfileType, ProjectId, Subject,
};

/// Someone whose credentials are genuine, but of whom it is not yet known whether they still count.
#[derive(Clone, Copy, Debug)]
pub struct Claimant {
    subject: Subject,
    project: ProjectId,
    membership: MembershipId,
    profile: ProfileRef,
    login: Option<LoginId>,
    presented: Option<ClientStanding>,
    realm: ProjectId,
    hint: PolicyHint,
}

/// Which policies a membership probably names: what to read along with it, never a right. More than a few are not worth guessing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyHint([Option<Uuid>; PolicyHint::MOST]);

impl PolicyHint {
    /// More policies are not hinted at.
    pub const MOST: usize = 8;

    /// The first of these.
    pub fn new(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut hint = Self::default();
        for (place, id) in hint.0.iter_mut().zip(ids) {
            *place = Some(id);
        }
        hint
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.0.iter().flatten().copied()
    }
}

impl Claimant {
    /// Named by a genuine token.
    pub fn by_token(
        subject: Subject,
        login: LoginId,
        (project, membership): (ProjectId, MembershipId),
        profile: ProfileRef,
    ) -> Self {
        Self {
            subject,
            project,
            membership,
            profile,
            login: Some(login),
            presented: None,
            realm: project,
            hint: PolicyHint::default(),
        }
    }

    /// An application that has shown its secret.
    pub fn by_secret(
        client: ClientId,
        standing: ClientStanding,
        (project, membership): (ProjectId, MembershipId),
    ) -> Self {
        let profile = ProfileRef {
            kind: ProfileType::ClientApplication,
            id: client.uuid(),
        };
        Self {
            subject: Subject::Client(client),
            project,
            membership,
            profile,
            login: None,
            presented: Some(standing),
            realm: project,
            hint: PolicyHint::default(),
        }
    }

    /// The claimant on the way to act in `project`.
    #[must_use]
    pub fn heading_for(self, project: ProjectId) -> Self {
        Self {
            realm: project,
            ..self
        }
    }

    /// The claimant, with the policies to read along.
    #[must_use]
    pub fn hinting_at(self, hint: PolicyHint) -> Self {
        Self { hint, ..self }
    }

    /// The policies to read along.
    pub fn hint(&self) -> PolicyHint {
        self.hint
    }

    /// Who it says it is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The project of the membership.
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// The membership.
    pub fn membership(&self) -> MembershipId {
        self.membership
    }

    /// The profile it acts as.
    pub fn profile(&self) -> ProfileRef {
        self.profile
    }

    /// The session, unless the application showed its secret.
    pub fn login(&self) -> Option<LoginId> {
        self.login
    }

    /// What was read of the application when its secret was checked.
    pub fn presented(&self) -> Option<ClientStanding> {
        self.presented
    }

    /// The project in which it wants to act.
    pub fn realm(&self) -> ProjectId {
        self.realm
    }
}
