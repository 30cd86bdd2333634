use fhir::Resource;

use crate::{ClientId, LoginId, Membership, Project, Secret, User, UserId};

/// What a request shows to say who sends it.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing, or nothing that can be read.
    None,
    /// An access token.
    Bearer(Secret),
    /// An application's id and secret.
    Basic(ClientId, Secret),
}

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
    /// The policies that the credentials hinted at, as far as they are there.
    pub policies: Vec<Resource>,
}

/// What a session's row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, the claim `login_id`.
    pub login: LoginId,
    /// The OAuth scopes that it was granted.
    pub scope: String,
    /// The subject's epoch when the session began.
    pub epoch: u32,
    /// Whether it has been ended.
    pub revoked: bool,
    /// Whether it speaks for its user in its project alone, and not for him as one whom other projects know.
    pub confined: bool,
}

/// What an application's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientStanding {
    /// `status` absent or `active`.
    pub active: bool,
    /// Rises when the application is switched off or a secret is removed.
    pub epoch: u32,
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
            policies: Vec::new(),
        }
    }
}
