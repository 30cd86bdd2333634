//! The end of a project: first nobody reaches it any more, then a job deletes what it had, and looks whether anything is left.

use domain::{Caller, Failure, JobId, PROJECT, Project, ProjectId, Refusal};
use fhir::Reference;
use store::{
    Action, Event, Farewell, Held, JobKind, Life, NewJob, Progress, Step, Tenant, Transaction,
};
use uuid::Uuid;

use super::sweep::{Sweep, sweep};
use crate::Means;
use crate::jobs::{Job, Next, wake};
use crate::once::Turn;

const PURPOSE: &str = "expunge-project";

/// A project that is to go.
pub(super) struct Closing {
    project: ProjectId,
    /// The project, unless it is on its way out already.
    open: Option<Project>,
    founded: i64,
    url: String,
}

pub(super) async fn look(
    means: Means<'_>,
    (tenant, all_seeing): (Tenant<'_>, bool),
    id: Uuid,
    url: String,
) -> Result<Closing, Failure> {
    let project = ProjectId::new(id);
    // Another project's id costs the same reads as one's own: of one's own.
    let here = all_seeing || project == tenant.project();
    let tenant = match here {
        true => means.store.founding(project),
        false => tenant,
    };
    let (read, founded) = tokio::join!(tenant.read_any_project(), tenant.founded());
    let (read, life) = read?.filter(|_| here).ok_or(Refusal::NotFound)?;
    let open = match life {
        None | Some(Life::Leaving) => Some(read),
        Some(Life::Going) => None,
        Some(Life::Coming) => return Err(Refusal::NotFound.into()),
    };
    let founded = founded?.map_or(means.now, |at| at.min(means.now));
    Ok(Closing {
        project,
        open,
        founded: founded.as_millis(),
        url,
    })
}

/// Closes the project and sends the job on its way; one that is on its way is handed out again.
pub(super) async fn begin(
    means: Means<'_>,
    caller: &Caller,
    (closing, turn): (Closing, &Turn),
) -> Result<JobId, Failure> {
    let id = job_of(means, closing.project);
    let home = means.store.of(caller);
    if closing.project == means.keys.super_project() {
        return Err(Refusal::SuperProject.into());
    }
    let Some(open) = &closing.open else {
        let row = means.store.job(id).await?.ok_or(Refusal::NotFound)?;
        wake(means, &Job { id, row }).await?;
        return Ok(id);
    };
    let answer = ("AsyncJob", id.uuid(), Uuid::nil());
    let parties = (caller.project().id(), caller.profile());
    let written = Transaction::new()
        .steps(steps(means, (&closing, open), parties))
        .steps(turn.remember_as(home, answer, means.now))
        .commit(means.store, means.dice)
        .await;
    match turn.settle(written, (home, means.now)).await {
        Ok(_) => Ok(id),
        // Somebody else has closed it, or changed it: which, the next look tells.
        Err(Failure::Refused(Refusal::Contended)) => {
            closed_by_another(means, closing.project, id).await
        }
        Err(failure) => Err(failure),
    }
}

/// What closes the project and begins the job, for somebody of a project.
fn steps(
    means: Means<'_>,
    (closing, open): (&Closing, &Project),
    (home, author): (ProjectId, Reference),
) -> Vec<Step> {
    let job = NewJob {
        id: job_of(means, closing.project),
        kind: JobKind::Expunge,
        home,
        project: closing.project,
        author: author.clone(),
        request: closing.url.clone(),
        order: String::new(),
        cursor: Sweep::of(closing.founded, means.now).to_text(),
    };
    let tenant = means.store.founding(closing.project);
    let version = open.resource().meta.version;
    let next = means.dice.version(means.now, Some(version));
    // The project's own record goes with it.
    let above = means.store.founding(means.keys.super_project());
    let parties = (author, open.reference());
    let event = Event::success(Action::Delete, "expunge-project", parties, means.now);
    // Without the key, secrets are no secrets any more, long before their rows are gone.
    let mut steps = vec![
        tenant.close_project(open, next),
        tenant.forget_leave(),
        tenant.drop_data_key(),
    ];
    steps.extend(means.store.create_job(&job, (means.now, means.dice)));
    steps.push(above.record(&event, means.now, means.dice));
    steps
}

fn job_of(means: Means<'_>, project: ProjectId) -> JobId {
    JobId::new(means.keys.derive_id(PURPOSE, project.uuid()))
}

/// Begins the end of a project whose time is over since it was deleted. One that came back meanwhile stays.
///
/// # Errors
/// [`Failure::Unavailable`]: it is to be tried again.
pub async fn depart(means: Means<'_>, farewell: &Farewell) -> Result<(), Failure> {
    let tenant = means.store.founding(farewell.project);
    let (leaving, founded) = tokio::join!(tenant.read_leaving_project(), tenant.founded());
    let is_meant = |it: &Project| it.resource().meta.version == farewell.version;
    let leaving = leaving?.filter(is_meant);
    let Some(project) = leaving.filter(|_| farewell.due <= means.now.as_seconds()) else {
        return Ok(());
    };
    let base = &means.settings.base_url;
    let closing = Closing {
        project: farewell.project,
        open: None,
        founded: founded?.unwrap_or(means.now).as_millis(),
        url: format!("{base}fhir/R4/{PROJECT}/{}", farewell.project),
    };
    let parties = (means.keys.super_project(), farewell.author.clone());
    let steps = steps(means, (&closing, &project), parties);
    match means.write(Transaction::new().steps(steps)).await {
        // Somebody has brought it back, or expunged it, in this moment.
        Ok(()) | Err(Failure::Refused(Refusal::Contended)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

async fn closed_by_another(
    means: Means<'_>,
    project: ProjectId,
    id: JobId,
) -> Result<JobId, Failure> {
    let read = means.store.founding(project).read_any_project().await?;
    match read {
        Some((_, Some(Life::Going))) => Ok(id),
        None => Err(Refusal::NotFound.into()),
        Some(_) => Err(Refusal::Contended.into()),
    }
}

/// One step of the job.
pub(crate) async fn step(
    means: Means<'_>,
    held: &Held,
    progress: &mut Progress,
) -> Result<Next, Failure> {
    let tenant = means.store.founding(held.row.project());
    let mut state = Sweep::from_text(&progress.cursor)?;
    let next = sweep(means, tenant, (&mut state, &mut progress.counts)).await?;
    progress.cursor = state.to_text();
    Ok(next)
}
