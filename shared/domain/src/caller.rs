use std::sync::Arc;

use fhir::Reference;

use crate::access::Rights;
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
    confined: bool,
    scope: String,
    stands_in_for: Option<Membership>,
    rights: Arc<Rights>,
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
            policies: _,
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
            && session
                .as_ref()
                .is_none_or(|session| !session.revoked && Some(session.epoch) == epoch);
        if !holds {
            return Err(Refusal::Unauthorized);
        }
        let realm = project.id();
        let login = session.as_ref().map(|session| session.login);
        Ok(Self {
            confined: session.as_ref().is_some_and(|session| session.confined),
            scope: session.map(|session| session.scope).unwrap_or_default(),
            stands_in_for: None,
            rights: Arc::default(),
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

    /// The caller with the rights that his policies, or those of the member he stands in for, come to. Until then he has none.
    #[must_use]
    pub fn with(self, rights: Arc<Rights>) -> Self {
        Self { rights, ..self }
    }

    /// What the caller may do with resources.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// An administrator, acting with the rights of a member of his project, and with no others (contract: on behalf of).
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for everybody else; [`Refusal::NotFound`] for a member of another project, or one who may not act himself.
    pub fn standing_in_for(mut self, member: Membership) -> Result<Self, Refusal> {
        if !self.is_admin() {
            return Err(Refusal::Forbidden);
        }
        if member.project() != Some(self.realm) || !member.is_active() {
            return Err(Refusal::NotFound);
        }
        self.stands_in_for = Some(member);
        Ok(self)
    }

    /// Nothing, if the caller speaks for his user as a whole: his second factor, his sessions in other projects.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for whoever speaks for him in this project alone.
    pub fn for_the_whole_user(&self) -> Result<(), Refusal> {
        match self.confined {
            true => Err(Refusal::Forbidden),
            false => Ok(()),
        }
    }

    /// The profile of the member in whose place the caller acts.
    pub fn on_behalf_of(&self) -> Option<Reference> {
        self.stands_in_for.as_ref().map(Membership::profile)
    }

    /// The membership whose rights count: the caller's own, unless he stands in for somebody.
    pub fn acting(&self) -> &Membership {
        self.stands_in_for.as_ref().unwrap_or(&self.membership)
    }

    /// The OAuth scopes of the session.
    pub fn scope(&self) -> &str {
        &self.scope
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

    /// Member of the server administrators' project, and acting as such.
    pub fn is_super_admin(&self) -> bool {
        let at_home = |member: &Membership| member.project() == Some(self.project.id());
        self.project.is_super_admin() && self.stands_in_for.as_ref().is_none_or(at_home)
    }

    /// Whether the caller may administer the project he acts in.
    pub fn is_admin(&self) -> bool {
        self.is_super_admin() || self.acting().is_admin()
    }
}
