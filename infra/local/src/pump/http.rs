use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Invoke;

/// How often, and how long apart, an address that refuses connections is tried. A host that starts again is soon back;
/// AWS has no such pause, so it must not cost a record its attempts.
const KNOCKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(200);
/// How long a function may take. The host does not tell when one dies in the middle, so somebody must stop waiting.
const LONGEST: Duration = Duration::from_secs(60);

/// Calls functions through the invocation address of a Lambda host, `<api>/2015-03-31/functions/<name>/invocations`.
pub fn invoke_over_http(api: &str) -> Invoke {
    let api = api.trim_end_matches('/').to_owned();
    let client = reqwest::Client::new();
    Arc::new(move |function, event| {
        let url = format!("{api}/2015-03-31/functions/{function}/invocations");
        let call = client.post(url).timeout(LONGEST).json(&event);
        Box::pin(async move { answer(knock(call).await.map_err(|error| error.to_string())?).await })
    })
}

async fn knock(call: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
    for _ in 1..KNOCKS {
        let Some(copy) = call.try_clone() else { break };
        match copy.send().await {
            Err(error) if error.is_connect() => tokio::time::sleep(PAUSE).await,
            answered => return answered,
        }
    }
    call.send().await
}

async fn answer(answer: reqwest::Response) -> Result<Value, String> {
    let failed =
        !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
    let body = answer.text().await.map_err(|error| error.to_string())?;
    if failed {
        return Err(body);
    }
    // A function that answers nothing has taken everything.
    Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
}
