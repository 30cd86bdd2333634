//! Sessions: what makes a token count.

mod steps;

use domain::{
    ClientId, Failure, LoginId, MembershipId, ProfileRef, ProfileType, ProjectId, Session, Subject,
    Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::audit::first_after;
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row::{self, Item};
use crate::step::Step;
use crate::whole::Part;

/// The most sessions of one user that are looked at; the newest count.
const MOST_SESSIONS: usize = 100;

/// A session's row. No `Debug`: it holds hashes of secrets and a network address.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct LoginRow {
    /// `User/{id}` or `ClientApplication/{id}`.
    pub subject: String,
    /// The membership by which the subject acts; none until one is chosen.
    #[serde(flatten)]
    grant: GrantRow,
    epoch: u32,
    /// How the session began: `client`, `password` …
    pub method: String,
    /// The scope that was asked for, or a part of it that was chosen since.
    pub scope: String,
    /// When it began, ISO 8601.
    pub began: String,
    /// When tokens were last issued, ISO 8601; else when it began.
    #[serde(default)]
    pub updated: String,
    /// The only project of which memberships may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    only: Option<Uuid>,
    /// The application at Google, of a project's sites, by which a user above projects has signed in: only in these projects does it
    /// count, and it speaks for him nowhere else.
    #[serde(rename = "google", default, skip_serializing_if = "Option::is_none")]
    pub google_client: Option<String>,
    /// Whether a project is about to be registered with it: no membership is offered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registers: bool,
    /// What the client wants to find in the id token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What proves that the client that redeems the code is the one that began: method and challenge of PKCE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<(String, String)>,
    /// Whether the application needs no such proof.
    #[serde(rename = "noPkce", default, skip_serializing_if = "std::ops::Not::not")]
    pub pkce_optional: bool,
    /// Whether the session may be prolonged without a password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refreshable: bool,
    /// The application through which the person signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Uuid>,
    /// The session from which it was continued: who signs out of this one signs out of that one, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Uuid>,
    /// The record beside which its application was launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
    /// How long access tokens live, in seconds, when the application says so.
    #[serde(
        rename = "accessLife",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub access_life: Option<u64>,
    /// How long refresh tokens live, in seconds, when the application says so.
    #[serde(
        rename = "refreshLife",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub refresh_life: Option<u64>,
    /// The network address from which it began.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remote: String,
    /// The program with which it began.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// Whether the second factor was shown.
    #[serde(rename = "twice", default, skip_serializing_if = "std::ops::Not::not")]
    pub second_factor: bool,
    /// Whether the second factor is still to be shown: until then no membership is bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits: bool,
    /// The type of profile that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Whether its code has been redeemed.
    #[serde(default)]
    pub granted: bool,
    /// Whether it was ended.
    pub revoked: bool,
    /// Hash of the secret in the code that is good now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Hash of the secret in the refresh token that is good now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
    /// When the row may be forgotten: seconds since 1970.
    ttl: i64,
}

/// Whose record an application was launched beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Uuid>,
    /// His encounter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Uuid>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct GrantRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    membership: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

/// The membership by which a session acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Its project.
    pub project: ProjectId,
    /// The membership.
    pub membership: MembershipId,
    /// The profile it names.
    pub profile: ProfileRef,
}

