//! The table's stream, carried to the functions that follow it, as Lambda's event source mappings carry it.
//!
//! Each consumer reads at its own pace and in order. Records that its filters do not want never reach it. A batch that
//! fails is cut smaller until the failing record stands alone; that one is tried again a bounded number of times and
//! then becomes a dead letter, so that it holds up the rest only for a while.

mod consumer;
mod delivery;
mod filter;
mod http;
mod jobs;
mod source;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dynoxide::Database;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Advice;

pub use consumer::StreamConsumer;
pub use filter::Pattern;
pub use http::invoke_over_http;

/// How soon a new record is seen. Lambda polls a quiet stream four times a second.
const POLL: Duration = Duration::from_millis(50);

/// Calls a function by name with an event and gives its answer, or says why there is none: a function's own error and an
/// unreachable function are the same to a stream.
pub type Invoke = Arc<
    dyn Fn(String, Value) -> Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>
        + Send
        + Sync,
>;

/// Which stream is read, and where the readers' places in it are remembered.
#[derive(Clone)]
pub struct Stream {
    /// The engine that holds the table.
    pub database: Database,
    /// The table whose changes are followed.
    pub table: String,
    /// A folder with one file per function; `None` forgets the places at the end, for tables in memory.
    pub places: Option<PathBuf>,
}

/// A record that a function could not take, however often it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The function that failed.
    pub function: String,
    /// The stream record as the function saw it.
    pub record: Value,
    /// What the last attempt reported.
    pub reason: String,
}

/// The running consumers. They stop when it is dropped.
pub struct Pump {
    dead: Arc<Mutex<Vec<DeadLetter>>>,
    consumers: JoinSet<()>,
}

impl Pump {
    /// Starts one reader per consumer. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// The table has no stream, or a remembered place cannot be read.
    pub fn start(
        stream: &Stream,
        consumers: Vec<StreamConsumer>,
        invoke: &Invoke,
    ) -> Result<Self, Advice> {
        let dead = Arc::default();
        let mut running = JoinSet::new();
        for consumer in consumers {
            let source = source::Source::open(stream, &consumer.function)?;
            let delivery = delivery::Delivery {
                consumer,
                invoke: Arc::clone(invoke),
                dead: Arc::clone(&dead),
            };
            running.spawn(follow(source, delivery));
        }
        Ok(Self {
            dead,
            consumers: running,
        })
    }

    /// Says in a line what long work there is, and now and then how far it has come.
    ///
    /// # Errors
    /// As [`Pump::start`].
    pub fn tell(
        &mut self,
        stream: &Stream,
        say: impl Fn(String) + Send + 'static,
    ) -> Result<(), Advice> {
        let source = source::Source::open(stream, "told")?;
        let teller = jobs::Teller::new(stream.database.clone(), stream.table.clone());
        self.consumers.spawn(tell(source, teller, say));
        Ok(())
    }

    /// The records given up so far, oldest first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.dead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn follow(mut source: source::Source, delivery: delivery::Delivery) {
    loop {
        let records = source.next().await;
        if records.is_empty() {
            tokio::time::sleep(POLL).await;
            continue;
        }
        delivery.deliver(records).await;
        // Only now: a stop in between repeats records, which every consumer must bear, and loses none.
        source.remember();
    }
}

async fn tell(mut source: source::Source, mut teller: jobs::Teller, say: impl Fn(String) + Send) {
    loop {
        let records = source.next().await;
        if records.is_empty() {
            tokio::time::sleep(POLL).await;
        }
        for record in records {
            if let Some(line) = teller.hear(&record, Instant::now()) {
                say(line);
            }
        }
        source.remember();
    }
}
