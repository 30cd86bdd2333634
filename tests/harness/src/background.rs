//! The runtime on which everything the harness starts lives. Each test has a runtime of its own that ends with the
//! test; a world outlives the test that started it, so its servers, timers and connections must not hang on that one.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::LazyLock;

use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{AbortHandle, JoinHandle};

static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    let named = builder
        .thread_name("roster-harness")
        .worker_threads(4)
        .enable_all();
    named.build().map_err(|error| error.to_string())
});

fn handle() -> Handle {
    // Without threads of our own, the test's runtime is the best there is.
    RUNTIME
        .as_ref()
        .map_or_else(|_| Handle::current(), |runtime| runtime.handle().clone())
}

/// Starts a task that outlives the test.
pub(crate) fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    handle().spawn(task)
}

/// Runs a future to its end on the long-lived runtime.
///
/// # Errors
/// When the future panicked.
pub(crate) async fn run<F>(task: F) -> io::Result<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    spawn(task).await.map_err(io::Error::other)
}

/// A listener on a free port of 127.0.0.1, bound to the long-lived runtime, and its base URL without a last slash.
///
/// # Errors
/// When no port can be had.
pub(crate) async fn listen() -> io::Result<(TcpListener, String)> {
    let listener = run(TcpListener::bind("127.0.0.1:0")).await??;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// An HTTP client that follows no redirect and goes nowhere but where it is sent, whatever proxy the machine has. It calls from
/// `address`, if there is one.
pub(crate) fn http_client(address: Option<IpAddr>) -> reqwest::Client {
    let plain = reqwest::Client::builder()
        .no_proxy()
        .local_address(address)
        .redirect(Policy::none());
    plain.build().unwrap_or_default()
}

/// A task that ends when its owner goes.
#[derive(Debug)]
pub(crate) struct Task(AbortHandle);

impl Task {
    /// Starts it.
    pub(crate) fn start(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(spawn(task).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
