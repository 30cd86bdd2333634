//! What is written down about an action besides its effect.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Caller, Failure};
use fhir::{Meta, Reference, Resource};
use serde_json::{Map, Value};
use store::{Aborted, Action, Event, Step, Tenant, Transaction};
use uuid::Uuid;

use crate::Means;

impl<'a> Means<'a> {
    /// The event of a successful action on `what`, in the project in which the caller acts.
    pub(crate) fn event(
        &self,
        caller: &Caller,
        (action, operation): (Action, &str),
        what: &Resource,
        fields: BTreeMap<String, String>,
    ) -> Step {
        let parties = (caller.profile(), what.reference());
        let event = Event::success(action, operation, parties, self.now).with_fields(fields);
        self.store.of(caller).record(&event, self.now, self.dice)
    }

    /// Writes down that a caller was refused: in his own project, ten times a minute at most, then once that there were more.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn record_refusal(
        &self,
        caller: &Caller,
        operation: &str,
        why: String,
    ) -> Result<(), Failure> {
        let home: Tenant<'_> = self.store.founding(caller.project().id());
        let member = caller.membership().id();
        let event = Event::refused(operation, caller.profile(), why, self.now);
        let counted = Transaction::new()
            .step(home.count_refusal(member, self.now))
            .step(home.record(&event, self.now, self.dice));
        match counted.commit(self.store, self.dice).await {
            Ok(()) => return Ok(()),
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {}
        }
        let words = "further refusals in this minute are not recorded".to_owned();
        let summary = Event::refused(operation, caller.profile(), words, self.now);
        let once = Transaction::new().step(home.record_summary(&summary, member, self.now));
        match once.commit(self.store, self.dice).await {
            Ok(()) | Err(Aborted::Changed) => Ok(()),
            Err(Aborted::Failed(failure)) => Err(failure),
        }
    }

    /// The `meta` of a first version.
    pub(crate) fn first_version(&self, author: Reference, project: Option<Uuid>) -> Meta {
        Meta {
            version: self.dice.version(self.now, None),
            last_updated: self.now.to_string(),
            author,
            project,
            on_behalf_of: None,
            rest: Map::new(),
        }
    }

    /// The `meta` of the version after `before`.
    pub(crate) fn next_version(&self, author: Reference, before: &Meta) -> Meta {
        Meta {
            version: self.dice.version(self.now, Some(before.version)),
            last_updated: self.now.to_string(),
            author,
            ..before.clone()
        }
    }
}

/// Which fields differ, and how. Values are not said: a record must not hold what it records.
pub(crate) fn changed_fields(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> BTreeMap<String, String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    // The table has no attributes without a name; a field without one is no field of FHIR.
    let named = names.into_iter().filter(|name| !name.is_empty());
    let changes = named.filter_map(|name| {
        let how = match (before.get(name), after.get(name)) {
            (None, Some(_)) => "added",
            (Some(_), None) => "removed",
            (old, new) if old != new => "changed",
            _ => return None,
        };
        Some((name.clone(), how.to_owned()))
    });
    changes.collect()
}

/// The names of a new resource's fields; those that begin with `_` are the server's own.
pub(crate) fn all_fields(body: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut fields = changed_fields(&Map::new(), body);
    fields.retain(|name, _| !name.starts_with('_'));
    fields
}
