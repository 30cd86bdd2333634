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
        let events = self.events(&[id]).await?;
        Ok(events.into_iter().next().map(|(_, event)| event))
    }

    /// Events by id; those that are not there are left out.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn events(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, Event)>, Failure> {
        let keys: Vec<(Uuid, Key)> = ids
            .iter()
            .filter_map(|id| Some((*id, Key::Audit(self.project, moment(*id)?.day(), *id))))
            .collect();
        let places: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
        let mut found = self.store.get(&places).await?;
        let items = keys
            .into_iter()
            .filter_map(|(id, key)| Some((id, found.take(&key)?)));
        items
            .map(|(id, item)| Ok((id, row::read("an audit event", item)?)))
            .collect()
    }
}

/// The time in an id that was drawn in order of time.
pub(crate) fn moment(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()?.checked_mul(1000)?;
    Some(Timestamp::from_millis(
        millis + i64::from(nanos / 1_000_000),
    ))
}

/// An id greater than all that were drawn up to this moment, and less than all later ones.
pub(crate) fn first_after(moment: Timestamp) -> Uuid {
    let next = u64::try_from(moment.as_millis()).map_or(0, |millis| millis + 1);
    uuid::Builder::from_unix_timestamp_millis(next, &[0; 10]).into_uuid()
}
