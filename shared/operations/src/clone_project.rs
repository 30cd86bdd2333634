//! Copy a project (contract: `$clone`): everything it has gets a new id, and references lead to the copies. Secrets, sessions,
//! invitations and passwords are not copied. Nobody reaches the copy before it is complete.

mod copy;
mod members;
mod order;
mod rewrite;

use domain::{Caller, Claimant, Failure, JobId, Project, ProjectId, Refusal};
use fhir::{Meta, Resource};
use store::{Action, Held, JobKind, JobStatus, NewJob, Progress, Tenant, Transaction};
use uuid::Uuid;

pub use order::{Order, parse};

use crate::Means;
use crate::jobs::{self, Job, Next};
use crate::once::{Turn, Wish};
use crate::vault::Vault;
use copy::Copying;
use rewrite::Rewriter;

/// A project of so many memberships and resources is copied while the caller waits.
const WHILE_WAITING: u64 = 1_000;

/// What the request meets.
pub struct Seen {
    order: Order,
    turn: Turn,
    source: Project,
    is_small: bool,
}

/// What became of the wish.
#[derive(Debug)]
pub enum Cloned {
    /// The copy is complete.
    Project(Box<Resource>),
    /// A job is at it.
    By(Box<Job>),
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Refusal::NotFound`], [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (id, wish): (Option<ProjectId>, Wish<Order>),
) -> Result<Seen, Failure> {
    let (order, once) = wish?;
    // A malformed id costs the same reads as an unknown one.
    let id = id.unwrap_or_else(|| ProjectId::new(Uuid::nil()));
    let from = match claimant.project() == means.keys.super_project() {
        true => means.store.founding(id),
        false => tenant,
    };
    let turn = crate::once::look(means, tenant, &claimant, once);
    let (turn, source, size) =
        tokio::join!(turn, from.read_project(), from.size_within(WHILE_WAITING));
    Ok(Seen {
        order,
        turn: turn?,
        source: source?.ok_or(Refusal::NotFound)?,
        is_small: size?.is_some(),
    })
}

/// Sends the job on its way that makes the copy. Whether it is worth waiting for it, the second value says.
///
/// # Errors
/// [`Refusal::SuperProject`], [`Failure::Unavailable`].
pub async fn begin(
    means: Means<'_>,
    caller: &Caller,
    (seen, url): (Seen, String),
) -> Result<(JobId, bool), Failure> {
    let home = means.store.of(caller);
    if let Some(earlier) = seen.turn.earlier() {
        return Ok((JobId::new(earlier.resource), seen.is_small));
    }
    if seen.source.is_super_admin() {
        return Err(Refusal::SuperProject.into());
    }
    let id = JobId::new(means.dice.id());
    let target = ProjectId::new(means.keys.derive_id(&purpose(id), seen.source.id().uuid()));
    let project = copy_of(means, caller, &seen, (id, target));
    let job = NewJob {
        id,
        kind: JobKind::Clone,
        home: caller.project().id(),
        project: target,
        author: caller.profile(),
        request: url,
        order: seen.order.within(seen.source.id()).to_text(),
        cursor: Copying::begin().to_text(),
    };
    let source = means.store.founding(seen.source.id());
    let data_key = Vault::new(means, target)?.step(means.store.founding(target));
    let parties = (caller.profile(), seen.source.reference());
    let event = store::Event::success(Action::Execute, "clone-project", parties, means.now);
    let answer = ("AsyncJob", id.uuid(), Uuid::nil());
    let written = Transaction::new()
        .steps(means.store.founding(target).create_closed_project(&project))
        .steps(data_key)
        .steps(means.store.create_job(&job, (means.now, means.dice)))
        .steps(seen.turn.remember_as(home, answer, means.now))
        .step(source.record(&event, means.now, means.dice))
        .commit(means.store, means.dice)
        .await;
    let settled = seen.turn.settle(written, (home, means.now)).await?;
    let id = settled.map_or(id, |earlier| JobId::new(earlier.resource));
    Ok((id, seen.is_small))
}

/// What the copy of the project itself says.
fn copy_of(
    means: Means<'_>,
    caller: &Caller,
    seen: &Seen,
    (job, target): (JobId, ProjectId),
) -> Project {
    let places = (seen.source.id(), target);
    let mut rewriter = Rewriter::new(means, job, &seen.order, places);
    let mut resource = seen.source.resource().clone();
    resource.id = target.uuid();
    resource.meta = Meta {
        rest: resource.meta.rest.clone(),
        ..means.first_version(caller.profile(), Some(target.uuid()))
    };
    rewriter.rewrite_policies_of(&mut resource.body);
    if let Some(name) = &seen.order.name {
        resource.body.insert("name".into(), name.clone().into());
    }
    Project::from_resource(resource)
}

/// What a job's ids are derived for: every clone has ids of its own.
fn purpose(job: JobId) -> String {
    format!("clone/{job}")
}

/// The copy once it is complete, or the job that is still at it.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn outcome(means: Means<'_>, job: Job) -> Result<Cloned, Failure> {
    if job.row.status != JobStatus::Completed {
        return Ok(Cloned::By(Box::new(job)));
    }
    let project = means
        .store
        .founding(job.row.project())
        .read_project()
        .await?;
    let project = project.ok_or(Refusal::Gone)?;
    Ok(Cloned::Project(Box::new(project.into_resource())))
}

/// One step of the job; where nobody wants it any more, one step of undoing it.
pub(crate) async fn step(
    means: Means<'_>,
    held: &Held,
    (order, wanted): (&str, bool),
    progress: &mut Progress,
) -> Result<Next, Failure> {
    let mut state = Copying::from_text(&progress.cursor)?;
    let target = means.store.founding(held.row.project());
    if !wanted && !state.is_undoing() {
        // What nobody has ever reached has no record and no straggler.
        means
            .store
            .lay(&[target.abandon_project()], means.dice)
            .await?;
        state = Copying::undoing(means.now);
        progress.counts.clear();
    }
    let next = if state.is_undoing() {
        copy::undo(means, target, &mut state).await?
    } else {
        let order = Order::from_text(order)?;
        let copying = copy::Step {
            means,
            held,
            order: &order,
            source: means.store.founding(order.source()?),
            target,
        };
        copying.take(&mut state, &mut progress.counts).await?
    };
    progress.cursor = state.to_text();
    Ok(next)
}

/// How the job ended that was waited for.
///
/// # Errors
/// As [`jobs::wait`] and [`outcome`].
pub async fn wait(
    means: Means<'_>,
    id: JobId,
    time: std::time::Duration,
) -> Result<Cloned, Failure> {
    outcome(means, jobs::wait(means, id, time).await?).await
}
