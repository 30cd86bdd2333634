//! A small Lambda: runs the functions' own binaries as the service does, behind the HTTP API that leads to them.
//!
//! Each process handles one event at a time, is started when an event finds none free, and is replaced when it ends.
//! It knows the Lambda Runtime API and API Gateway's payload format 2.0 and nothing of the product.

mod event;
mod front;
mod guard;
mod pool;
mod processes;
mod reply;
mod routes;
mod runtime_api;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

pub use routes::Route;

pub(crate) use guard::{release, remove_at_end, watch as kill_at_end};

use crate::background::{self, Task};
use processes::Processes;
use routes::Routes;

/// What a host runs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder that holds one binary per function, named like it.
    pub binaries: PathBuf,
    /// Every route; what fits none goes to the function `not-found`.
    pub routes: Vec<Route>,
    /// How many processes one function may have at once.
    pub instances: usize,
    /// How long a function has from the moment it is handed an event; then it is killed.
    pub deadline: Duration,
}

/// Why an event got no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Broken {
    /// The process ended while it had the event in hand, or before it ever asked for one.
    #[error("{0}: the process ended before it answered")]
    Crashed(String),
    /// The function did not answer in time and was killed.
    #[error("{0}: no answer within the deadline")]
    TimedOut(String),
    /// The function reported an error to the runtime instead of an answer.
    #[error("the function failed: {0}")]
    Failed(Value),
    /// The function's binary cannot be started.
    #[error("{0}")]
    NotStarted(String),
}

/// One line a function wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which function.
    pub function: String,
    /// The line, without its end.
    pub text: String,
}

type KillFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The running host. Dropping it kills every function process.
pub struct Host {
    url: String,
    processes: Arc<Processes>,
    _servers: [Task; 2],
}

impl Host {
    /// Starts the host on free ports. `environment` is given the API's base URL (without a last slash) and returns
    /// every variable the functions shall see beside Lambda's own; nothing is inherited.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        setup: Setup,
        environment: impl FnOnce(&str) -> Vec<(String, String)>,
    ) -> io::Result<Self> {
        let (runtime_listener, runtime_url) = background::listen().await?;
        let (front_listener, url) = background::listen().await?;
        let routes = Routes::new(setup.routes.clone());
        let processes = Arc::new(Processes::new(setup, runtime_url, environment(&url)));
        let runtime = Task::start(runtime_api::serve(runtime_listener, processes.clone()));
        let front = Task::start(front::serve(front_listener, routes, processes.clone()));
        Ok(Self {
            url,
            processes,
            _servers: [runtime, front],
        })
    }

    /// Base URL of the HTTP API, without a last slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Invokes a function with an event, as the Lambda API does.
    ///
    /// # Errors
    /// See [`Broken`].
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Broken> {
        self.processes
            .invoke(function, event.to_string(), front::request_id())
            .await
    }

    /// Time from the start of a fresh process to its first answer, in which building is not included.
    ///
    /// # Errors
    /// See [`Broken`].
    pub async fn cold_start(&self, function: &str, event: &Value) -> Result<Duration, Broken> {
        let begin = Instant::now();
        self.processes
            .invoke_fresh(function, event.to_string(), front::request_id())
            .await?;
        Ok(begin.elapsed())
    }

    /// Kills (SIGKILL) every process of a function and returns how many there were.
    pub async fn crash(&self, function: &str) -> usize {
        self.processes
            .kill_all(|instance| instance.pool.function == function)
            .await
    }

    /// What the fault proxy calls to kill the process that serves a request; see [`crate::proxy::Proxy::on_crash`].
    pub fn killer(&self) -> impl Fn(String) -> KillFuture + Send + Sync + 'static {
        let processes = self.processes.clone();
        move |request| {
            let processes = processes.clone();
            Box::pin(async move {
                processes
                    .kill_all(|instance| instance.serves(&request))
                    .await;
            })
        }
    }

    /// Everything the functions wrote to standard output and standard error so far.
    pub fn logs(&self) -> Vec<Line> {
        self.processes.logs()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.processes.stop();
    }
}
