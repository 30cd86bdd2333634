//! One administrative action, one `TransactWriteItems`: all of it or nothing, exactly once.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use domain::{Dice, Failure, Refusal};

use crate::Store;
use crate::step::{Otherwise, Step};

/// How often a transaction is repeated when others get in its way, with pauses that add up to at most about three seconds.
const ATTEMPTS: u32 = 12;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

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
    /// in the way, [`Failure::Unavailable`] when the table did not answer.
    pub async fn commit(self, store: &Store, dice: Dice) -> Result<(), Aborted> {
        let writes = self
            .writes(store.table())
            .map_err(|e| Failure::unavailable("a transaction", e))?;
        let token = dice.id().to_string();
        let mut last = Verdict::Busy;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt, dice)).await;
            }
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
            match self.verdict(error) {
                Verdict::Final(aborted) => return Err(aborted),
                again => last = again,
            }
        }
        Err(match last {
            Verdict::Lost(failure) => Aborted::Failed(failure),
            _ => Aborted::Failed(Refusal::Contended.into()),
        })
    }

    fn writes(&self, table: &str) -> Result<Vec<TransactWriteItem>, BuildError> {
        self.steps.iter().map(|step| step.request(table)).collect()
    }

    fn verdict(&self, error: SdkError<TransactWriteItemsError>) -> Verdict {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                self.canceled(canceled.cancellation_reasons())
            }
            Some(service) if is_busy(service.code().unwrap_or_default()) => Verdict::Busy,
            Some(service) if is_oversized(service.message().unwrap_or_default()) => {
                Verdict::Final(Failure::from(Refusal::TooLarge).into())
            }
            Some(service) if service.code() == Some("ValidationException") => {
                Verdict::Final(Failure::unavailable("a transaction", error).into())
            }
            _ => Verdict::Lost(Failure::unavailable("the table", error)),
        }
    }

    /// The earliest failed condition decides; without one, others were in the way.
    fn canceled(&self, reasons: &[CancellationReason]) -> Verdict {
        let mut failed = self
            .steps
            .iter()
            .zip(reasons)
            .filter(|(_, reason)| is_condition(reason));
        match failed.next().map(|(step, _)| step.otherwise()) {
            Some(Otherwise::Refuse(refusal)) => {
                Verdict::Final(Failure::from(refusal.clone()).into())
            }
            Some(Otherwise::Reread) => Verdict::Final(Aborted::Changed),
            None if reasons.iter().any(is_too_large) => {
                Verdict::Final(Failure::from(Refusal::TooLarge).into())
            }
            None => Verdict::Busy,
        }
    }
}

enum Verdict {
    Final(Aborted),
    Busy,
    Lost(Failure),
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

fn is_busy(code: &str) -> bool {
    matches!(
        code,
        "TransactionInProgressException"
            | "TransactionConflictException"
            | "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
    )
}

/// Full jitter: a random share of a doubling limit, so that those who collided do not meet again.
fn pause(attempt: u32, dice: Dice) -> Duration {
    let limit = Duration::from_millis(10 << attempt.min(6)).min(LONGEST_PAUSE);
    limit.mul_f64(f64::from(u16::from_be_bytes(dice.bytes())) / f64::from(u16::MAX))
}
