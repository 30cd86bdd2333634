//! Rows beyond those that are done while the caller waits: kept with the job, and invited a few at a time in the name of whoever asked.
//! His rights are weighed again before every step: an administrator who is one no longer invites nobody.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use domain::{
    Caller, Claimant, ClientId, Failure, Fault, JobId, LoginId, MembershipId, ProfileRef,
    ProjectId, Refusal, Secret, Subject, UserId,
};
use identity::Sealed;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Held, JobKind, JobRow, NewJob, Progress, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Batch, Manner, OPERATION, Row, Seen, note_refusals};
use crate::jobs::Next;
use crate::once::Turn;
use crate::{Means, Once, realm};

/// How many rows are invited in one step.
const STEP: usize = 24;
/// How long a step may begin rows.
const TIME: Duration = Duration::from_secs(20);
/// How many rows that were refused are told one by one.
const TOLD: usize = 500;
const INVITED: &str = "invited";
const REFUSED: &str = "refused";

/// What the job was told.
#[derive(Serialize, Deserialize)]
struct Order {
    rows: Vec<KeptRow>,
    asked_by: AskedBy,
}

/// A row as posted, or what was wrong with it.
#[derive(Serialize, Deserialize)]
enum KeptRow {
    Fields(Map<String, Value>),
    Faults(Vec<(Option<String>, String)>),
}

/// Whose rights count.
#[derive(Serialize, Deserialize)]
struct AskedBy {
    user: Option<Uuid>,
    client: Option<Uuid>,
    login: Option<Uuid>,
    project: Uuid,
    membership: Uuid,
    profile: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    next: usize,
    refused: BTreeMap<usize, String>,
}

/// Hands the rows to a job.
///
/// # Errors
/// [`Refusal::NotFound`] for a project that is not there, [`Failure::Unavailable`].
pub async fn hand_over(
    means: Means<'_>,
    caller: &Caller,
    (seen, url): (Seen, String),
) -> Result<JobId, Failure> {
    let project = realm::project(caller, seen.project.as_ref())?;
    if let Some(earlier) = seen.turn.earlier() {
        return Ok(JobId::new(earlier.resource));
    }
    let order = Order {
        rows: seen.rows.into_iter().map(kept).collect(),
        asked_by: AskedBy::of(&seen.claimant),
    };
    let id = JobId::new(means.dice.id());
    let text = Secret::new(serde_json::to_string(&order).unwrap_or_default());
    // Rows may bring passwords.
    let sealed = means.keys.seal(&place(id), &text, &means.dice);
    let job = NewJob {
        id,
        kind: JobKind::Invite,
        home: project.id(),
        project: project.id(),
        author: caller.profile(),
        request: url,
        order: json!(sealed).as_str().unwrap_or_default().to_owned(),
        cursor: String::new(),
    };
    create(means, caller, (&job, &seen.turn)).await
}

/// Which job an order is sealed for.
fn place(id: JobId) -> String {
    format!("JOB/{id}/order")
}

async fn create(
    means: Means<'_>,
    caller: &Caller,
    (job, turn): (&NewJob, &Turn),
) -> Result<JobId, Failure> {
    let tenant = means.store.of(caller);
    let answer = ("AsyncJob", job.id.uuid(), Uuid::nil());
    let written = Transaction::new()
        .steps(means.store.create_job(job, (means.now, means.dice)))
        .steps(turn.remember_as(tenant, answer, means.now))
        .commit(means.store, means.dice)
        .await;
    let faster = turn.settle(written, (tenant, means.now)).await?;
    Ok(faster.map_or(job.id, |earlier| JobId::new(earlier.resource)))
}

/// The next rows. Each has a key of its own, so that a worker who falls invites nobody twice.
pub(crate) async fn step(
    means: Means<'_>,
    held: &Held,
    order: &str,
    progress: &mut Progress,
) -> Result<Next, Failure> {
    let sealed: Sealed =
        serde_json::from_value(order.into()).map_err(|cause| Failure::corrupt("a job", cause))?;
    let order: Order = read(means.keys.unseal(&place(held.id), &sealed)?.reveal())?;
    let mut cursor: Cursor = match progress.cursor.as_str() {
        "" => Cursor::default(),
        text => read(text)?,
    };
    let claimant = claimant(means, &order.asked_by).await?;
    let claimant = claimant.heading_for(held.row.project());
    let caller = Caller::admit(means.store.evidence(&claimant).await?)?;
    let caller = caller.acting_in(held.row.project())?;
    if !caller.is_admin() {
        return Err(Refusal::Forbidden.into());
    }
    let first = cursor.next;
    let rows = order.rows.into_iter().skip(first).take(STEP);
    let rows: Vec<Row> = rows.map(posted).collect();
    if rows.is_empty() {
        return Ok(Next::done(Vec::new()));
    }
    let answers = invite(means, (&caller, claimant), (held.id, first), rows).await;
    for (at, answer) in (first..).zip(answers) {
        let name = match answer {
            Ok(_) => INVITED,
            // Nobody knows whether it happened: the step comes again, and the row's key tells.
            Err(failure @ Failure::Unavailable { .. }) => return Err(failure),
            Err(failure) => {
                if cursor.refused.len() < TOLD {
                    cursor.refused.insert(at, said(&failure));
                }
                REFUSED
            }
        };
        *progress.counts.entry(name.to_owned()).or_default() += 1;
        cursor.next = at + 1;
    }
    progress.cursor = serde_json::to_string(&cursor).unwrap_or_default();
    Ok(Next::Step)
}

