//! One administrative action, one `TransactWriteItems`: all of it or nothing, exactly once.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use domain::{Dice, Failure, Refusal};
use tokio::time::Instant;

use crate::Store;
use crate::step::{Otherwise, Step};

/// How long a transaction is repeated while others get in its way, or while the table is out of capacity.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is repeated at least, however slow everything is.
const ATTEMPTS: u32 = 12;
/// How often it is repeated before its maker looks again at what it rests on.
const ATTEMPTS_AT_ONE_LOOK: u32 = 3;
/// The longest pause between two attempts. A refused attempt holds nobody up, so it is better to come back often.
const LONGEST_PAUSE: Duration = Duration::from_millis(160);
/// How often a transaction is sent whose answer is lost. The SDK has repeated each sending several times by then.
const SENDINGS: u32 = 3;

/// Why a transaction wrote nothing.
#[derive(Debug)]
pub enum Aborted {
    /// A row that was read has changed since: read again and decide anew.
    Changed,
    /// Refused by the rules, or impossible now.
    Failed(Failure),
}

impl From<Failure> for Aborted {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A list of steps that become true together.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    steps: Vec<Step>,
}

/// Why a transaction wrote nothing, and which of its steps did not hold, in their order.
pub(crate) struct Halt {
    pub(crate) aborted: Aborted,
    pub(crate) failed: Vec<usize>,
}

impl Transaction {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more step. Of several failed conditions the earliest step's meaning is reported.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// More steps.
    #[must_use]
    pub fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Makes it so.
    ///
    /// Throttling and conflicts with other transactions are met with jittered pauses. A lost answer is met by sending the same
    /// transaction with the same client token, which the table answers without applying it twice: so an error is only returned
    /// when nothing is known to have been stored.
    ///
    /// # Errors
    /// [`Aborted::Changed`] or the step's refusal when a condition does not hold, [`Refusal::Contended`] when others kept getting
    /// in the way, [`Failure::Unavailable`] when the table did not answer or had no capacity.
    pub async fn commit(self, store: &Store, dice: Dice) -> Result<(), Aborted> {
        let begin = Instant::now();
        let patience = |attempt| attempt < ATTEMPTS || begin.elapsed() < PATIENCE;
        match self.send(store, dice, patience).await {
            Err(Halted::Conflicted) => Err(Failure::from(Refusal::Contended).into()),
            Err(Halted::Aborted(aborted, _)) => Err(aborted),
            Ok(()) => Ok(()),
        }
    }

    /// The same for a maker who decides anew when something has changed: others in the way have probably changed what this
    /// transaction rests on, so after a few attempts it is better to look than to insist.
    ///
    /// # Errors
    /// As [`Transaction::commit`], with [`Aborted::Changed`] instead of [`Refusal::Contended`].
    pub async fn commit_or_look_again(self, store: &Store, dice: Dice) -> Result<(), Aborted> {
        if self.is_empty() {
            return Ok(());
        }
        let patience = |attempt| attempt < ATTEMPTS_AT_ONE_LOOK;
        match self.send(store, dice, patience).await {
            Err(Halted::Conflicted) => {
                tokio::time::sleep(pause(ATTEMPTS_AT_ONE_LOOK, dice)).await;
                Err(Aborted::Changed)
            }
            Err(Halted::Aborted(aborted, _)) => Err(aborted),
            Ok(()) => Ok(()),
        }
    }

    /// As [`Transaction::commit_or_look_again`], for one who wants to know which steps did not hold.
    pub(crate) async fn commit_or_name(self, store: &Store, dice: Dice) -> Result<(), Halt> {
        let patience = |attempt| attempt < ATTEMPTS_AT_ONE_LOOK;
        match self.send(store, dice, patience).await {
            Err(Halted::Conflicted) => {
                tokio::time::sleep(pause(ATTEMPTS_AT_ONE_LOOK, dice)).await;
                let (aborted, failed) = (Aborted::Changed, Vec::new());
                Err(Halt { aborted, failed })
            }
            Err(Halted::Aborted(aborted, failed)) => Err(Halt { aborted, failed }),
            Ok(()) => Ok(()),
        }
    }

