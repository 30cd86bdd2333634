//! What long work says of itself on this machine: jobs are rows, and every change of one passes by in the stream. A line tells which
//! job it is, what it is about and how far it has come; what it is done with, or for whom, stays in the table.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dynoxide::Database;
use serde_json::{Value, json};

/// How often a job says how far it has come.
const EVERY: Duration = Duration::from_secs(2);
/// How many rows are counted at a time: without a number, the engine gathers all that are left first.
const PAGE: usize = 5_000;
/// The record of a project, which goes with its resources.
const EVENTS: &str = "AuditEvent";
/// What is counted and stands elsewhere than the resources of a project.
const BESIDE: [&str; 3] = [EVENTS, "Project", "User"];

/// What a line is about.
struct Job {
    name: String,
    /// How many resources there are, where that can be known.
    of: Option<u64>,
    began: Instant,
    said: Instant,
    /// The last line's words.
    words: String,
}

/// Makes lines of the records of jobs.
pub(super) struct Teller {
    database: Database,
    table: String,
    jobs: BTreeMap<String, Job>,
}

impl Teller {
    pub(super) fn new(database: Database, table: String) -> Self {
        let jobs = BTreeMap::new();
        Self {
            database,
            table,
            jobs,
        }
    }

    /// What is to be said when this record passes by.
    pub(super) fn hear(&mut self, record: &Value, now: Instant) -> Option<String> {
        let change = &record["dynamodb"];
        let (row, key) = (&change["NewImage"], &change["Keys"]);
        let id = key["PK"]["S"].as_str()?.strip_prefix("JOB#")?;
        if key["SK"]["S"] != "JOB" || row.is_null() {
            return None;
        }
        if !self.jobs.contains_key(id) {
            return self.begin(id, row, now);
        }
        if row["phase"]["S"] == "over" {
            let job = self.jobs.remove(id)?;
            return Some(job.ending(row, now));
        }
        self.jobs.get_mut(id)?.goes_on(row, now)
    }

    /// A job that was over before anybody listened has nothing to say.
    fn begin(&mut self, id: &str, row: &Value, now: Instant) -> Option<String> {
        if row["phase"]["S"] == "over" {
            return None;
        }
        let kind = row["kind"]["S"].as_str().unwrap_or("job");
        let short = id.split('-').next().unwrap_or(id);
        let job = Job {
            name: format!("{kind} {short}…"),
            of: self.size(id, kind, row),
            began: now,
            said: now,
            words: counted(&counts(row), None),
        };
        let of = job.of.map(|of| format!(" {} resources,", number(of)));
        let begun = format!(
            "{}{} asked for at /fhir/R4/job/{id}/status",
            job.name,
            of.unwrap_or_default()
        );
        self.jobs.insert(id.to_owned(), job);
        Some(begun)
    }

    /// How many resources a whole project has that is copied or ended.
    fn size(&self, id: &str, kind: &str, row: &Value) -> Option<u64> {
        let project = match kind {
            "expunge" => row["project"]["S"].as_str()?.to_owned(),
            "clone" => self.copied_whole(id)?,
            _ => return None,
        };
        let parts = ["M", "R"].into_iter();
        let parts = parts.map(|part| self.count(&format!("P#{project}#{part}")));
        parts.sum()
    }

    /// The project that is copied, unless only a part of it is.
    fn copied_whole(&self, id: &str) -> Option<String> {
        let key = json!({ "PK": { "S": format!("JOB#{id}") }, "SK": { "S": "ORDER#0000" } });
        let request = json!({ "TableName": self.table, "Key": key });
        let request = serde_json::from_value(request).ok()?;
        let found = self.database.get_item(request).ok()?;
        let found = serde_json::to_value(found.item?).ok()?;
        let order: Value = serde_json::from_str(found["text"]["S"].as_str()?).ok()?;
        let parts = ["types", "include", "exclude"];
        let whole = parts.iter().all(|part| order[part] == json!([]));
        let source = order["source"].as_str().filter(|_| whole)?;
        Some(source.to_owned())
    }

    fn count(&self, partition: &str) -> Option<u64> {
        let (mut count, mut start) = (0, Value::Null);
        loop {
            let request = json!({ "TableName": self.table, "Select": "COUNT", "KeyConditionExpression": "PK = :pk",
                "ExpressionAttributeValues": { ":pk": { "S": partition } }, "ExclusiveStartKey": start, "Limit": PAGE });
            let request = serde_json::from_value(request).ok()?;
            let page = self.database.query(request).ok()?;
            let page = serde_json::to_value(page).ok()?;
            count += page["Count"].as_u64()?;
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return Some(count);
            }
        }
    }
}

