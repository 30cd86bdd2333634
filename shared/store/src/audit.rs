//! The record of who did what: one row per event, written with what it records, never changed.

use std::collections::BTreeMap;

use domain::{Dice, Failure, MembershipId, Timestamp};
use fhir::Reference;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::Key;
use crate::row;
use crate::step::Step;
use crate::tenant::Tenant;

/// A member's refusals that are recorded one by one within a minute.
const REFUSALS_A_MINUTE: i64 = 10;

/// What was done to a resource, as AuditEvent codes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Made.
    #[serde(rename = "C")]
    Create,
    /// Changed.
    #[serde(rename = "U")]
    Update,
    /// Removed.
    #[serde(rename = "D")]
    Delete,
    /// Attempted or executed.
    #[serde(rename = "E")]
    Execute,
}

/// One event. Names of fields, never their values: no secret and no personal data beyond the references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What was done.
    pub action: Action,
    /// By which operation, e.g. `invite`.
    pub operation: String,
    /// Who did it: the caller's profile.
    pub who: Reference,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<Reference>,
    /// AuditEvent outcome: `0` success, `4` refused.
    pub outcome: String,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The fields that changed, and how: `admin: changed`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// When, ISO 8601.
    pub recorded: String,
}

impl Event {
    /// Something that succeeded.
    pub fn success(
        action: Action,
        operation: &str,
        (who, what): (Reference, Reference),
        now: Timestamp,
    ) -> Self {
        Self {
            action,
            operation: operation.to_owned(),
            who,
            // A name is a value, too.
            what: Some(what.with_display("")),
            outcome: "0".into(),
            description: None,
            fields: BTreeMap::new(),
            recorded: now.to_string(),
        }
    }

    /// Something that was refused.
    pub fn refused(operation: &str, who: Reference, description: String, now: Timestamp) -> Self {
        Self {
            action: Action::Execute,
            operation: operation.to_owned(),
            who,
            what: None,
            outcome: "4".into(),
            description: Some(description),
            fields: BTreeMap::new(),
            recorded: now.to_string(),
        }
    }

    /// The same event, with the fields that changed.
    #[must_use]
    pub fn with_fields(self, fields: BTreeMap<String, String>) -> Self {
        Self { fields, ..self }
    }
}

impl Tenant<'_> {
    /// Records an event in this project, under an id that tells its day.
    pub fn record(&self, event: &Event, now: Timestamp, dice: Dice) -> Step {
        let key = Key::Audit(self.project, now.day(), dice.version(now, None));
        Step::append(row::item(&key, event))
    }

    /// Counts a refusal of a member in this minute; fails as changed after the tenth.
    pub fn count_refusal(&self, member: MembershipId, now: Timestamp) -> Step {
        let key = Key::Refusals(self.project, member, now.as_seconds() / 60);
        Step::update(&key, "ADD refusals :one SET #ttl = :ttl")
            .number(":one", 1)
            .number(":ttl", now.as_seconds() + 600)
            .number(":most", REFUSALS_A_MINUTE)
            .when("attribute_not_exists(PK) OR refusals < :most")
    }

    /// Records, once a minute, that a member was refused more often than is recorded.
    pub fn record_summary(&self, event: &Event, member: MembershipId, now: Timestamp) -> Step {
        let minute = u64::try_from(now.as_seconds() / 60 * 60_000).unwrap_or(0);
        let tail: [u8; 10] = std::array::from_fn(|at| member.uuid().as_bytes()[at]);
        let id = uuid::Builder::from_unix_timestamp_millis(minute, &tail).into_uuid();
        Step::create(row::item(&Key::Audit(self.project, now.day(), id), event))
    }

    /// An event by id.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn event(&self, id: Uuid) -> Result<Option<Event>, Failure> {
        let Some(at) = id
            .get_timestamp()
            .and_then(|time| i64::try_from(time.to_unix().0).ok())
        else {
            return Ok(None);
        };
        let day = Timestamp::from_millis(at.saturating_mul(1000)).day();
        let key = Key::Audit(self.project, day, id);
        let item = self.store.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(|item| row::read("an audit event", item))
            .transpose()
    }
}
