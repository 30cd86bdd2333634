//! The fault proxy: stands between the functions and the table engine, sees every call, and lets a [`Plan`] go wrong.
//!
//! It knows DynamoDB's wire and nothing of the product. Functions reach it through `AWS_ENDPOINT_URL_DYNAMODB`; which
//! invocation a call belongs to it reads from the trace header the AWS SDK forwards.

mod answers;
mod call;
mod conflicts;
mod core;
mod plan;
mod recording;

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub use call::{Call, Consumed, RowKey};
pub use plan::{Fault, Plan};
pub use recording::Recording;

use crate::background::{self, Task};
use core::{Core, Dropped};

/// The running proxy. Dropping it stops it.
pub struct Proxy {
    url: String,
    core: Arc<Core>,
    _accepting: Task,
}

/// Collects the calls that end from now on. Dropping it ends the recording.
#[derive(Debug)]
pub struct Recorder(Arc<Mutex<Recording>>);

impl Recorder {
    /// Ends the recording and returns it.
    pub fn finish(self) -> Recording {
        let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut recording)
    }
}

impl Proxy {
    /// Starts a proxy before the engine at this URL, with a plan in which nothing goes wrong.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(engine: &str) -> io::Result<Self> {
        let (listener, url) = background::listen().await?;
        let core = Arc::new(Core::new(engine));
        let accepting = Task::start(accept(listener, core.clone()));
        Ok(Self {
            url,
            core,
            _accepting: accepting,
        })
    }

    /// What `AWS_ENDPOINT_URL_DYNAMODB` has to be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces the plan; its rules count from now on.
    pub fn lay(&self, plan: Plan) {
        self.core.lay(plan);
    }

    /// How often the plan has struck since it was laid.
    pub fn struck(&self) -> usize {
        self.core.struck()
    }

    /// Begins to record. While any recorder lives every call takes 50 ms longer, see [`Recording::trips`].
    pub fn record(&self) -> Recorder {
        Recorder(self.core.record())
    }

    /// Stops the table for everybody who comes through the proxy, between two calls, until the guard is dropped.
    pub async fn hold(&self) -> impl Drop + '_ {
        self.core.hold().await
    }

    /// Says how the process that serves a request is killed; needed by the crash faults. The first one told is kept.
    pub fn on_crash<F>(&self, kill: impl Fn(String) -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.core
            .on_crash(Box::new(move |request| Box::pin(kill(request))));
    }
}

async fn accept(listener: TcpListener, core: Arc<Core>) {
    while let Ok((stream, _)) = listener.accept().await {
        let core = core.clone();
        let service = service_fn(move |request| {
            let core = core.clone();
            // A task of its own: the table carries out what it was asked also when the caller is gone by then.
            let call = tokio::spawn(async move { core.serve(request).await });
            async move { call.await.unwrap_or(Err(Dropped)) }
        });
        // An error of the service ends the connection without an answer: just what a lost call is.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
