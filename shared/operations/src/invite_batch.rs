//! Invite many people with one request. Each row is an invite of its own, by the one operation there is for it: what becomes of a row
//! touches no other.

mod job;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{Caller, Claimant, Existing, Failure, Fault, Invitation, Project, Refusal};
use fhir::Resource;
use serde_json::{Map, Value};
use store::{Tenant, Transaction};
use tokio::time::Instant;

use crate::once::{self, Turn, Wish};
use crate::{Means, Once, invite, realm};

pub use job::hand_over;
pub(crate) use job::{results, step};

/// How many rows are done while the caller waits.
pub const WHILE_WAITING: usize = 100;
/// How many rows one request may have; beyond those that are done while the caller waits, a job sees to them.
pub const MOST: usize = 5_000;

const OPERATION: &str = "invite many people";

/// A row as posted, or what is wrong with it.
pub type Row = Result<Map<String, Value>, Vec<Fault>>;

/// Whether rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// They are.
    Real,
    /// Everything is weighed, by the table too, and nothing is written.
    DryRun,
}

impl Seen {
    /// Whether a job has to see to it.
    pub fn is_long(&self) -> bool {
        self.rows.len() > WHILE_WAITING
    }
}

impl Manner {
    /// Reads the wish of a request; rows are written unless it says otherwise.
    ///
    /// # Errors
    /// A fault that names the words it could be.
    pub fn parse(dry_run: Option<&str>) -> Result<Self, Failure> {
        match dry_run {
            None | Some("false") => Ok(Self::Real),
            Some("true") => Ok(Self::DryRun),
            Some(_) => Err(Fault::invalid("dryRun", "dryRun must be true or false").into()),
        }
    }
}

/// What the request meets.
pub struct Seen {
    rows: Vec<Row>,
    manner: Manner,
    once: Option<Once>,
    turn: Turn,
    claimant: Claimant,
    project: Option<Project>,
}

/// What the request as a whole meets, to be read beside the authorisation. A dry run has no use for a key.
///
/// # Errors
/// What is wrong with the body, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (manner, wish): (Result<Manner, Failure>, Wish<Vec<Row>>),
) -> Result<Seen, Failure> {
    let (rows, once) = wish?;
    let manner = manner?;
    if manner == Manner::DryRun && rows.len() > WHILE_WAITING {
        let words = format!("A dry run takes at most {WHILE_WAITING} rows");
        return Err(Fault::invalid("dryRun", words).into());
    }
    let once = once.filter(|_| manner == Manner::Real);
    let project = async {
        match realm::key(tenant, &claimant) {
            Some(_) => tenant.read_project().await,
            None => Ok(None),
        }
    };
    let turn = once::look(means, tenant, &claimant, once.clone());
    let (project, turn) = tokio::join!(project, turn);
    Ok(Seen {
        rows,
        manner,
        once,
        turn: turn?,
        claimant,
        project: project?,
    })
}

/// Carries the rows out, several at a time, and answers each in its place: the membership, or why there is none. Rows are begun for
/// as long as `time` lasts; those that are not say [`Failure::Unavailable`] and can be sent again.
///
/// # Errors
/// [`Refusal::NotFound`] for a project that is not there, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`]: then no row
/// was begun.
pub async fn invite_batch(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
    time: Duration,
) -> Result<Vec<Result<Option<Resource>, Failure>>, Failure> {
    let project = realm::project(caller, seen.project.as_ref())?;
    let batch = Batch {
        caller,
        seen: &seen,
        until: Instant::now() + time,
        next: AtomicUsize::new(0),
    };
    if seen.manner == Manner::DryRun {
        let store = means.store.rehearsing();
        let means = Means {
            store: &store,
            ..means
        };
        let mut answers = batch.carry_out(means).await;
        refuse_repetitions(&project, &seen.rows, &mut answers);
        return Ok(answers.into_iter().map(|row| row.map(|_| None)).collect());
    }
    begin(means, caller, &seen.turn).await?;
    let answers = batch.carry_out(means).await;
    note_refusals(means, caller, &answers).await;
    Ok(answers.into_iter().map(|row| row.map(Some)).collect())
}

/// The key belongs to this body before any row has happened. Whether the rows did, each says by a record of its own.
async fn begin(means: Means<'_>, caller: &Caller, turn: &Turn) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let record = turn.remember_done(tenant, means.now);
    if let (Some(record), None) = (record, turn.earlier()) {
        let written = Transaction::new().step(record);
        let written = written.commit(means.store, means.dice).await;
        turn.settle(written, (tenant, means.now)).await?;
    }
    Ok(())
}

