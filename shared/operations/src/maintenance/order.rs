//! What is asked for.

use domain::{Failure, Fault, PROJECT_MEMBERSHIP, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::read_resource::unknown_type;

const DEFINITIONS: &str = "Definitions are part of the server: nothing to rebuild";
const PLACES: &str = "A resource stands where it belongs: nothing to rebuild";
const INDEXES: &str = "The table keeps its indexes itself: nothing to rebuild";
const SCHEMA: &str = "The table has no schema that could drift: nothing to migrate";
const TIMETABLE: &str = "Bots do not run on this server: no timetable to load";

/// Tasks that other servers of this kind have, and why there is nothing to do for them here.
const NOTHING: [(&str, &str); 8] = [
    ("valuesets", DEFINITIONS),
    ("structuredefinitions", DEFINITIONS),
    ("searchparameters", DEFINITIONS),
    ("compartments", PLACES),
    ("rebuildprojectid", PLACES),
    ("migrate", SCHEMA),
    ("reconcile-db-schema-drift", SCHEMA),
    ("reloadcron", TIMETABLE),
];

/// What is asked for, under the name that the record knows it by.
#[derive(Clone, Debug)]
pub struct Order {
    pub(super) name: &'static str,
    pub(super) task: Task,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Nothing at all.
    Nothing,
    /// Nothing, but whoever asked for a job is told why.
    NothingBut(&'static str),
    /// Members are counted anew.
    Recount,
    /// What is as old as this goes.
    Purge(Purged, Timestamp),
}

/// What is purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purged {
    AuditEvent,
    Login,
}

impl Order {
    /// Reads a task by its name; `by_job` says whether the sender wants to hear of the end later.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown name, then a fault for who would wait, then the faults of the body.
    pub fn parse(
        name: &str,
        by_job: bool,
        body: Result<Map<String, Value>, Failure>,
    ) -> Result<Self, Failure> {
        let idle = NOTHING.iter().find(|(known, _)| *known == name);
        let known = match (idle, name) {
            (Some((known, _)), _) => *known,
            (None, "reindex") => "reindex",
            (None, "removebotidjobsfromqueue") => return no_queue(&body?),
            (None, _) => return Err(Refusal::NotFound.into()),
        };
        if !by_job {
            let words = "Operation requires \"Prefer: respond-async\"";
            return Err(Fault::general(words).into());
        }
        let body = body?;
        let task = match idle {
            Some((_, because)) => Task::NothingBut(because),
            None => reindexed(&body)?,
        };
        Ok(Self { name: known, task })
    }

    /// Reads what is to be purged.
    ///
    /// # Errors
    /// One fault for each field.
    pub fn purge(body: &Map<String, Value>) -> Result<Self, Failure> {
        let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
        let what = match text("resourceType") {
            "AuditEvent" => Some(Purged::AuditEvent),
            "Login" => Some(Purged::Login),
            _ => None,
        };
        let before = moment(text("before"));
        match (what, before) {
            (Some(what), Some(before)) => Ok(Self {
                name: match what {
                    Purged::AuditEvent => "purge-events",
                    Purged::Login => "purge-sessions",
                },
                task: Task::Purge(what, before),
            }),
            (what, before) => {
                let fault = |field, words: &str| Fault::invalid(field, words);
                let what = what.is_none();
                let what = what.then(|| fault("resourceType", "Invalid resource type"));
                let before = before.is_none();
                let before = before.then(|| fault("before", "Invalid before date"));
                Err(what.into_iter().chain(before).collect::<Vec<_>>().into())
            }
        }
    }
}

/// A moment, or a day: then its beginning.
fn moment(text: &str) -> Option<Timestamp> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    whole.parse().ok()
}

/// Nothing is built for searches but the counters of members.
fn reindexed(body: &Map<String, Value>) -> Result<Task, Failure> {
    let kinds = match body.get("resourceType") {
        None | Some(Value::Null) => return Ok(Task::Recount),
        Some(Value::String(kinds)) => kinds,
        Some(_) => return Err(unknown_type()),
    };
    let mut recounts = false;
    for kind in kinds.split(',').map(str::trim) {
        if !fhir::known(kind) {
            return Err(unknown_type());
        }
        recounts |= kind == PROJECT_MEMBERSHIP;
    }
    Ok(match recounts {
        true => Task::Recount,
        false => Task::NothingBut(INDEXES),
    })
}

fn no_queue(body: &Map<String, Value>) -> Result<Order, Failure> {
    let bot = body.get("botId").and_then(Value::as_str);
    match bot.filter(|bot| !bot.is_empty()) {
        Some(_) => Ok(Order {
            name: "removebotidjobsfromqueue",
            task: Task::Nothing,
        }),
        None => Err(Fault::invalid("botId", "Bot ID is required").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap_or_default()
    }

    #[test]
    fn a_day_begins_at_midnight_and_a_word_is_no_moment() {
        assert_eq!(moment("2026-11-21"), moment("2026-11-21T00:00:00Z"));
        assert_eq!(moment("2026-11-21T01:00:00+01:00"), moment("2026-11-21"));
        for text in ["", "yesterday", "2026-13-01", "2026-11-21T", "é026-11-21"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn counters_are_all_that_there_is_to_build() {
        let task = |text| reindexed(&body(text)).ok();
        assert_eq!(task("{}"), Some(Task::Recount));
        let members = r#"{"resourceType":"Patient, ProjectMembership"}"#;
        assert_eq!(task(members), Some(Task::Recount));
        let patients = r#"{"resourceType":"Patient"}"#;
        assert_eq!(task(patients), Some(Task::NothingBut(INDEXES)));
        assert_eq!(task(r#"{"resourceType":"Nothing"}"#), None);
    }
}
