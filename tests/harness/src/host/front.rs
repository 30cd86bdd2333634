//! The HTTP side: a request in, the routed function's answer out, with API Gateway's own words where there is none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

use super::event::Arrived;
use super::processes::Processes;
use super::reply;
use super::routes::Routes;

/// API Gateway refuses bodies above this.
const LARGEST_BODY: usize = 10 << 20;

/// Lambda refuses events above this.
const LARGEST_EVENT: usize = 6 << 20;

/// API Gateway waits no longer than this for an integration.
const PATIENCE: Duration = Duration::from_secs(30);

struct Front {
    routes: Routes,
    processes: Arc<Processes>,
}

/// Serves the API.
pub(crate) async fn serve(listener: TcpListener, routes: Routes, processes: Arc<Processes>) {
    let front = Arc::new(Front { routes, processes });
    let every_request = Router::new().fallback(answer).with_state(front);
    let service = every_request.into_make_service_with_connect_info::<SocketAddr>();
    let _ended = axum::serve(listener, service).await;
}

async fn answer(
    State(front): State<Arc<Front>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let id = request_id();
    let (parts, body) = request.into_parts();
    let mut response = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) => {
            let arrived = Arrived {
                parts,
                body,
                peer,
                at: Timestamp::now(),
            };
            front.pass_on(&arrived, &id).await
        }
        Err(_) => own(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Request Entity Too Large",
            "body over 10 MB",
        ),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

impl Front {
    async fn pass_on(&self, arrived: &Arrived, id: &str) -> Response<Body> {
        let route = self
            .routes
            .find(arrived.parts.method.as_str(), arrived.parts.uri.path());
        let event = arrived.event(&route, id).to_string();
        if event.len() > LARGEST_EVENT {
            return own(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request Entity Too Large",
                "event over 6 MB",
            );
        }
        let invoked = self.processes.invoke(route.function, event, id.to_owned());
        let broken = |reason: &str| own(StatusCode::BAD_GATEWAY, "Internal Server Error", reason);
        match tokio::time::timeout(PATIENCE, invoked).await {
            Ok(Ok(answer)) => reply::response(&answer).unwrap_or_else(|reason| broken(&reason)),
            Ok(Err(reason)) => broken(&reason.to_string()),
            Err(_) => own(
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "no answer in 30 s",
            ),
        }
    }
}

/// An answer no function gave. It has API Gateway's body; why it was needed stands in a header for the test. A broken
/// function is 502 here, where the real HTTP API says 500, so that no test takes it for the product's own 500.
fn own(status: StatusCode, message: &str, reason: &str) -> Response<Body> {
    let body = Body::from(json!({ "message": message }).to_string());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    let printable: String = reason.chars().filter(|c| (' '..='~').contains(c)).collect();
    if let Ok(reason) = HeaderValue::from_str(&printable) {
        response.headers_mut().insert("x-broken", reason);
    }
    response
}

/// A request id in the form of a UUID, unique in this process and unlike those of other processes.
pub(crate) fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let millis = Timestamp::now().as_millisecond().cast_unsigned();
    let process = u64::from(std::process::id()) & 0xffff;
    format!(
        "{:08x}-{:04x}-7{:03x}-8000-{process:04x}{count:08x}",
        (millis >> 16) & 0xffff_ffff,
        millis & 0xffff,
        count & 0xfff
    )
}