struct Batch<'a> {
    caller: &'a Caller,
    seen: &'a Seen,
    until: Instant,
    next: AtomicUsize,
}

impl Batch<'_> {
    /// Eight lanes take the rows in their order.
    async fn carry_out(&self, means: Means<'_>) -> Vec<Result<Resource, Failure>> {
        let lane = || self.lane(means);
        let (a, b, c, d, e, f, g, h) = tokio::join!(
            lane(),
            lane(),
            lane(),
            lane(),
            lane(),
            lane(),
            lane(),
            lane()
        );
        let answers = [a, b, c, d, e, f, g, h].into_iter();
        let mut answers: Vec<_> = answers.flatten().collect();
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn lane(&self, means: Means<'_>) -> Vec<(usize, Result<Resource, Failure>)> {
        let mut answers = Vec::new();
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = self.seen.rows.get(at) else {
                return answers;
            };
            let answer = match row {
                Err(faults) => Err(faults.clone().into()),
                Ok(_) if Instant::now() >= self.until => Err(Failure::unavailable(
                    "a batch",
                    "no time was left for the row",
                )),
                Ok(fields) => self.invite(means, at, fields).await,
            };
            answers.push((at, answer));
        }
    }

    /// The row's key is made of the batch's key and the row's place and content, so that a batch that died half way can be sent
    /// again.
    async fn invite(
        &self,
        means: Means<'_>,
        at: usize,
        fields: &Map<String, Value>,
    ) -> Result<Resource, Failure> {
        let invitation = Invitation::parse(fields)?;
        let once = self.seen.once.as_ref().map(|once| Once {
            key: format!("{} row {at}", once.key),
            operation: once.operation,
            body: Value::Object(fields.clone()).to_string().into_bytes(),
        });
        let tenant = means.store.of(self.caller);
        let wish = Ok((invitation, once));
        let seen = invite::look(means, tenant, self.seen.claimant, wish).await?;
        invite::invite(means, self.caller, seen).await
    }
}

/// In a dry run no row meets what an earlier one would have written.
fn refuse_repetitions(project: &Project, rows: &[Row], answers: &mut [Result<Resource, Failure>]) {
    let mut taken = HashSet::new();
    for (row, answer) in rows.iter().zip(answers) {
        let Some(Ok(invitation)) = row.as_ref().ok().map(Invitation::parse) else {
            continue;
        };
        if answer.is_err() {
            continue;
        }
        for (claim, refusal) in claims(&invitation, project) {
            if !taken.insert(claim) && invitation.existing != Existing::Update {
                *answer = Err(refusal.into());
            }
        }
    }
}

/// What only one member can have.
fn claims(invitation: &Invitation, project: &Project) -> Vec<(String, Refusal)> {
    let named = |field: &str| {
        let value = invitation.template.get(field).and_then(Value::as_str);
        value.map(|value| format!("{field} {value}"))
    };
    let scope = invitation.scope_in(project);
    let alone = invitation.existing != Existing::AddAnother;
    let email = invitation.email.as_ref().filter(|_| alone);
    let email = email.map(|email| format!("{scope:?} {}", email.as_str()));
    let claims = [
        (email, Refusal::AlreadyMember),
        (named("externalId"), Refusal::ExternalIdTaken),
        (named("userName"), Refusal::UserNameTaken),
    ];
    let claims = claims.into_iter();
    claims
        .filter_map(|(claim, refusal)| Some((claim?, refusal)))
        .collect()
}

/// One event says how many rows the rules refused. The rows are done by then: an event that cannot be written must not hide that.
async fn note_refusals(means: Means<'_>, caller: &Caller, answers: &[Result<Resource, Failure>]) {
    let refused = answers.iter().filter_map(|answer| match answer {
        Err(Failure::Refused(refusal)) if refusal.is_decision() => Some(refusal),
        _ => None,
    });
    let refused: Vec<&Refusal> = refused.collect();
    let Some(first) = refused.first() else { return };
    let why = format!(
        "{} of {} rows, the first: {first}",
        refused.len(),
        answers.len()
    );
    if let Err(failure) = means.record_refusal(caller, OPERATION, why).await {
        tracing::error!(operation = OPERATION, cause = %failure, "a refusal could not be recorded");
    }
}
