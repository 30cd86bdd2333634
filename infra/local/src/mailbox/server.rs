//! The mailbox's HTTP: many connections at once, each kept alive; a planned fault may end one.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;

use super::{Fault, State, page, ses};
use crate::connections;

/// SES takes 10 MB; its form encoding makes more of it.
const BODY_LIMIT: usize = 40 << 20;

type Answer = Response<Full<Bytes>>;

/// Serves until it is aborted; its connections end with it.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    connections::serve(listener, || {
        let state = Arc::clone(&state);
        service_fn(move |request| answer(request, Arc::clone(&state)))
    })
    .await;
}

/// An `Err` closes the connection without an answer.
async fn answer(request: Request<Incoming>, state: Arc<State>) -> io::Result<Answer> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    Ok(match (method, path.as_str()) {
        (Method::GET, "/") => html(page::render(&state.letters())),
        (Method::GET, "/messages") => json(&*state.letters()),
        (Method::POST, "/") => {
            let body = Limited::new(request.into_body(), BODY_LIMIT)
                .collect()
                .await
                .map_err(io::Error::other)?;
            send(&state, &body.to_bytes()).await?
        }
        _ => reply(
            StatusCode::NOT_FOUND,
            "text/plain",
            "There is nothing here.\n".into(),
        ),
    })
}

async fn send(state: &State, body: &[u8]) -> io::Result<Answer> {
    let call = ses::Call::read(body);
    let fault = state.faults().pop_front();
    match fault {
        Some(Fault::Throttled) => {
            return Ok(error(
                StatusCode::BAD_REQUEST,
                "Throttling",
                "Maximum sending rate exceeded.",
            ));
        }
        Some(Fault::ServerError) => {
            return Ok(error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailure",
                "Internal failure.",
            ));
        }
        Some(Fault::Hang) => match std::future::pending::<Infallible>().await {},
        Some(Fault::DropAfterAccept) | None => {}
    }
    let letter = match call.letter() {
        Ok(letter) => letter,
        Err(refused) => {
            return Ok(error(
                StatusCode::BAD_REQUEST,
                refused.code,
                &refused.message,
            ));
        }
    };
    let id = state.take(letter);
    match fault {
        Some(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        None => Ok(reply(
            StatusCode::OK,
            "text/xml",
            ses::sent(call.action(), &id),
        )),
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    let whose = if status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    reply(status, "text/xml", ses::failed(whose, code, message))
}

fn html(page: String) -> Answer {
    let mut answer = reply(StatusCode::OK, "text/html; charset=utf-8", page);
    let policy = hyper::header::HeaderValue::from_static(page::POLICY);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    answer
}

fn json(value: &impl serde::Serialize) -> Answer {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "[]".into());
    reply(StatusCode::OK, "application/json", text)
}

fn reply(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}
