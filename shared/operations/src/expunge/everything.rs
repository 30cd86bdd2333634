//! A resource with everything that lies in its compartment: what is about a patient, or belongs to an account. A job deletes it, the
//! resource itself last, so that whoever falls in between is found again.

use domain::{Caller, Failure, JobId, Refusal};
use fhir::{Reference, Resource};
use serde::{Deserialize, Serialize};
use store::{Action, Counts, Event, Held, JobKind, NewJob, Progress, Transaction};
use uuid::Uuid;

use super::resource::{self, Leftover};
use crate::Means;
use crate::jobs::Next;
use crate::once::Turn;

/// How many resources are looked at in one step.
const PAGE: usize = 200;

/// Where the work goes on.
#[derive(Serialize, Deserialize)]
struct Clearing {
    kind: String,
    id: Uuid,
    #[serde(default)]
    after: Option<String>,
    /// Whether all that lies in it was looked at.
    #[serde(default)]
    cleared: bool,
}

impl Clearing {
    fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn reference(&self) -> Reference {
        Reference::new(&self.kind, self.id)
    }

    /// Whether a resource lies in the compartment, and is another one.
    fn holds(&self, resource: &Resource) -> bool {
        let itself = self.reference().reference;
        resource.reference().reference != itself
            && resource
                .compartment()
                .iter()
                .any(|it| it.reference == itself)
    }
}

/// Sends the job on its way.
pub(super) async fn begin(
    means: Means<'_>,
    caller: &Caller,
    (leftover, url, turn): (Leftover, String, &Turn),
) -> Result<JobId, Failure> {
    if let Some(earlier) = turn.earlier() {
        return Ok(JobId::new(earlier.resource));
    }
    leftover.must_be_free()?;
    let home = means.store.of(caller);
    let id = JobId::new(means.dice.id());
    let clearing = Clearing {
        kind: leftover.kind.clone(),
        id: leftover.id,
        after: None,
        cleared: false,
    };
    let job = NewJob {
        id,
        kind: JobKind::Clear,
        home: caller.project().id(),
        project: leftover.project,
        author: caller.profile(),
        request: url,
        order: String::new(),
        cursor: clearing.to_text(),
    };
    let parties = (caller.profile(), clearing.reference());
    let event = Event::success(Action::Execute, "expunge-everything", parties, means.now);
    let there = means.store.founding(leftover.project);
    let answer = ("AsyncJob", id.uuid(), Uuid::nil());
    let written = Transaction::new()
        .steps(means.store.create_job(&job, (means.now, means.dice)))
        .steps(turn.remember_as(home, answer, means.now))
        .step(there.record(&event, means.now, means.dice))
        .commit(means.store, means.dice)
        .await;
    let settled = turn.settle(written, (home, means.now)).await?;
    Ok(settled.map_or(id, |earlier| JobId::new(earlier.resource)))
}

/// One step of the job.
pub(crate) async fn step(
    means: Means<'_>,
    held: &Held,
    progress: &mut Progress,
) -> Result<Next, Failure> {
    let tenant = means.store.founding(held.row.project());
    if tenant.read_project().await?.is_none() {
        // The project goes with all it has.
        return Ok(Next::done(Vec::new()));
    }
    let mut clearing: Clearing =
        serde_json::from_str(&progress.cursor).map_err(|cause| Failure::corrupt("a job", cause))?;
    let author = &held.row.author;
    if clearing.cleared {
        let itself = (clearing.kind.as_str(), clearing.id);
        resource::expunge_by(means, (tenant, author), itself).await?;
        count(&mut progress.counts, &clearing.kind);
        return Ok(Next::done(Vec::new()));
    }
    let part = tenant
        .all_resources(PAGE, clearing.after.as_deref())
        .await?;
    for stored in part.rows {
        let resource = &stored.resource;
        if !clearing.holds(resource) {
            continue;
        }
        let (kind, id) = (resource.kind.clone(), resource.id);
        match resource::expunge_by(means, (tenant, author), (&kind, id)).await {
            Ok(()) => count(&mut progress.counts, &kind),
            // It is the profile of a member, who keeps it.
            Err(Failure::Refused(Refusal::ProfileInUse)) => count(&mut progress.counts, "kept"),
            Err(failure) => return Err(failure),
        }
    }
    clearing.after = part.next;
    clearing.cleared = clearing.after.is_none();
    progress.cursor = clearing.to_text();
    Ok(Next::Step)
}

fn count(counts: &mut Counts, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}
