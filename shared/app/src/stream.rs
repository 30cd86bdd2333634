//! The frame around a function that follows the table's stream.

use std::future::Future;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use tracing::error;

use crate::log;
use crate::serve::chain;
use crate::{App, Error};

/// One change of a row, as the stream tells it.
#[derive(Clone, Debug)]
pub struct Change {
    sequence: String,
    record: Value,
}

impl Change {
    /// A text of the row as it is now.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.record["dynamodb"]["NewImage"][name]["S"].as_str()
    }

    /// A number of the row as it is now.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        let value = &self.record["dynamodb"]["NewImage"][name];
        value["N"].as_str()?.parse().ok()
    }

    /// The whole record.
    pub fn record(&self) -> &Value {
        &self.record
    }

    fn all(event: &Value) -> Vec<Self> {
        let records = event["Records"].as_array().into_iter().flatten();
        let change = |record: &Value| Self {
            sequence: record["dynamodb"]["SequenceNumber"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            record: record.clone(),
        };
        records.map(change).collect()
    }
}

/// Starts, and follows the stream a batch at a time: those records come again whose places the handler returns.
///
/// # Errors
/// Why it does not start.
pub async fn follow_together<F>(handle: fn(&'static App, Vec<Change>) -> F) -> Result<(), Error>
where
    F: Future<Output = Vec<(usize, Error)>> + Send,
{
    run(move |app, event| async move {
        let changes = Change::all(&event);
        let failed = handle(app, changes.clone()).await;
        report(
            failed
                .into_iter()
                .filter_map(|(at, failure)| Some((changes.get(at)?, failure))),
        )
    })
    .await
}

/// Starts, and follows the stream: records are handled one after the other; those that fail are reported and come again.
///
/// # Errors
/// Why it does not start.
pub async fn follow<F>(handle: fn(&'static App, Change) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send,
{
    run(move |app, event| async move {
        let changes = Change::all(&event);
        let mut failed = Vec::new();
        for change in &changes {
            let result = handle(app, change.clone()).await;
            failed.extend(result.err().map(|failure| (change, failure)));
        }
        report(failed.into_iter())
    })
    .await
}

async fn run<H, F>(handle: H) -> Result<(), Error>
where
    H: Fn(&'static App, Value) -> F,
    F: Future<Output = Value>,
{
    log::start();
    let app: &'static App = Box::leak(Box::new(App::start().await?));
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, std::convert::Infallible>(handle(app, event.payload).await)
    }))
    .await
}

/// Logs what failed, and tells the stream where to begin again.
fn report<'c>(failed: impl Iterator<Item = (&'c Change, Error)>) -> Value {
    let failures = failed.map(|(change, failure)| {
        error!(
            record = change.sequence,
            cause = chain(failure.as_ref()),
            "a record failed"
        );
        json!({ "itemIdentifier": change.sequence })
    });
    json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
}
