//! The functions, built and running behind one `cargo lambda watch`.
//!
//! cargo-lambda plays API Gateway and the Lambda service; the function processes are ours. Left to itself, cargo-lambda
//! starts a function at its first request and never again when it exits, so that its next request hangs. Here it only
//! serves (`--only-lambda-apis`): we start every function at once, as often as the concurrency says, and whatever dies is
//! started again.

mod build;
mod family;
pub mod router;
mod warm;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::Advice;
use family::Family;

pub use build::{Binaries, Profile, build};

/// How long cargo-lambda may take until it listens; it reads the workspace's metadata first.
const START: Duration = Duration::from_secs(60);
/// The function for what no route wants.
const NOT_FOUND: &str = "not-found";
/// The name under which cargo-lambda queues a request whose method the router does not list for its path, `PROPFIND` for
/// example. Nobody would answer it, so a `not-found` process does.
const UNROUTED: &str = "_";
/// In seconds.
const DAY: &str = "86400";
/// How often a start is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What to run and how.
pub struct Plan {
    /// The workspace, whose manifest holds the router.
    pub root: PathBuf,
    /// The program, see [`tools::cargo_lambda`](crate::tools::cargo_lambda).
    pub cargo_lambda: PathBuf,
    /// Where the API listens, on 127.0.0.1.
    pub port: u16,
    /// Processes per function.
    pub concurrency: usize,
    /// The functions by name.
    pub functions: Binaries,
    /// What every function finds in its environment.
    pub environment: Vec<(String, String)>,
}

/// The running API. Every process ends with it, however it ends.
pub struct Watch {
    family: Family,
}

impl Watch {
    /// Returns when every function has answered once.
    ///
    /// # Errors
    /// cargo-lambda does not come up, or a function does not answer.
    pub async fn start(plan: &Plan) -> Result<Self, Advice> {
        let mut family = Family::found()?;
        family.keep("cargo lambda watch", host(plan));
        let watch = Self { family };
        watch.listening(plan.port).await?;
        watch.populate(plan).await
    }

    async fn populate(mut self, plan: &Plan) -> Result<Self, Advice> {
        for (name, binary) in &plan.functions {
            for _ in 0..plan.concurrency.max(1) {
                self.family.keep(name, function(plan, name, name, binary));
            }
        }
        if let Some(binary) = plan.functions.get(NOT_FOUND) {
            self.family
                .keep(NOT_FOUND, function(plan, UNROUTED, NOT_FOUND, binary));
        }
        warm::all(plan).await?;
        Ok(self)
    }

    async fn listening(&self, port: u16) -> Result<(), Advice> {
        for _ in 0..START.as_millis() / LOOK.as_millis() {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(());
            }
            self.family.complaint().map_or(Ok(()), Err)?;
            tokio::time::sleep(LOOK).await;
        }
        Err(Advice::new(
            "cargo lambda watch does not listen: see what it said above, and stop other copies of it.",
        ))
    }

    /// Asks every process to end, and makes those that do not.
    pub async fn stop(self) {
        self.family.end().await;
    }
}

/// How to start cargo-lambda. `RUSTUP` points nowhere so that it can never fetch a toolchain.
fn host(plan: &Plan) -> impl Fn() -> Command + Send + 'static {
    let (program, root, port) = (
        plan.cargo_lambda.clone(),
        plan.root.clone(),
        plan.port.to_string(),
    );
    let environment = plan.environment.clone();
    move || {
        let mut command = Command::new(&program);
        command.args([
            "lambda",
            "watch",
            "-A",
            "127.0.0.1",
            "-P",
            &port,
            "--only-lambda-apis",
            "--ignore-changes",
        ]);
        // The limit holds for a function that waits for its next request, too, whose runtime ends the process then. So it
        // is out of reach, and who calls a function that dies over his request must stop waiting by himself.
        command.args(["--disable-cors", "--timeout", DAY]);
        command
            .current_dir(&root)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        command
            .env("RUSTUP", "/bin/false")
            .env("NO_COLOR", "1")
            .stdout(Stdio::null());
        command
    }
}

/// How to start one process of a function, with the variables that the Lambda service sets. It answers what cargo-lambda
/// queues under the first name.
fn function(
    plan: &Plan,
    queue: &str,
    name: &str,
    binary: &Path,
) -> impl Fn() -> Command + Send + 'static {
    let runtime = format!("http://127.0.0.1:{}/.rt/{queue}", plan.port);
    let (name, binary, environment) =
        (name.to_owned(), binary.to_owned(), plan.environment.clone());
    move || {
        let mut command = Command::new(&binary);
        // A profile or session of the person at the keyboard is none of the function's business.
        command
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
            .env("AWS_LAMBDA_RUNTIME_API", &runtime)
            .env("AWS_LAMBDA_FUNCTION_NAME", &name);
        command
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024");
        command
    }
}
