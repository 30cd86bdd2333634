//! A worker takes a job for one turn, does as much of it as his time allows, and writes down after every step how far he has come. He
//! may fall at any moment: every step can be done again.

use std::time::Duration;

use domain::{Failure, JobId, Refusal, Timestamp};
use serde_json::Value;
use store::{Ending, Held, JobKind, JobRow, JobStatus, Progress, Transaction};
use tokio::time::Instant;

pub use store::called_by;

use crate::{Means, clone_project, expunge, invite_batch, maintenance};

/// The longest pause before a job is handed on.
const SHORT: Duration = Duration::from_secs(5);

/// What is left after a step.
pub(crate) enum Next {
    /// More of it.
    Step,
    /// More of it, but not before so long.
    Pause(Duration),
    /// Nothing: it ends like this, together with these steps.
    End(Ending, Vec<store::Step>),
}

impl Next {
    /// All done.
    pub(crate) fn done(steps: Vec<store::Step>) -> Self {
        let ending = Ending {
            status: JobStatus::Completed,
            problem: None,
        };
        Self::End(ending, steps)
    }
}

/// Does what is to be done of a job in one turn, for about as long as `time`.
///
/// # Errors
/// [`Failure::Unavailable`]: the turn comes again.
pub async fn run(
    means: Means<'_>,
    (id, turn): (JobId, u32),
    (time, clock): (Duration, fn() -> Timestamp),
) -> Result<(), Failure> {
    let moment = || (clock(), means.dice);
    let Some(held) = means.store.take_job(id, turn, moment()).await? else {
        return Ok(());
    };
    let order = means.store.job_order(id).await?;
    // The stream brings a turn only so often. Whoever takes over from one who fell makes a step and hands on: so falls are counted
    // anew wherever the work has come further.
    let time = if held.inherited { Duration::ZERO } else { time };
    let until = Instant::now() + time;
    let mut progress = Progress {
        cursor: held.row.cursor.clone(),
        counts: held.row.counts.clone(),
    };
    let mut wanted = !held.row.cancelled;
    loop {
        let means = Means {
            now: clock(),
            ..means
        };
        let next = step(means, &held, (&order, wanted), &mut progress).await;
        let next = match next {
            Ok(next) => next,
            Err(failure @ Failure::Unavailable { .. }) => return Err(failure),
            Err(failure) => Next::End(given_up(&failure), Vec::new()),
        };
        match next {
            Next::End(ending, steps) => {
                let end = means.store.end_job(&held, (&progress, &ending), moment());
                let forget = means.store.forget_order(id, &order);
                let end = Transaction::new().step(end).steps(forget).steps(steps);
                return stopped(means.write(end).await);
            }
            Next::Pause(pause) if Instant::now() + pause < until => {
                tokio::time::sleep(pause).await;
            }
            Next::Pause(pause) => {
                tokio::time::sleep(pause.min(SHORT)).await;
                return stopped(means.store.hand_on_job(&held, &progress, moment()).await);
            }
            Next::Step if Instant::now() >= until => {
                return stopped(means.store.hand_on_job(&held, &progress, moment()).await);
            }
            Next::Step => match means.store.save_job(&held, &progress, moment()).await {
                Ok(still) => wanted = still,
                Err(failure) => return stopped(Err(failure)),
            },
        }
    }
}

async fn step(
    means: Means<'_>,
    held: &Held,
    (order, wanted): (&str, bool),
    progress: &mut Progress,
) -> Result<Next, Failure> {
    match held.row.kind {
        JobKind::Expunge => expunge::step(means, held, progress).await,
        JobKind::Clear if !wanted => Ok(Next::End(cancelled(), Vec::new())),
        JobKind::Clear => expunge::clear(means, held, progress).await,
        JobKind::Clone => clone_project::step(means, held, (order, wanted), progress).await,
        JobKind::Invite if !wanted => Ok(Next::End(cancelled(), Vec::new())),
        JobKind::Invite => invite_batch::step(means, held, order, progress).await,
        JobKind::Maintain => maintenance::step(means, wanted, progress).await,
    }
}

/// Whoever has lost the job to another one has nothing left to do.
fn stopped(ended: Result<(), Failure>) -> Result<(), Failure> {
    match ended {
        Err(Failure::Refused(Refusal::Contended)) => Ok(()),
        other => other,
    }
}

/// The end of what nobody wants any more.
pub(crate) fn cancelled() -> Ending {
    Ending {
        status: JobStatus::Cancelled,
        problem: None,
    }
}

fn given_up(failure: &Failure) -> Ending {
    tracing::error!(cause = %failure, "a job was given up");
    Ending {
        status: JobStatus::Error,
        problem: Some(failure.to_string()),
    }
}

/// What a job says beyond its counts.
pub(crate) fn results(row: &JobRow) -> Vec<Value> {
    match row.kind {
        JobKind::Invite => invite_batch::results(row),
        JobKind::Maintain => maintenance::results(row),
        JobKind::Clear | JobKind::Clone | JobKind::Expunge => Vec::new(),
    }
}