impl LoginRow {
    /// A session of `subject` that begins now, without a membership, and may be forgotten at `until`.
    pub fn begun(
        (subject, epoch): (String, u32),
        method: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            subject,
            epoch,
            method: method.to_owned(),
            began: now.to_string(),
            updated: now.to_string(),
            ttl: until.as_seconds(),
            ..Self::default()
        }
    }

    /// The same session, acting by this membership.
    #[must_use]
    pub fn acting_by(mut self, granted: &Granted) -> Self {
        self.grant = GrantRow {
            project: Some(granted.project.uuid()),
            membership: Some(granted.membership.uuid()),
            profile: Some(granted.profile.to_string()),
        };
        self
    }

    /// The scope that was granted.
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        Self {
            scope: scope.to_owned(),
            ..self
        }
    }

    /// The same session for one project alone.
    #[must_use]
    pub fn only_in(self, project: Option<ProjectId>) -> Self {
        Self {
            only: project.map(ProjectId::uuid),
            ..self
        }
    }

    /// The same session, for profiles of one type alone.
    #[must_use]
    pub fn as_a(self, kind: Option<ProfileType>) -> Self {
        Self {
            kind: kind.map(|kind| kind.to_string()),
            ..self
        }
    }

    /// The type of profile that was asked for.
    pub fn kind(&self) -> Option<ProfileType> {
        self.kind.as_deref()?.parse().ok()
    }

    /// The same session, which may be forgotten at another time.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self {
            ttl: until.as_seconds(),
            ..self
        }
    }

    /// The same session, through an application.
    #[must_use]
    pub fn through(self, client: Option<ClientId>) -> Self {
        Self {
            client: client.map(ClientId::uuid),
            ..self
        }
    }

    /// Continues another session: its subject, membership and second factor, and the moment when somebody proved who he is.
    pub fn continuing(
        (origin, row): (LoginId, &Self),
        (now, until): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            subject: row.subject.clone(),
            grant: row.grant.clone(),
            epoch: row.epoch,
            method: row.method.clone(),
            began: row.began.clone(),
            updated: now.to_string(),
            second_factor: row.second_factor,
            google_client: row.google_client.clone(),
            origin: row.origin.or(Some(origin.uuid())),
            ttl: until.as_seconds(),
            ..Self::default()
        }
    }

    /// The session from which it was continued, however often.
    pub fn origin(&self) -> Option<LoginId> {
        self.origin.map(LoginId::new)
    }

    /// The membership by which it acts, once there is one.
    pub fn granted_by(&self) -> Option<Granted> {
        Some(Granted {
            project: ProjectId::new(self.grant.project?),
            membership: MembershipId::new(self.grant.membership?),
            profile: self.grant.profile.as_deref()?.parse().ok()?,
        })
    }

    /// Whether it acts in a project, or is for it alone.
    pub(crate) fn names(&self, project: ProjectId) -> bool {
        let project = Some(project.uuid());
        self.grant.project == project || self.only == project
    }

    /// The user, when it is a person's.
    pub fn user(&self) -> Option<UserId> {
        self.subject.strip_prefix("User/")?.parse().ok()
    }

    /// The application through which it began.
    pub fn client(&self) -> Option<ClientId> {
        self.client.map(ClientId::new)
    }

    /// The only project of which memberships may be chosen.
    pub fn only(&self) -> Option<ProjectId> {
        self.only.map(ProjectId::new)
    }

    /// The subject's epoch when it began.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether the table has merely not forgotten it yet.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ttl <= now.as_seconds()
    }
}

impl Store {
    /// A new session of a person. One that is for a project alone, and has no membership yet, is listed from the beginning: the end of
    /// the project must find it.
    pub fn create_login(&self, id: LoginId, row: &LoginRow) -> Vec<Step> {
        let waits = row.only.is_some() && row.grant.membership.is_none();
        let user = row.user().filter(|_| waits);
        let until = Timestamp::from_millis(row.ttl.saturating_mul(1_000));
        let listed = user.map(|user| self.list_session(user, id, until));
        let session = Step::create(row::item(&Key::Login(id), row));
        std::iter::once(session).chain(listed).collect()
    }

    /// A new session of an application. It stands with the credentials, so that whatever ends them finds it.
    pub fn create_client_login(&self, (client, id): (ClientId, LoginId), row: &LoginRow) -> Step {
        Step::create(row::item(&Key::ClientLogin(client, id), row))
    }

