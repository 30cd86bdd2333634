//! The door of the API, before cargo-lambda: it lets requests through byte by byte, in a form that cargo-lambda can take.
//!
//! API Gateway hands a function whatever bytes a client sends. cargo-lambda answers 500 by itself to a text that is no UTF-8, to such a
//! header, and gives its own side of the Lambda service away to whoever asks. Decision record 0072 says more.

use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as inside;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::connections;

/// Where cargo-lambda is the Lambda service: its functions come for their events there, and anybody could take them away.
const SERVICE: [&str; 2] = ["/.rt/", "/2015-03-31/"];
/// What belongs to one connection and not to the request.
const OF_THE_CONNECTION: [hyper::header::HeaderName; 4] =
    [CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING];

type Answer = Response<Either<Incoming, Full<Bytes>>>;

/// The open door; it closes with this value.
pub struct Gate {
    serving: JoinHandle<()>,
}

impl Gate {
    /// Lets through to the host on this port of 127.0.0.1 whoever comes to the listener. Needs a Tokio runtime around it.
    pub fn open(listener: TcpListener, host: u16) -> Self {
        Self {
            serving: tokio::spawn(serve(listener, host)),
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, host: u16) {
    connections::serve(listener, || {
        let way = Arc::new(Way {
            host,
            open: Mutex::new(None),
        });
        service_fn(move |request| {
            let way = Arc::clone(&way);
            async move { way.pass(request).await }
        })
    })
    .await;
}

/// The way of one client's requests to the host; they go one after the other.
struct Way {
    host: u16,
    open: Mutex<Option<inside::SendRequest<Full<Bytes>>>>,
}

impl Way {
    /// An `Err` closes the connection without an answer.
    async fn pass(&self, request: Request<Incoming>) -> io::Result<Answer> {
        if SERVICE
            .iter()
            .any(|it| request.uri().path().starts_with(it))
        {
            let mut answer = Response::new(Either::Right(Full::default()));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            return Ok(answer);
        }
        let request = takeable(request).await?;
        let mut open = self.open.lock().await;
        let mut sender = match open.take().filter(|it| !it.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(io::Error::other)?;
        let answer = sender.send_request(request).await;
        *open = Some(sender);
        Ok(answer.map_err(io::Error::other)?.map(Either::Left))
    }

    async fn connect(&self) -> io::Result<inside::SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(("127.0.0.1", self.host)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = inside::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// The request as cargo-lambda can take it.
async fn takeable(request: Request<Incoming>) -> io::Result<Request<Full<Bytes>>> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    for name in OF_THE_CONNECTION {
        parts.headers.remove(name);
    }
    parts.headers.values_mut().for_each(as_text);
    if std::str::from_utf8(&body).is_err() {
        as_bytes(&mut parts.headers);
    }
    if let Some(address) = parts.uri.path_and_query() {
        parts.uri = Uri::from(address.clone());
    }
    parts.version = Version::HTTP_11;
    Ok(Request::from_parts(parts, Full::new(body)))
}

/// A header is a text in the event of a function.
fn as_text(value: &mut HeaderValue) {
    let text = String::from_utf8_lossy(value.as_bytes());
    if let Ok(readable) = HeaderValue::from_bytes(text.as_bytes()) {
        *value = readable;
    }
}

/// cargo-lambda knows what it must hand over as text by a type in small letters, and anything else it hands over byte by byte. Nobody else
/// minds how a type is written.
fn as_bytes(headers: &mut HeaderMap) {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind
        .unwrap_or(b"application/octet-stream")
        .to_ascii_uppercase();
    if let Ok(kind) = HeaderValue::from_bytes(&kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
}
