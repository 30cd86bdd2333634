use fhir::Reference;

use crate::{Evidence, LoginId, Membership, Project, ProjectId, Refusal, Subject, User};

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
