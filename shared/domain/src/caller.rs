use fhir::Reference;

use crate::{
    ClientId, LoginId, Membership, MembershipId, ProfileRef, ProfileType, Project, ProjectId,
    Refusal, User, UserId,
};

/// Who holds the credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person, signed in.
    User(UserId),
    /// An application, by token or by Basic credentials.
    Client(ClientId),
}

/// The rows that decide, read afresh for every request.
#[derive(Debug)]
pub struct Evidence {
    /// Who the credentials say it is.
    pub subject: Subject,
    /// The session, and the epoch of the credential at sign-in; Basic credentials have none.
    pub session: Option<Session>,
    /// The membership named by the credentials.
    pub membership: Option<Membership>,
    /// The address number that the member must have proven.
    pub needs_proof: Option<u32>,
    /// The user, when the subject is one.
    pub user: Option<User>,
    /// Whether the application is active and, for a session, the epoch of its credential.
    pub client: Option<ClientStanding>,
    /// The membership's project.
    pub project: Option<Project>,
}

/// What a session's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, the claim `login_id`.
    pub login: LoginId,
    /// The subject's epoch when the session began.
    pub epoch: u32,
    /// Whether it has been ended.
    pub revoked: bool,
}

/// What an application's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientStanding {
    /// `status` absent or `active`.
    pub active: bool,
    /// Rises when the application is switched off or a secret is removed.
    pub epoch: u32,
}

/// Someone who may act: the proof that a request's credentials hold now. Only [`Caller::admit`] makes one, and the rows of a
/// project are reached only through it.
#[derive(Clone, Debug)]
pub struct Caller {
    membership: Membership,
    project: Project,
    realm: ProjectId,
    subject: Subject,
    user: Option<User>,
    login: Option<LoginId>,
}

impl Caller {
    /// Weighs the evidence.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] whatever is missing, ended, switched off, unproven or does not fit together: the answer does
    /// not say which.
    pub fn admit(evidence: Evidence) -> Result<Self, Refusal> {
        let Evidence {
            subject,
            session,
            membership,
            needs_proof,
            user,
            client,
            project,
        } = evidence;
        let (Some(membership), Some(project)) = (membership, project) else {
            return Err(Refusal::Unauthorized);
        };
        let epoch = match subject {
            Subject::User(_) => user.as_ref().map(|user| user.standing.epoch),
            Subject::Client(_) => client
                .filter(|client| client.active)
                .map(|client| client.epoch),
        };
        let named = match subject {
            Subject::User(id) => format!("User/{id}"),
            Subject::Client(id) => format!("ClientApplication/{id}"),
        };
        let proven = user.as_ref().map_or(0, |user| user.standing.proven);
        let holds = membership.is_active()
            && membership.user().reference == named
            && membership.project() == Some(project.id())
            && needs_proof.is_none_or(|needed| proven >= needed)
            && epoch.is_some()
            && session.is_none_or(|session| !session.revoked && Some(session.epoch) == epoch);
        if !holds {
            return Err(Refusal::Unauthorized);
        }
        let realm = project.id();
        let login = session.map(|session| session.login);
        Ok(Self {
            membership,
            project,
            realm,
            subject,
            user,
            login,
        })
    }

    /// The caller, acting in `project`: his own, or, for a super admin, any.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for everybody else's project, known or unknown alike.
    pub fn acting_in(mut self, project: ProjectId) -> Result<Self, Refusal> {
        if project != self.project.id() && !self.is_super_admin() {
            return Err(Refusal::Forbidden);
        }
        self.realm = project;
        Ok(self)
    }

    /// The project in which this call acts; its rows are the only ones within reach.
    pub fn realm(&self) -> ProjectId {
        self.realm
    }

    /// The caller's own project.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Whether the call acts in the caller's own project.
    pub fn is_at_home(&self) -> bool {
        self.realm == self.project.id()
    }

    /// The membership by which the caller is here.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The profile the caller acts as: the author of what he writes.
    pub fn profile(&self) -> Reference {
        self.membership.profile()
    }

    /// Who the caller is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The person, when the caller is one.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// The session; Basic credentials have none.
    pub fn login(&self) -> Option<LoginId> {
        self.login
    }

    /// Member of the server administrators' project.
    pub fn is_super_admin(&self) -> bool {
        self.project.is_super_admin()
    }

    /// Whether the caller may administer the project he acts in.
    pub fn is_admin(&self) -> bool {
        self.is_super_admin() || self.membership.is_admin()
    }
}

impl Evidence {
    /// Nothing speaks for the subject.
    pub fn nothing(subject: Subject) -> Self {
        Self {
            subject,
            session: None,
            membership: None,
            needs_proof: None,
            user: None,
            client: None,
            project: None,
        }
    }
}

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
