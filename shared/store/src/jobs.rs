//! Work that goes on after its request was answered: one row says what is to be done, how far it has come, and who is at it.
//!
//! The stream takes a job that is `ready` to a worker. The worker draws a lease; from then on only the bearer of this lease writes down
//! how far the work has come. A worker who dies leaves the job `running`; the stream brings the same turn again, and the next
//! worker's lease ends the first one's.

use std::collections::BTreeMap;

use domain::{Dice, Failure, JobId, ProjectId, Refusal, Timestamp};
use fhir::Reference;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row::{self, PK};
use crate::step::Step;
use crate::transaction::{Aborted, Transaction};

/// How much of an order one row holds, in bytes: well below the 400 KB of an item.
const PIECE: usize = 300_000;
/// How long a job that is over can be asked for.
const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// What kind of work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// A copy of a project.
    Clone,
    /// The end of a resource with everything in its compartment.
    Clear,
    /// The end of a project with everything in it.
    Expunge,
    /// Many invitations.
    Invite,
    /// Something for the whole server.
    Maintain,
}

/// How far it has come, in the words of AsyncJob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Nobody has begun.
    Accepted,
    /// Under way.
    Active,
    /// Done.
    Completed,
    /// It cannot be done.
    Error,
    /// Somebody no longer wants it.
    Cancelled,
}

/// Whether somebody has to see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    /// The stream brings it to a worker.
    Ready,
    /// A worker is at it.
    Running,
    /// Nothing is left to do.
    Over,
}

/// Numbers by name: how much of what was done.
pub type Counts = BTreeMap<String, u64>;

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobRow {
    /// What kind of work it is.
    pub kind: JobKind,
    /// How far it has come.
    pub status: JobStatus,
    phase: Phase,
    /// How often it has been handed out.
    pub turn: u32,
    lease: Uuid,
    home: Uuid,
    project: Uuid,
    /// The profile of whoever asked for it.
    pub author: Reference,
    /// The URL at which it was asked for.
    pub request: String,
    /// When it was asked for, ISO 8601.
    pub requested: String,
    /// When it was last seen to, ISO 8601.
    pub updated: String,
    /// Its version.
    pub ver: Uuid,
    /// Where the work goes on; means something to its kind only.
    #[serde(default)]
    pub cursor: String,
    /// What was done so far.
    #[serde(default)]
    pub counts: Counts,
    /// Whether somebody no longer wants it.
    #[serde(default)]
    pub cancelled: bool,
    /// Why it could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// A job that is about to begin.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What kind of work it is.
    pub kind: JobKind,
    /// The project of whoever asks for it, whose administrators may ask how it goes.
    pub home: ProjectId,
    /// The project it is about.
    pub project: ProjectId,
    /// The profile of whoever asks.
    pub author: Reference,
    /// The URL at which it is asked for.
    pub request: String,
    /// What is to be done, as text that means something to its kind.
    pub order: String,
    /// Where the work begins.
    pub cursor: String,
}

/// What a worker writes down about his work.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Where the work goes on.
    pub cursor: String,
    /// What was done so far.
    pub counts: Counts,
}

/// How a job ends.
#[derive(Clone, Debug)]
pub struct Ending {
    /// As what.
    pub status: JobStatus,
    /// Why it could not be done.
    pub problem: Option<String>,
}

/// A job in the hands of a worker.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id.
    pub id: JobId,
    /// As it was when it was taken.
    pub row: JobRow,
    lease: Uuid,
    /// Whether somebody had taken it before and was not heard of again.
    pub inherited: bool,
}

impl JobRow {
    /// The project of whoever asked for it.
    pub fn home(&self) -> ProjectId {
        ProjectId::new(self.home)
    }

    /// The project it is about.
    pub fn project(&self) -> ProjectId {
        ProjectId::new(self.project)
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }
}

/// Which turn of which job a record of the stream brings; `None` when it brings none.
pub fn called_by(record: &Value) -> Option<(JobId, u32)> {
    let change = &record["dynamodb"];
    let id = keys::job_of(change["Keys"][PK]["S"].as_str()?)?;
    let turn = change["NewImage"]["turn"]["N"].as_str()?.parse().ok()?;
    Some((id, turn))
}