    async fn send(
        mut self,
        store: &Store,
        dice: Dice,
        patience: impl Fn(u32) -> bool,
    ) -> Result<(), Halted> {
        if let Some(gathering) = store.gathered() {
            let aborted = |aborted| Halted::Aborted(aborted, Vec::new());
            return gathering.take(self.steps).map_err(aborted);
        }
        if store.is_rehearsing() {
            self.steps.push(Step::never(dice));
        }
        let writes = self
            .writes(store.table())
            .map_err(|e| Failure::unavailable("a transaction", e))?;
        let token = dice.id().to_string();
        let mut lost = 0;
        for attempt in 1.. {
            let sent = store
                .client()
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .client_request_token(&token)
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(());
            };
            // What was lost may have been stored: from then on only certainty will do.
            let goes_on = patience(attempt) || (lost > 0 && attempt < ATTEMPTS);
            match self.verdict(error) {
                Verdict::Final(aborted, failed) => return Err(Halted::Aborted(aborted, failed)),
                Verdict::Rehearsed => return Ok(()),
                Verdict::Lost(_) if lost + 1 < SENDINGS => lost += 1,
                Verdict::Throttled(_) if goes_on || attempt < SENDINGS => {}
                Verdict::Conflict if goes_on => {}
                Verdict::Throttled(failure) | Verdict::Lost(failure) => return Err(failure.into()),
                Verdict::Conflict if lost == 0 => break,
                Verdict::Conflict => {
                    let cause = "an answer was lost, and others were in the way since";
                    return Err(Failure::unavailable("the table", cause).into());
                }
            }
            tokio::time::sleep(pause(attempt, dice)).await;
        }
        Err(Halted::Conflicted)
    }

    fn writes(&self, table: &str) -> Result<Vec<TransactWriteItem>, BuildError> {
        self.steps.iter().map(|step| step.request(table)).collect()
    }

    fn verdict(&self, error: SdkError<TransactWriteItemsError>) -> Verdict {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                self.canceled(canceled.cancellation_reasons())
            }
            Some(service) if is_conflict(service.code().unwrap_or_default()) => Verdict::Conflict,
            Some(service) if is_throttling(service.code().unwrap_or_default()) => {
                Verdict::Throttled(Failure::unavailable("the table", error))
            }
            Some(service) if is_oversized(service.message().unwrap_or_default()) => {
                Verdict::certain(Failure::from(Refusal::TooLarge))
            }
            Some(service) if service.code() == Some("ValidationException") => {
                Verdict::certain(Failure::unavailable("a transaction", error))
            }
            _ => Verdict::Lost(Failure::unavailable("the table", error)),
        }
    }

    /// The earliest failed condition decides; without one, others were in the way.
    fn canceled(&self, reasons: &[CancellationReason]) -> Verdict {
        let failed = reasons.iter().enumerate();
        let failed = failed.filter(|(_, reason)| is_condition(reason));
        let failed: Vec<usize> = failed.map(|(at, _)| at).collect();
        let first = failed.first().and_then(|at| self.steps.get(*at));
        match first.map(Step::otherwise) {
            Some(Otherwise::Refuse(refusal)) => {
                Verdict::Final(Failure::from(refusal.clone()).into(), failed)
            }
            Some(Otherwise::Reread) => Verdict::Final(Aborted::Changed, failed),
            Some(Otherwise::Rehearsed) => Verdict::Rehearsed,
            None if reasons.iter().any(is_too_large) => {
                Verdict::certain(Failure::from(Refusal::TooLarge))
            }
            None if reasons.iter().any(is_throttled) => {
                Verdict::Throttled(Failure::unavailable("the table", "it is out of capacity"))
            }
            None => Verdict::Conflict,
        }
    }
}

/// Why sending ended without success.
enum Halted {
    /// Why, and which steps did not hold.
    Aborted(Aborted, Vec<usize>),
    /// Others were in the way, and nothing was stored.
    Conflicted,
}

impl From<Failure> for Halted {
    fn from(failure: Failure) -> Self {
        Self::Aborted(failure.into(), Vec::new())
    }
}

enum Verdict {
    Final(Aborted, Vec<usize>),
    Rehearsed,
    Conflict,
    Throttled(Failure),
    Lost(Failure),
}

impl Verdict {
    fn certain(failure: Failure) -> Self {
        Self::Final(failure.into(), Vec::new())
    }
}

fn is_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

fn is_too_large(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("ValidationError" | "ItemCollectionSizeLimitExceeded")
    )
}

/// An item ends at 400 KB, a transaction at 4 MB; the table says so in words only.
fn is_oversized(message: &str) -> bool {
    message.contains("size has exceeded") || message.contains("exceeds the maximum allowed size")
}

fn is_throttled(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("ProvisionedThroughputExceeded" | "ThrottlingError")
    )
}

fn is_conflict(code: &str) -> bool {
    matches!(
        code,
        "TransactionInProgressException" | "TransactionConflictException"
    )
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded"
    )
}

/// Full jitter: a random share of a doubling limit, so that those who collided do not meet again.
fn pause(attempt: u32, dice: Dice) -> Duration {
    let limit = Duration::from_millis(20 << attempt.min(3)).min(LONGEST_PAUSE);
    limit.mul_f64(f64::from(u16::from_be_bytes(dice.bytes())) / f64::from(u16::MAX))
}
