//! The Lambda Runtime API (2018-06-01), the four calls a runtime makes. A process is known by the first segment of
//! the path it was given as `AWS_LAMBDA_RUNTIME_API`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

use super::Broken;
use super::pool::Outcome;
use super::processes::Processes;

type Shared = State<Arc<Processes>>;

/// Serves every process of a host.
pub(crate) async fn serve(listener: TcpListener, processes: Arc<Processes>) {
    let calls = Router::new()
        .route("/{process}/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/{process}/2018-06-01/runtime/invocation/{request}/response",
            post(response),
        )
        .route(
            "/{process}/2018-06-01/runtime/invocation/{request}/error",
            post(error),
        )
        .route("/{process}/2018-06-01/runtime/init/error", post(init_error))
        // The limit is checked where the answer is turned into HTTP, so that it can be reported.
        .layer(DefaultBodyLimit::disable())
        .with_state(processes);
    let _ended = axum::serve(listener, calls).await;
}

async fn next(State(processes): Shared, Path(process): Path<u64>) -> Response {
    let Some(instance) = processes.instance(process) else {
        return StatusCode::GONE.into_response();
    };
    let (request, payload) = tokio::select! {
        event = instance.pool.next(&instance) => event,
        () = instance.until_ended() => return StatusCode::GONE.into_response(),
    };
    let function = &instance.pool.function;
    let now = Timestamp::now();
    let deadline =
        i128::from(now.as_millisecond()) + instance.pool.deadline.as_millis().cast_signed();
    let headers = [
        ("lambda-runtime-aws-request-id", request.clone()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-trace-id", trace(&request, function, now)),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:us-east-1:123456789012:function:{function}"),
        ),
    ];
    (headers, payload).into_response()
}

/// An X-Ray header with two fields of our own: the AWS SDK sends it along with every call the function makes, and the
/// fault proxy reads there whose call it is.
fn trace(request: &str, function: &str, now: Timestamp) -> String {
    let root: String = request
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(24)
        .collect();
    let seconds = now.as_second();
    format!("Root=1-{seconds:08x}-{root:0>24};Sampled=0;Function={function};Request={request}")
}

async fn response(
    State(processes): Shared,
    Path(to): Path<(u64, String)>,
    body: Bytes,
) -> StatusCode {
    let report = |error: serde_json::Error| Broken::Failed(Value::String(error.to_string()));
    answer(
        &processes,
        to,
        serde_json::from_slice(&body).map_err(report),
    )
}

async fn error(State(processes): Shared, Path(to): Path<(u64, String)>, body: Bytes) -> StatusCode {
    answer(&processes, to, Err(Broken::Failed(report(&body))))
}

fn answer(
    processes: &Processes,
    (process, request): (u64, String),
    outcome: Outcome,
) -> StatusCode {
    let instance = processes.instance(process);
    if instance.is_some_and(|instance| instance.answer(&request, outcome)) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// The process will end now; that it never asked for an event tells the pool what to do.
async fn init_error(State(processes): Shared, Path(process): Path<u64>, body: Bytes) -> StatusCode {
    if let Some(instance) = processes.instance(process) {
        processes.note(
            &instance.pool.function,
            format!("init error: {}", report(&body)),
        );
    }
    StatusCode::ACCEPTED
}

fn report(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}
