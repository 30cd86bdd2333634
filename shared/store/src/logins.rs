//! Sessions: what makes a token count, and what ends it.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, LoginId, MembershipId, ProjectId, Refusal, Session, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::keys::Key;
use crate::row::{self, Item};
use crate::step::Step;

/// A session's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginRow {
    /// `User/{id}` or `ClientApplication/{id}`.
    pub subject: String,
    project: Uuid,
    membership: Uuid,
    epoch: u32,
    /// How the session began: `client`, `password` …
    pub method: String,
    scope: String,
    /// When it began, ISO 8601.
    pub began: String,
    revoked: bool,
    /// When the row may be forgotten: seconds since 1970.
    ttl: i64,
}

impl LoginRow {
    /// A session that begins now and ends, at the latest, at `until`.
    pub fn begun(
        subject: String,
        (project, membership): (ProjectId, MembershipId),
        epoch: u32,
        (now, until): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            subject,
            project: project.uuid(),
            membership: membership.uuid(),
            epoch,
            method: "client".into(),
            scope: String::new(),
            began: now.to_string(),
            revoked: false,
            ttl: until.as_seconds(),
        }
    }

    /// The scope that was granted.
    #[must_use]
    pub fn with_scope(self, scope: &str) -> Self {
        Self {
            scope: scope.to_owned(),
            ..self
        }
    }
}

impl Store {
    /// A new session.
    pub fn create_login(&self, id: LoginId, row: &LoginRow) -> Step {
        Step::create(row::item(&Key::Login(id), row))
    }

    /// The session lives on under its subject's new epoch, unless it has ended meanwhile.
    pub fn keep_login(&self, id: LoginId, epoch: u32) -> Step {
        Step::update(&Key::Login(id), "SET epoch = :epoch")
            .number(":epoch", i64::from(epoch))
            .value(":no", AttributeValue::Bool(false))
            .when("revoked = :no")
            .or(Refusal::Unauthorized)
    }
}

/// Reads a session's row.
pub(crate) fn read_session(login: LoginId, item: Item) -> Result<Session, Failure> {
    let row: LoginRow = row::read("a session", item)?;
    Ok(Session {
        login,
        epoch: row.epoch,
        revoked: row.revoked,
    })
}
