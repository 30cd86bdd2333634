//! How a page of records reaches a function: in batches, in order, and again when it fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::{DeadLetter, Invoke, StreamConsumer};

/// The pause before the first repetition; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// One consumer with its way out: the function, and the list for what it cannot take.
pub(super) struct Delivery {
    pub(super) consumer: StreamConsumer,
    pub(super) invoke: Invoke,
    pub(super) dead: Arc<Mutex<Vec<DeadLetter>>>,
}

/// Where a batch stopped and why; everything before is done.
struct Stopped {
    at: usize,
    reason: String,
}

impl Delivery {
    /// Returns when every record is taken or given up.
    pub(super) async fn deliver(&self, records: Vec<Value>) {
        let wanted: Vec<Value> = records
            .into_iter()
            .filter(|record| self.consumer.wants(record))
            .collect();
        for batch in wanted.chunks(self.consumer.batch_size) {
            self.deliver_batch(batch).await;
        }
    }

    /// Splitting costs no attempt: only a record that fails alone is counted, as with `BisectBatchOnFunctionError`.
    async fn deliver_batch(&self, batch: &[Value]) {
        let mut open = vec![batch];
        let mut attempts = 0;
        while let Some(batch) = open.pop() {
            let Some(stopped) = self.attempt(batch).await else {
                attempts = 0;
                continue;
            };
            let rest = batch.get(stopped.at..).unwrap_or_default();
            match rest {
                [record] if attempts >= self.consumer.retries => {
                    self.give_up(record, stopped.reason);
                    attempts = 0;
                }
                [_] => {
                    tokio::time::sleep(PAUSE * 2_u32.saturating_pow(attempts.min(5))).await;
                    attempts += 1;
                    open.push(rest);
                }
                _ if stopped.at > 0 => open.push(rest),
                _ => {
                    let (first, second) = rest.split_at(rest.len() / 2);
                    open.extend([second, first]);
                }
            }
        }
    }

    async fn attempt(&self, batch: &[Value]) -> Option<Stopped> {
        if batch.is_empty() {
            return None;
        }
        match (self.invoke)(self.consumer.function.clone(), json!({ "Records": batch })).await {
            Ok(answer) => first_failure(batch, &answer),
            Err(reason) => Some(Stopped { at: 0, reason }),
        }
    }

    fn give_up(&self, record: &Value, reason: String) {
        let function = self.consumer.function.clone();
        let letter = DeadLetter {
            function,
            record: record.clone(),
            reason,
        };
        self.dead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(letter);
    }
}

/// Reads `batchItemFailures`: the failed record that comes first counts, and what is behind it is sent again with it. An
/// identifier that names no record of the batch fails the whole batch.
fn first_failure(batch: &[Value], answer: &Value) -> Option<Stopped> {
    let failures = answer["batchItemFailures"].as_array()?;
    let place = |failure: &Value| {
        let named = failure["itemIdentifier"].as_str();
        batch
            .iter()
            .position(|record| record["dynamodb"]["SequenceNumber"].as_str() == named)
            .unwrap_or(0)
    };
    let at = failures.iter().map(place).min()?;
    Some(Stopped {
        at,
        reason: "reported in batchItemFailures".into(),
    })
}
