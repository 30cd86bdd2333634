//! The first event of every function: afterwards its connections stand and its keys are in memory.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Plan;
use crate::Advice;

/// How long a function may take for its start and its first answer, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(25);

/// Sends one event to every process, all at once: each takes one event at a time.
pub(super) async fn all(plan: &Plan) -> Result<(), Advice> {
    let client = reqwest::Client::new();
    let mut calls = JoinSet::new();
    for name in plan.functions.keys() {
        for _ in 0..plan.concurrency.max(1) {
            let url = format!(
                "http://127.0.0.1:{}/2015-03-31/functions/{name}/invocations",
                plan.port
            );
            let call = client.post(url).timeout(PATIENCE).json(&event()).send();
            let name = name.clone();
            calls.spawn(async move { (name, call.await) });
        }
    }
    while let Some(answered) = calls.join_next().await {
        // Any answer is a sign of life: this event is nobody's business, and a stream function cannot even read it.
        if let Ok((name, Err(_))) = answered {
            return Err(Advice::new(format!(
                "Repair the function {name}: it does not answer, and what it said stands above."
            )));
        }
    }
    Ok(())
}

/// A request that no route wants, in the form API Gateway gives it, and a stream event without records.
fn event() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/warm-up",
        "rawQueryString": "",
        "headers": { "host": "127.0.0.1" },
        "requestContext": {
            "accountId": "local", "apiId": "local", "domainName": "localhost", "domainPrefix": "local",
            "http": { "method": "GET", "path": "/warm-up", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "cargo local" },
            "requestId": "warm-up", "routeKey": "$default", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_i64,
        },
        "isBase64Encoded": false,
        "Records": [],
    })
}