impl Store {
    /// A new job with its order. The stream begins it as soon as this is written.
    pub fn create_job(&self, job: &NewJob, (now, dice): (Timestamp, Dice)) -> Vec<Step> {
        let row = JobRow {
            kind: job.kind,
            status: JobStatus::Accepted,
            phase: Phase::Ready,
            turn: 1,
            lease: Uuid::nil(),
            home: job.home.uuid(),
            project: job.project.uuid(),
            author: job.author.clone(),
            request: job.request.clone(),
            requested: now.to_string(),
            updated: now.to_string(),
            ver: dice.version(now, None),
            cursor: job.cursor.clone(),
            counts: Counts::new(),
            cancelled: false,
            problem: None,
            ttl: None,
        };
        let pieces = pieces(&job.order).into_iter().enumerate();
        let pieces = pieces.map(|(at, text)| {
            let key = Key::JobOrder(job.id, at);
            let text = text.to_owned();
            let ttl = now.plus(KEPT).as_seconds();
            Step::create(row::item(&key, &PieceRow { text, ttl }))
        });
        let row = Step::create(row::item(&Key::Job(job.id), &row));
        std::iter::once(row).chain(pieces).collect()
    }

    /// A job by id.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn job(&self, id: JobId) -> Result<Option<JobRow>, Failure> {
        let key = Key::Job(id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(|item| row::read("a job", item)).transpose()
    }

