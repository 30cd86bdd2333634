//! One call's way through the proxy: read, decide, carry out, note, answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockWriteGuard};

use crate::background;

use super::answers::{self, Refused};
use super::call::{Asked, Call};
use super::conflicts::InFlight;
use super::plan::{Fault, Plan};
use super::recording::Recording;

/// How long every call is kept while somebody records. Calls a function sends together arrive microseconds to
/// milliseconds apart, and the engine answers within one: only when each lasts longer than that do they overlap. The time is waited
/// for in pieces: when the engine has held this process up meanwhile, only one of them is over at once, and in the others the calls
/// that have come together are taken up.
const RECORDED_CALL: Duration = Duration::from_millis(5);
const PIECES: u32 = 10;

/// How long a transaction stays in flight under [`Plan::conflicts`]; the real one takes about as long.
const TRANSACTION: Duration = Duration::from_millis(4);

/// DynamoDB's own limit for a request is 16 MB.
const LARGEST_BODY: usize = 16 << 20;

/// Kills the process that serves the request of this id, and ends when it is dead.
pub(super) type Kill =
    Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What all connections share.
#[derive(Default)]
pub(super) struct Core {
    engine: String,
    client: reqwest::Client,
    plan: Mutex<Plan>,
    in_flight: InFlight,
    recorders: Mutex<Vec<Weak<Mutex<Recording>>>>,
    kill: OnceLock<Kill>,
    /// Held by every call while the engine carries it out, and alone by whoever looks at the whole table.
    gate: RwLock<()>,
}

/// A call ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the plan dropped this call")]
pub(super) struct Dropped;

/// An answer on its way back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Core {
    pub(super) fn new(engine: &str) -> Self {
        Self {
            engine: engine.to_owned(),
            client: background::http_client(None),
            ..Self::default()
        }
    }

    pub(super) fn lay(&self, plan: Plan) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    pub(super) fn struck(&self) -> usize {
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.struck()
    }

    pub(super) fn on_crash(&self, kill: Kill) {
        let _kept = self.kill.set(kill);
    }

    /// Waits until no call is being carried out, and keeps every call waiting until the guard is dropped.
    pub(super) async fn hold(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Everything noted from now on reaches the returned recording, as long as that lives.
    pub(super) fn record(&self) -> Arc<Mutex<Recording>> {
        let recording = Arc::default();
        let mut recorders = self
            .recorders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recorders.retain(|other| other.strong_count() > 0);
        recorders.push(Arc::downgrade(&recording));
        recording
    }

    /// Takes one request through the plan. An error asks for the connection to be dropped.
    pub(super) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Dropped> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), LARGEST_BODY)
            .await
            .map_err(|_| Dropped)?;
        let started = Instant::now();
        let text = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let mut asked = Asked::new(
            text("x-amz-target").unwrap_or_default(),
            text("x-amzn-trace-id").unwrap_or_default(),
            serde_json::from_slice(&body).unwrap_or_default(),
        );
        if asked.has_capacity() {
            asked.body["ReturnConsumedCapacity"] = json!("INDEXES");
        }
        let answer = self.decide(&asked, &parts.headers).await;
        self.note(&asked, started, answer.as_ref().ok()).await;
        answer.and_then(Answer::into_response)
    }

    /// Lets the plan have its say, then carries the call out unless it was refused or lost.
    async fn decide(&self, asked: &Asked, headers: &HeaderMap) -> Result<Answer, Dropped> {
        let (fault, conflicts) = {
            let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            (plan.fault(asked), plan.has_conflicts())
        };
        let _held = match conflicts.then(|| self.in_flight.enter(asked)) {
            Some(Err(taken)) => return Ok(Answer::refused(answers::conflict(asked, &taken))),
            Some(Ok(held)) => held,
            None => None,
        };
        if conflicts && asked.is_transaction() {
            tokio::time::sleep(TRANSACTION).await;
        }
        match fault {
            Some(Fault::Throttle) => return Ok(Answer::refused(answers::throttled())),
            Some(Fault::ServerError) => return Ok(Answer::refused(answers::server_error())),
            Some(Fault::LostRequest) => return Err(Dropped),
            Some(Fault::Unprocessed) => return self.half(asked, headers).await,
            Some(Fault::CrashBefore) => return self.crash(asked).await,
            Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
            Some(Fault::LostAnswer | Fault::CrashAfter) | None => {}
        }
        let answer = self.forward(&asked.body, headers).await?;
        match fault {
            Some(Fault::LostAnswer) => Err(Dropped),
            Some(Fault::CrashAfter) => self.crash(asked).await,
            _ => Ok(answer),
        }
    }

    async fn crash(&self, asked: &Asked) -> Result<Answer, Dropped> {
        if let Some(kill) = self.kill.get() {
            kill(asked.request.clone()).await;
        }
        Err(Dropped)
    }

    /// Carries out the first half of a batch and hands the rest back.
    async fn half(&self, asked: &Asked, headers: &HeaderMap) -> Result<Answer, Dropped> {
        let (first, left) = answers::halve(&asked.body);
        let mut body = json!({ "Responses": {} });
        if first["RequestItems"]
            .as_object()
            .is_some_and(|tables| !tables.is_empty())
        {
            let answer = self.forward(&first, headers).await?;
            body = serde_json::from_slice(&answer.body).map_err(|_| Dropped)?;
        }
        body["UnprocessedKeys"] = left;
        Ok(Answer::refused((200, body)))
    }

    async fn forward(&self, body: &Value, headers: &HeaderMap) -> Result<Answer, Dropped> {
        let mut headers = headers.clone();
        for ours in [
            header::HOST,
            header::CONTENT_LENGTH,
            header::ACCEPT_ENCODING,
        ] {
            headers.remove(ours);
        }
        let request = self
            .client
            .post(&self.engine)
            .headers(headers)
            .body(body.to_string());
        let _through = self.gate.read().await;
        let answer = request.send().await.map_err(|_| Dropped)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|_| Dropped)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Hands the finished call to everybody who records.
    async fn note(&self, asked: &Asked, started: Instant, answer: Option<&Answer>) {
        let recorders: Vec<_> = {
            let recorders = self
                .recorders
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            recorders.iter().filter_map(Weak::upgrade).collect()
        };
        if recorders.is_empty() {
            return;
        }
        for _ in 0..PIECES {
            tokio::time::sleep(RECORDED_CALL).await;
        }
        let body = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
        let call = Call {
            started,
            ended: Instant::now(),
            action: asked.action.clone(),
            function: asked.function.clone(),
            request: asked.request.clone(),
            keys: asked.keys(),
            index: asked.index(),
            status: answer.map_or(0, |answer| answer.status),
            consumed: asked.consumed(&body.unwrap_or(Value::Null)),
        };
        for recorder in recorders {
            let mut recording = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recording.calls.push(call.clone());
        }
    }
}

impl Answer {
    fn refused((status, body): Refused) -> Self {
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        Self {
            status,
            headers,
            body: body.to_string().into(),
        }
    }

    fn into_response(self) -> Result<Response<Body>, Dropped> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            if name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
                response = response.header(name, value);
            }
        }
        response.body(Body::from(self.body)).map_err(|_| Dropped)
    }
}
