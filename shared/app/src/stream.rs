//! The frame around a function that follows the table's stream.

use std::future::Future;

use lambda_http::tracing::{self, error};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::serve::chain;
use crate::{App, Error};

/// One change of a row, as the stream tells it.
#[derive(Clone, Debug)]
pub struct Change {
    sequence: String,
    image: Value,
}

impl Change {
    /// A text of the row as it is now.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.image[name]["S"].as_str()
    }

    /// A number of the row as it is now.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.image[name]["N"].as_str()?.parse().ok()
    }
}

/// Starts, and follows the stream: records are handled one after the other; those that fail are reported and come again.
///
/// # Errors
/// Why it does not start.
pub async fn follow<F>(handle: fn(&'static App, Change) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send,
{
    tracing::init_default_subscriber();
    let app: &'static App = Box::leak(Box::new(App::start().await?));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, std::convert::Infallible>(batch(app, handle, &event.payload).await)
    }))
    .await
}

async fn batch<F>(app: &'static App, handle: fn(&'static App, Change) -> F, event: &Value) -> Value
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut failed = Vec::new();
    for record in event["Records"].as_array().into_iter().flatten() {
        let sequence = record["dynamodb"]["SequenceNumber"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let change = Change {
            sequence: sequence.clone(),
            image: record["dynamodb"]["NewImage"].clone(),
        };
        if let Err(failure) = handle(app, change.clone()).await {
            error!(
                record = change.sequence,
                cause = chain(failure.as_ref()),
                "a record failed"
            );
            failed.push(json!({ "itemIdentifier": sequence }));
        }
    }
    json!({ "batchItemFailures": failed })
}
