//! What was answered to an `Idempotency-Key`: enough to give the same answer again, and nothing secret.

use domain::{Blind, Failure, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::Key;
use crate::read::Found;
use crate::row;
use crate::step::Step;
use crate::tenant::Tenant;

/// The answer that an action had: the record is part of the action's own transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Hash of the request's raw body.
    pub body: String,
    /// The type of the resource that was answered.
    pub kind: String,
    /// Its id.
    pub resource: Uuid,
    /// Its version.
    pub version: Uuid,
    /// What became of each of several requests that were one, in the words of whoever remembers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<String>,
    /// Until when the key counts: seconds since 1970; the table forgets the row some time after.
    pub ttl: i64,
}

impl Answered {
    /// Whether the record still counts; the table may keep a row for days after its time.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.ttl > now.as_seconds()
    }
}

impl Tenant<'_> {
    /// The place of a key's record.
    pub fn answer_key(&self, key: Blind) -> Key {
        Key::Idempotency(self.project, key)
    }

    /// The record among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn answered(&self, found: &mut Found, key: &Key) -> Result<Option<Answered>, Failure> {
        found
            .take(key)
            .map(|item| row::read("an idempotency record", item))
            .transpose()
    }

    /// Records the answer. A record that no longer counts may be overwritten; one that does means that another request with the
    /// same key was faster.
    pub fn remember(&self, key: &Key, answer: &Answered, now: Timestamp) -> Step {
        Step::append(row::item(key, answer))
            .when("attribute_not_exists(PK) OR #ttl <= :now")
            .number(":now", now.as_seconds())
    }

    /// The same in the place of a record that was read and means nothing any more.
    pub fn remember_instead(&self, key: &Key, answer: &Answered, read: &Answered) -> Step {
        Step::append(row::item(key, answer))
            .when("#version = :read")
            .text(":read", read.version.to_string())
    }
}
