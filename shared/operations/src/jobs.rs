//! Work that goes on after its request was answered: how it goes, and how somebody takes a wish back.

mod run;

use std::time::Duration;

use domain::{Caller, Claimant, Failure, JobId, Refusal};
use fhir::{Meta, Reference, Resource};
use serde_json::{Map, Value, json};
use store::{JobKind, JobRow, JobStatus, Tenant, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use run::{Next, cancelled};
pub use run::{called_by, run};

use crate::Means;

/// A job that nobody has seen to for so long has been lost on its way: asking for it hands it out again.
const LOST_AFTER: Duration = Duration::from_secs(120);
/// How often a request looks whether the job that it waits for is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A job, as it was read.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is known of it.
    pub row: JobRow,
}

/// A job of the caller's project, or, for super admins, of any; to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown, foreign or malformed id alike, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    _tenant: Tenant<'_>,
    claimant: Claimant,
    id: Option<JobId>,
) -> Result<Job, Failure> {
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or_else(|| JobId::new(Uuid::nil()));
    let all_seeing = claimant.project() == means.keys.super_project();
    let row = means.store.job(id).await?;
    let row = row.filter(|row| all_seeing || row.home() == claimant.project());
    let row = row.ok_or(Refusal::NotFound)?;
    Ok(Job { id, row })
}

/// How it goes. One that was lost on its way is handed out again.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn status(means: Means<'_>, job: &Job) -> Result<Resource, Failure> {
    if !job.row.is_over() && is_lost(means, &job.row) {
        wake(means, job).await?;
    }
    Ok(async_job(job))
}

fn is_lost(means: Means<'_>, row: &JobRow) -> bool {
    let seen_to = row.updated.parse::<domain::Timestamp>();
    seen_to.is_ok_and(|at| at.plus(LOST_AFTER) < means.now)
}

/// Hands a job out again.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(crate) async fn wake(means: Means<'_>, job: &Job) -> Result<(), Failure> {
    let moment = (means.now, means.dice);
    let step = means.store.wake_job(job.id, &job.row, moment);
    match means.write(Transaction::new().step(step)).await {
        // Somebody has seen to it meanwhile.
        Ok(()) | Err(Failure::Refused(Refusal::Contended)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Takes the wish back: the job stops at its next step and undoes what nobody has reached yet.
///
/// # Errors
/// [`Refusal::NoWayBack`] for what deletes, [`Refusal::JobOver`].
pub async fn cancel(means: Means<'_>, caller: &Caller, job: &Job) -> Result<(), Failure> {
    if job.row.kind == JobKind::Expunge {
        return Err(Refusal::NoWayBack.into());
    }
    let what = reference(job.id);
    let parties = (caller.profile(), what);
    let event = store::Event::success(store::Action::Update, "cancel-job", parties, means.now);
    let record = means
        .store
        .founding(job.row.home())
        .record(&event, means.now, means.dice);
    let cancelled = Transaction::new()
        .step(means.store.cancel_job(job.id))
        .step(record);
    means.write(cancelled).await
}

/// The job once it is over, or as it is when the time is.
///
/// # Errors
/// [`Refusal::NotFound`], [`Failure::Unavailable`].
pub async fn wait(means: Means<'_>, id: JobId, time: Duration) -> Result<Job, Failure> {
    let until = Instant::now() + time;
    loop {
        let row = means.store.job(id).await?.ok_or(Refusal::NotFound)?;
        if row.is_over() || Instant::now() >= until {
            return Ok(Job { id, row });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Job {
    /// Whether it is over, however it ended.
    pub fn is_over(&self) -> bool {
        self.row.is_over()
    }
}

pub(crate) fn reference(id: JobId) -> Reference {
    Reference::new("AsyncJob", id.uuid())
}

/// The job as FHIR shows it (contract: AsyncJob).
pub fn async_job(job: &Job) -> Resource {
    let row = &job.row;
    let mut body = Map::new();
    body.insert("status".into(), json!(row.status));
    body.insert("request".into(), row.request.clone().into());
    body.insert("requestTime".into(), row.requested.clone().into());
    if row.is_over() {
        body.insert("transactionTime".into(), row.updated.clone().into());
    }
    let parameters = parameters(row);
    if !parameters.is_empty() {
        let output = json!({ "resourceType": "Parameters", "parameter": parameters });
        body.insert("output".into(), output);
    }
    Resource {
        kind: "AsyncJob".into(),
        id: job.id.uuid(),
        meta: Meta {
            version: row.ver,
            last_updated: row.updated.clone(),
            author: row.author.clone(),
            project: Some(row.home().uuid()),
            on_behalf_of: None,
            rest: Map::new(),
        },
        body,
    }
}

/// What came of it so far: the project it is about, what was counted, and what stood in the way.
fn parameters(row: &JobRow) -> Vec<Value> {
    let counted = row.counts.iter();
    let mut parameters: Vec<Value> = counted
        .map(|(name, count)| json!({ "name": name, "valueInteger": count }))
        .collect();
    if row.kind == JobKind::Clone && row.status == JobStatus::Completed {
        let project = Reference::new(domain::PROJECT, row.project().uuid());
        let project = json!({ "name": "project", "valueReference": project.to_json() });
        parameters.insert(0, project);
    }
    let problems = row.problem.iter().filter(|problem| !problem.is_empty());
    parameters.extend(problems.map(|problem| {
        let issue =
            json!({ "severity": "error", "code": "processing", "details": { "text": problem } });
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
        json!({ "name": "outcome", "resource": outcome })
    }));
    parameters.extend(run::results(row));
    parameters
}