async fn invite(
    means: Means<'_>,
    (caller, claimant): (&Caller, Claimant),
    (job, first): (JobId, usize),
    rows: Vec<Row>,
) -> Vec<Result<fhir::Resource, Failure>> {
    let once = Once {
        key: format!("job {job} from {first}"),
        operation: OPERATION,
        body: Vec::new(),
    };
    let seen = Seen {
        rows,
        manner: Manner::Real,
        once: Some(once),
        turn: Turn::default(),
        claimant,
        project: None,
    };
    let batch = Batch {
        caller,
        seen: &seen,
        until: Instant::now() + TIME,
        next: AtomicUsize::new(0),
    };
    let answers = batch.carry_out(means).await;
    note_refusals(means, caller, &answers).await;
    answers
}

impl AskedBy {
    fn of(claimant: &Claimant) -> Self {
        let (user, client) = match claimant.subject() {
            Subject::User(id) => (Some(id.uuid()), None),
            Subject::Client(id) => (None, Some(id.uuid())),
        };
        Self {
            user,
            client,
            login: claimant.login().map(LoginId::uuid),
            project: claimant.project().uuid(),
            membership: claimant.membership().uuid(),
            profile: claimant.profile().to_string(),
        }
    }
}

/// Whoever asked, as he stands now.
async fn claimant(means: Means<'_>, asked: &AskedBy) -> Result<Claimant, Failure> {
    let place = (
        ProjectId::new(asked.project),
        MembershipId::new(asked.membership),
    );
    let client = asked.client.map(ClientId::new);
    if let (Some(id), None) = (client, asked.login) {
        let row = means.store.client_by_id(id).await?;
        let row = row.ok_or(Refusal::Unauthorized)?;
        return Ok(Claimant::by_secret(id, row.standing(), place));
    }
    let user = asked.user.map(|id| Subject::User(UserId::new(id)));
    let subject = user.or(client.map(Subject::Client));
    let profile = asked.profile.parse::<ProfileRef>().ok();
    let parts = subject.zip(profile).zip(asked.login);
    let ((subject, profile), login) = parts.ok_or(Refusal::Unauthorized)?;
    Ok(Claimant::by_token(
        subject,
        LoginId::new(login),
        place,
        profile,
    ))
}

fn kept(row: Row) -> KeptRow {
    let told = |fault: Fault| (fault.expression, fault.text);
    match row {
        Ok(fields) => KeptRow::Fields(fields),
        Err(faults) => KeptRow::Faults(faults.into_iter().map(told).collect()),
    }
}

fn posted(row: KeptRow) -> Row {
    let fault = |(expression, text): (Option<String>, String)| Fault {
        expression,
        ..Fault::general(text)
    };
    match row {
        KeptRow::Fields(fields) => Ok(fields),
        KeptRow::Faults(faults) => Err(faults.into_iter().map(fault).collect()),
    }
}

/// Why a row was refused, in the words that a single invite would have.
fn said(failure: &Failure) -> String {
    let Failure::Faulty(faults) = failure else {
        return failure.to_string();
    };
    let faults = faults.iter().map(|fault| match &fault.expression {
        Some(field) => format!("{field}: {}", fault.text),
        None => fault.text.clone(),
    });
    faults.collect::<Vec<_>>().join("; ")
}

/// The rows that were refused, as parameters of the job's output.
pub(crate) fn results(row: &JobRow) -> Vec<Value> {
    let cursor: Cursor = serde_json::from_str(&row.cursor).unwrap_or_default();
    let told = cursor.refused.into_iter();
    told.map(|(at, text)| json!({ "name": format!("row[{at}]"), "valueString": text }))
        .collect()
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|cause| Failure::corrupt("a job", cause))
}
