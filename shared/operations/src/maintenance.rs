//! What the server's administrators do for the whole server (contract: `/admin/super`). Whatever it is, a job does it, project by project;
//! where nothing is to be done here, the job says so.

mod order;
mod purge;
mod recount;
mod tour;

use std::time::Duration;

use domain::{Caller, Claimant, Failure, JobId};
use fhir::Reference;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Action, Event, JobKind, JobRow, JobStatus, NewJob, Progress, Tenant, Transaction};
use uuid::Uuid;

pub use order::Order;

use crate::Means;
use crate::jobs::{self, Next};
use crate::once::{Turn, Wish};
use order::Task;
use purge::Purge;
use recount::Recount;

/// How many pieces of work are one step: most projects are small, and have nothing to delete.
const AT_ONCE: usize = 20;

/// What the request meets.
pub struct Seen {
    order: Order,
    turn: Turn,
}

/// What a job is at.
#[derive(Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "lowercase")]
enum Work {
    /// Nothing, for this reason.
    Nothing {
        because: String,
    },
    Recount(Recount),
    Purge(Purge),
}

impl Work {
    fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Nothing => None,
            Task::NothingBut(because) => Some(Self::Nothing {
                because: (*because).to_owned(),
            }),
            Task::Recount => Some(Self::Recount(Recount::default())),
            Task::Purge(what, before) => Some(Self::Purge(Purge::of(*what, *before))),
        }
    }

    fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn from_text(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|cause| Failure::corrupt("a job", cause))
    }
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// What is wrong with the request, [`domain::Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<Order>,
) -> Result<Seen, Failure> {
    let (order, once) = wish?;
    let turn = crate::once::look(means, tenant, &claimant, once).await?;
    Ok(Seen { order, turn })
}

/// Sends the job on its way; `None` where there is nothing to do and nobody asked for a job.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn begin(
    means: Means<'_>,
    caller: &Caller,
    (seen, url): (Seen, String),
) -> Result<Option<JobId>, Failure> {
    let Some(work) = Work::of(&seen.order.task) else {
        return Ok(None);
    };
    if let Some(earlier) = seen.turn.earlier() {
        return Ok(Some(JobId::new(earlier.resource)));
    }
    let home = means.store.of(caller);
    let id = JobId::new(means.dice.id());
    let job = NewJob {
        id,
        kind: JobKind::Maintain,
        home: home.project(),
        project: home.project(),
        author: caller.profile(),
        request: url,
        order: String::new(),
        cursor: work.to_text(),
    };
    let parties = (caller.profile(), Reference::new("AsyncJob", id.uuid()));
    let event = Event::success(Action::Execute, seen.order.name, parties, means.now);
    let answer = ("AsyncJob", id.uuid(), Uuid::nil());
    let written = Transaction::new()
        .steps(means.store.create_job(&job, (means.now, means.dice)))
        .steps(seen.turn.remember_as(home, answer, means.now))
        .step(home.record(&event, means.now, means.dice))
        .commit(means.store, means.dice)
        .await;
    let settled = seen.turn.settle(written, (home, means.now)).await?;
    Ok(Some(settled.map_or(id, |it| JobId::new(it.resource))))
}

/// Whether the job is done within so long.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn is_done(means: Means<'_>, id: JobId, time: Duration) -> Result<bool, Failure> {
    let job = jobs::wait(means, id, time).await?;
    Ok(job.row.status == JobStatus::Completed)
}

/// One step of the job.
pub(crate) async fn step(
    means: Means<'_>,
    wanted: bool,
    progress: &mut Progress,
) -> Result<Next, Failure> {
    if !wanted {
        return Ok(Next::End(jobs::cancelled(), Vec::new()));
    }
    let mut work = Work::from_text(&progress.cursor)?;
    let counts = &mut progress.counts;
    let mut goes_on = true;
    for _ in 0..AT_ONCE {
        if goes_on {
            goes_on = match &mut work {
                Work::Nothing { .. } => false,
                Work::Recount(recount) => recount.goes_on(means, counts).await?,
                Work::Purge(purge) => purge.goes_on(means, counts).await?,
            };
        }
    }
    progress.cursor = work.to_text();
    Ok(match goes_on {
        true => Next::Step,
        false => Next::done(Vec::new()),
    })
}

/// What a job says beyond its counts.
pub(crate) fn results(row: &JobRow) -> Vec<Value> {
    let Ok(Work::Nothing { because }) = Work::from_text(&row.cursor) else {
        return Vec::new();
    };
    let issue = json!({ "severity": "information", "code": "informational", "details": { "text": because } });
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
    vec![json!({ "name": "outcome", "resource": outcome })]
}