    /// What a job was told.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn job_order(&self, id: JobId) -> Result<String, Failure> {
        let range = Range::prefix(keys::job(id), keys::ORDER);
        let mut order = String::new();
        let mut start = None;
        loop {
            let page = self.page(&range, 100, start).await?;
            for item in page.items {
                order.push_str(&row::read::<PieceRow>("an order", item)?.text);
            }
            start = page.next;
            if start.is_none() {
                return Ok(order);
            }
        }
    }

    /// Takes a job for its turn number `turn`. `None` when it is over, or has another turn by now.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn take_job(
        &self,
        id: JobId,
        turn: u32,
        (now, dice): (Timestamp, Dice),
    ) -> Result<Option<Held>, Failure> {
        let before = self.job(id).await?;
        let inherited = before.is_some_and(|row| row.phase == Phase::Running);
        let lease = dice.id();
        let set =
            "SET phase = :running, lease = :lease, #status = :active, updated = :now, ver = :ver";
        let take = Step::update(&Key::Job(id), set)
            .text(":running", "running")
            .text(":over", "over")
            .text(":active", "active")
            .text(":lease", lease.to_string())
            .number(":turn", i64::from(turn))
            .when("turn = :turn AND phase <> :over");
        match self.note(take, (now, dice)).await {
            Ok(()) => {}
            Err(Aborted::Changed) => return Ok(None),
            Err(Aborted::Failed(failure)) => return Err(failure),
        }
        let row = self.job(id).await?.filter(|row| row.lease == lease);
        Ok(row.map(|row| Held {
            id,
            row,
            lease,
            inherited,
        }))
    }

    /// Writes down how far the work has come, and learns whether it is still wanted. [`Refusal::Contended`]: somebody else is at it
    /// by now, and this worker must stop.
    ///
    /// # Errors
    /// [`Refusal::Contended`], [`Failure::Unavailable`].
    pub async fn save_job(
        &self,
        held: &Held,
        progress: &Progress,
        moment: (Timestamp, Dice),
    ) -> Result<bool, Failure> {
        let set = "SET #cursor = :cursor, counts = :counts, updated = :now, ver = :ver";
        self.held(held, progress, set, moment).await?;
        Ok(!self.job(held.id).await?.is_some_and(|row| row.cancelled))
    }

    /// Gives a job back before it is done: the stream takes it to the next worker.
    ///
    /// # Errors
    /// As [`Store::save_job`].
    pub async fn hand_on_job(
        &self,
        held: &Held,
        progress: &Progress,
        moment: (Timestamp, Dice),
    ) -> Result<(), Failure> {
        let set = "SET #cursor = :cursor, counts = :counts, updated = :now, ver = :ver, phase = :ready, turn = turn + :one";
        self.held(held, progress, set, moment).await
    }

    /// The step by which a job is over.
    pub fn end_job(
        &self,
        held: &Held,
        (progress, ending): (&Progress, &Ending),
        (now, dice): (Timestamp, Dice),
    ) -> Step {
        let set = "SET #cursor = :cursor, counts = :counts, updated = :now, ver = :ver, phase = :over, #status = :status, \
                   problem = :problem, #ttl = :ttl";
        let problem = ending.problem.clone().unwrap_or_default();
        stamped(Step::update(&Key::Job(held.id), set), (now, dice))
            .text(":lease", held.lease.to_string())
            .text(":over", "over")
            .text(":problem", problem)
            .value(":status", word(&ending.status))
            .value(":counts", word(&progress.counts))
            .text(":cursor", progress.cursor.clone())
            .number(":ttl", now.plus(KEPT).as_seconds())
            .when("lease = :lease AND phase <> :over")
            .or(Refusal::Contended)
    }

    /// What a job was told is forgotten: the job is over, and nobody will ask for it.
    pub fn forget_order(&self, id: JobId, order: &str) -> Vec<Step> {
        let pieces = 0..pieces(order).len();
        pieces
            .map(|at| Step::delete(&Key::JobOrder(id, at)))
            .collect()
    }

    /// A job that is not over is handed out again, under the turn it has got by then: whoever was at it is at it no more.
    pub fn wake_job(&self, id: JobId, read: &JobRow, moment: (Timestamp, Dice)) -> Step {
        let set =
            "SET phase = :ready, lease = :nobody, turn = turn + :one, updated = :now, ver = :ver";
        stamped(Step::update(&Key::Job(id), set), moment)
            .text(":ready", "ready")
            .text(":over", "over")
            .text(":nobody", Uuid::nil().to_string())
            .text(":read", read.ver.to_string())
            .number(":one", 1)
            .when("ver = :read AND phase <> :over")
    }

    /// Somebody no longer wants it: the worker learns of it when he next writes down how far he has come.
    pub fn cancel_job(&self, id: JobId) -> Step {
        Step::update(&Key::Job(id), "SET cancelled = :yes")
            .value(":yes", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .text(":over", "over")
            .when("phase <> :over")
            .or(Refusal::JobOver)
    }

    async fn held(
        &self,
        held: &Held,
        progress: &Progress,
        set: &'static str,
        moment: (Timestamp, Dice),
    ) -> Result<(), Failure> {
        let mut step = Step::update(&Key::Job(held.id), set)
            .text(":lease", held.lease.to_string())
            .text(":running", "running")
            .value(":counts", word(&progress.counts))
            .text(":cursor", progress.cursor.clone())
            .when("lease = :lease AND phase = :running");
        if set.contains(":one") {
            step = step.text(":ready", "ready").number(":one", 1);
        }
        match self.note(step, moment).await {
            Ok(()) => Ok(()),
            Err(Aborted::Changed) => Err(Refusal::Contended.into()),
            Err(Aborted::Failed(failure)) => Err(failure),
        }
    }

    async fn note(&self, step: Step, (now, dice): (Timestamp, Dice)) -> Result<(), Aborted> {
        let step = stamped(step, (now, dice));
        Transaction::new().step(step).commit(self, dice).await
    }
}

#[derive(Serialize, Deserialize)]
struct PieceRow {
    text: String,
    ttl: i64,
}

fn stamped(step: Step, (now, dice): (Timestamp, Dice)) -> Step {
    step.text(":now", now.to_string())
        .text(":ver", dice.version(now, None).to_string())
}

fn word<T: Serialize>(value: &T) -> aws_sdk_dynamodb::types::AttributeValue {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
        .unwrap_or(aws_sdk_dynamodb::types::AttributeValue::Null(true))
}

/// A text in pieces that fit a row each.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(PIECE);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_cut_between_letters_and_loses_none() {
        let text = format!("x{}", "é".repeat(PIECE));
        let cut = pieces(&text);
        assert_eq!(cut.len(), 3);
        assert_eq!(cut.concat(), text);
        assert!(pieces("").is_empty());
    }
}
