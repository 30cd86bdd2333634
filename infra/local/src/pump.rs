//! The table's stream, carried to the functions that follow it, as Lambda's event source mappings carry it.
//!
//! Each consumer reads at its own pace and in order. Records that its filters do not want never reach it. A batch that
//! fails is cut smaller until the failing record stands alone; that one is tried again a bounded number of times and
//! then becomes a dead letter, so that it holds up the rest only for a while.

mod consumer;
mod delivery;
mod filter;
mod source;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynoxide::Database;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Advice;

pub use consumer::StreamConsumer;
pub use filter::Pattern;

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
    _consumers: JoinSet<()>,
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
            _consumers: running,
        })
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

/// Calls functions through the invocation address of a Lambda host, `<api>/2015-03-31/functions/<name>/invocations`.
pub fn invoke_over_http(api: &str) -> Invoke {
    let api = api.trim_end_matches('/').to_owned();
    let client = reqwest::Client::new();
    Arc::new(move |function, event| {
        let url = format!("{api}/2015-03-31/functions/{function}/invocations");
        let call = client.post(url).json(&event).send();
        Box::pin(async move {
            let answer = call.await.map_err(|error| error.to_string())?;
            let failed = !answer.status().is_success()
                || answer.headers().contains_key("x-amz-function-error");
            let body = answer.text().await.map_err(|error| error.to_string())?;
            if failed {
                return Err(body);
            }
            // A function that answers nothing has taken everything.
            Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
        })
    })
}