impl Job {
    /// Only what is new, and not too often.
    fn goes_on(&mut self, row: &Value, now: Instant) -> Option<String> {
        let words = counted(&counts(row), self.of);
        if words == self.words || now.duration_since(self.said) < EVERY {
            return None;
        }
        let line = format!("{} {words}", self.name);
        (self.words, self.said) = (words, now);
        Some(line)
    }

    fn ending(&self, row: &Value, now: Instant) -> String {
        let status = row["status"]["S"].as_str().unwrap_or("over");
        let took = now.duration_since(self.began).as_secs();
        let counts = listed(&counts(row));
        format!("{} {status} after {took} s: {counts}", self.name)
    }
}

/// What a job has counted, by name.
fn counts(row: &Value) -> BTreeMap<String, u64> {
    let counts = row["counts"]["M"].as_object().into_iter().flatten();
    let read =
        |(name, count): (&String, &Value)| Some((name.clone(), count["N"].as_str()?.parse().ok()?));
    counts.filter_map(read).collect()
}

/// `2,400 of 5,000 resources`. Names of resources begin with a capital; the others count what happened to some of them. A job without
/// resources says what it counts.
fn counted(counts: &BTreeMap<String, u64>, of: Option<u64>) -> String {
    let is_resource = |name: &str| name.starts_with(char::is_uppercase) && !BESIDE.contains(&name);
    if of.is_none() && !counts.keys().any(|name| is_resource(name)) {
        return listed(counts);
    }
    let resources = counts.iter().filter(|(name, _)| is_resource(name));
    let resources: u64 = resources.map(|(_, count)| count).sum();
    let of = of.map(|of| format!(" of {}", number(of)));
    let events = counts.get(EVENTS).map(|events| number(*events));
    let events = events.map(|events| format!(", {events} events of the record"));
    format!(
        "{}{} resources{}",
        number(resources),
        of.unwrap_or_default(),
        events.unwrap_or_default()
    )
}

/// `Observation 4,000, Patient 1,000`.
fn listed(counts: &BTreeMap<String, u64>) -> String {
    let each = counts.iter();
    let each: Vec<String> = each
        .map(|(name, count)| format!("{name} {}", number(*count)))
        .collect();
    match each.is_empty() {
        true => "nothing".into(),
        false => each.join(", "),
    }
}

/// With a comma before every three digits.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let shown = [0, 999, 1_000, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    fn record(phase: &str, status: &str, patients: u64) -> Value {
        let counts = json!({ "M": { "Patient": { "N": patients.to_string() } } });
        let row = json!({ "kind": { "S": "clone" }, "phase": { "S": phase }, "status": { "S": status },
            "author": { "M": { "display": { "S": "Homer Simpson" } } }, "counts": counts });
        let keys = json!({ "PK": { "S": "JOB#5f3a2b1c-0000-4000-8000-000000000000" }, "SK": { "S": "JOB" } });
        json!({ "dynamodb": { "Keys": keys, "NewImage": row } })
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test may stop here")]
    fn a_job_is_announced_tells_now_and_then_and_says_how_it_ended() {
        let mut teller = Teller::new(Database::memory().unwrap(), "roster".into());
        let begin = Instant::now();
        let steps = [
            (record("ready", "accepted", 0), 0),
            (record("running", "active", 1_200), 1),
            (record("running", "active", 2_400), 3),
            (record("ready", "active", 2_400), 6),
            (record("over", "completed", 5_000), 7),
            (record("over", "completed", 5_000), 9),
        ];
        let said = steps.iter().filter_map(|(record, seconds)| {
            teller.hear(record, begin + Duration::from_secs(*seconds))
        });
        assert_eq!(
            said.collect::<Vec<_>>(),
            [
                "clone 5f3a2b1c… asked for at /fhir/R4/job/5f3a2b1c-0000-4000-8000-000000000000/status",
                "clone 5f3a2b1c… 2,400 resources",
                "clone 5f3a2b1c… completed after 7 s: Patient 5,000",
            ]
        );
    }

    #[test]
    fn resources_are_counted_together_and_the_record_beside_them() {
        let counts = [
            ("Patient", 2_000),
            ("User", 1),
            ("AuditEvent", 7),
            ("cut", 3),
        ];
        let counts = counts.map(|(name, count)| (name.to_owned(), count));
        let words = counted(&counts.into(), Some(5_000));
        assert_eq!(words, "2,000 of 5,000 resources, 7 events of the record");
        let invitations = [("invited".to_owned(), 2_000), ("refused".to_owned(), 1)];
        assert_eq!(
            counted(&invitations.into(), None),
            "invited 2,000, refused 1"
        );
    }
}