    /// A session among those that its user is shown, until `until`.
    pub fn list_session(&self, user: UserId, id: LoginId, until: Timestamp) -> Step {
        #[derive(Serialize)]
        struct SessionRow {
            ttl: i64,
        }
        let row = SessionRow {
            ttl: until.as_seconds(),
        };
        Step::append(row::item(&Key::Session(user, id), &row))
    }

    /// A session of whoever it is that speaks in it.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn session(&self, of: Subject, id: LoginId) -> Result<Option<LoginRow>, Failure> {
        let key = session_key(of, id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(read_login).transpose()
    }

    /// The sessions of an application, with the moments when tokens were last issued; at most so many.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn client_sessions(
        &self,
        client: ClientId,
        (limit, after): (usize, Option<&str>),
    ) -> Result<Part<(Key, LoginRow)>, Failure> {
        let range = Range::prefix(keys::client(client), keys::SESSIONS);
        let (items, next) = self.part(&range, limit, after).await?;
        let session = |item: Item| {
            let id = row::text(&item, row::SK).strip_prefix(keys::SESSIONS)?;
            let key = Key::ClientLogin(client, id.parse().ok()?);
            Some(read_login(item).map(|row| (key, row)))
        };
        let rows = items.into_iter().filter_map(session);
        Ok(Part {
            rows: rows.collect::<Result<_, _>>()?,
            next,
        })
    }

    /// A person's session by id.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn login(&self, id: LoginId) -> Result<Option<LoginRow>, Failure> {
        let key = Key::Login(id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(read_login).transpose()
    }

    /// A user's sessions, the newest first.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn session_ids(&self, user: UserId) -> Result<Vec<LoginId>, Failure> {
        let range = Range::prefix(keys::user(user), keys::SESSIONS).backwards();
        let page = self.page(&range, MOST_SESSIONS, None).await?;
        let ids = page.items.iter().map(|item| row::text(item, row::SK));
        Ok(ids
            .filter_map(|sk| sk.strip_prefix(keys::SESSIONS)?.parse().ok())
            .collect())
    }

    /// The sessions of a user that began no later than `until`, the oldest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn sessions_until(
        &self,
        user: UserId,
        (until, limit): (Timestamp, usize),
    ) -> Result<Vec<LoginId>, Failure> {
        let last = format!("{}{}", keys::SESSIONS, first_after(until));
        let range = Range::between(keys::user(user), (keys::SESSIONS, last.as_str()));
        let page = self.page(&range, limit, None).await?;
        let ids = page.items.iter().map(|item| row::text(item, row::SK));
        Ok(ids
            .filter_map(|sk| sk.strip_prefix(keys::SESSIONS)?.parse().ok())
            .collect())
    }

    /// Sessions by id; those that are not there are left out.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn logins(&self, ids: &[LoginId]) -> Result<Vec<(LoginId, LoginRow)>, Failure> {
        let keys: Vec<Key> = ids.iter().copied().map(Key::Login).collect();
        let mut found = self.get(&keys).await?;
        let items = ids
            .iter()
            .zip(&keys)
            .filter_map(|(id, key)| Some((*id, found.take(key)?)));
        items
            .map(|(id, item)| Ok((id, read_login(item)?)))
            .collect()
    }
}

/// Where a session stands: a person's by its id alone, an application's with its credentials.
pub(crate) fn session_key(of: Subject, id: LoginId) -> Key {
    match of {
        Subject::User(_) => Key::Login(id),
        Subject::Client(client) => Key::ClientLogin(client, id),
    }
}

fn read_login(item: Item) -> Result<LoginRow, Failure> {
    row::read("a session", item)
}

/// Reads a session's row.
pub(crate) fn read_session(login: LoginId, item: Item) -> Result<Session, Failure> {
    let row = read_login(item)?;
    Ok(Session {
        login,
        scope: row.scope,
        epoch: row.epoch,
        revoked: row.revoked,
        confined: row.google_client.is_some(),
    })
}
