//! HTTP on a listener: many connections at once, each kept alive.

use std::error::Error;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves until it is aborted, each connection by a service of its own; its connections end with it.
pub(crate) async fn serve<S, B>(listener: TcpListener, service: impl Fn() -> S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send> + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        // A failed accept is the client's trouble or a lack of file descriptors, and both pass.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service());
        // An error of a connection is its end; the client knows as much as we do.
        connections.spawn(async move { drop(serving.await) });
    }
}
