//! Failed attempts to sign in: what is remembered of them, for an hour or a month.

use domain::{Blind, Failure, Timestamp, Tries};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::keys::Key;
use crate::read::Found;
use crate::row;
use crate::step::Step;

#[derive(Serialize, Deserialize)]
struct TriesRow {
    #[serde(default)]
    failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<i64>,
    #[serde(default)]
    familiar: bool,
    ttl: i64,
}

impl Store {
    /// Where attempts are remembered.
    pub fn tries_key(&self, of: Blind) -> Key {
        Key::Attempts(of)
    }

    /// What is remembered, among rows read at `key`. The table may keep a row for days after its time; it no longer counts.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn tries(&self, found: &mut Found, key: &Key, now: Timestamp) -> Result<Tries, Failure> {
        let Some(item) = found.take(key) else {
            return Ok(Tries::default());
        };
        let row: TriesRow = row::read("attempts to sign in", item)?;
        if row.ttl <= now.as_seconds() {
            return Ok(Tries::default());
        }
        Ok(Tries {
            failures: row.failures,
            latest: row.latest,
            familiar: row.familiar,
        })
    }

    /// One failure more.
    pub fn count_failure(&self, key: &Key, now: Timestamp, until: Timestamp) -> Step {
        Step::update(key, "ADD failures :one SET latest = :now, #ttl = :until")
            .number(":one", 1)
            .number(":now", now.as_seconds())
            .number(":until", until.as_seconds())
    }

    /// The first failure after what was remembered no longer counts.
    pub fn first_failure(&self, key: &Key, now: Timestamp, until: Timestamp) -> Step {
        let row = TriesRow {
            failures: 1,
            latest: Some(now.as_seconds()),
            familiar: false,
            ttl: until.as_seconds(),
        };
        Step::append(row::item(key, &row))
    }

    /// Somebody has knocked and was told to come back.
    pub fn note_knock(&self, key: &Key, now: Timestamp, until: Timestamp) -> Step {
        Step::update(key, "SET latest = :now, #ttl = :until")
            .number(":now", now.as_seconds())
            .number(":until", until.as_seconds())
    }

    /// A success: failures are forgotten, and the sender is familiar.
    pub fn note_success(&self, key: &Key, until: Timestamp) -> Step {
        let row = TriesRow {
            failures: 0,
            latest: None,
            familiar: true,
            ttl: until.as_seconds(),
        };
        Step::append(row::item(key, &row))
    }
}
