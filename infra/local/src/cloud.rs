//! The whole local cloud, from the engine to the first admin.

mod bootstrap;
mod key_file;
mod ports;
mod state;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::gate::Gate;
use crate::mailbox::Mailbox;
use crate::pump::{Pump, Stream, StreamConsumer, invoke_over_http};
use crate::table::{Definition, Engine, Storage};
use crate::watch::router::{Route, write_router};
use crate::watch::{self, Plan, Profile, Watch};
use crate::{Advice, Endpoints, TABLE_NAME, environment, tools};

pub use key_file::write_key_file;
pub use state::State;

/// Whether rows outlive the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// They lie in the data folder.
    Rows,
    /// They are in memory; the data folder has only what this run needs.
    Nothing,
}

/// What a person may choose. Every address is on 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Options {
    /// The workspace.
    pub root: PathBuf,
    /// The API's port, 0 for any free one.
    pub api_port: u16,
    /// The mailbox's port, 0 for any free one.
    pub mailbox_port: u16,
    /// The table's port, 0 for any free one.
    pub table_port: u16,
    /// The data folder.
    pub data: PathBuf,
    /// Whether rows outlive the run.
    pub keep: Keep,
    /// How the functions are compiled.
    pub profile: Profile,
    /// Processes per function.
    pub concurrency: usize,
    /// The least important of what the functions log, in the words of `RUST_LOG`.
    pub log: &'static str,
    /// The routes to write into the manifest before the start; none leaves the manifest as it is.
    pub routes: Vec<Route<'static>>,
}

/// A running local cloud.
pub struct Cloud {
    state: State,
    gate: Gate,
    watch: Watch,
    pump: Pump,
    mailbox: Mailbox,
    engine: Engine,
    data: PathBuf,
    /// Held for as long as the cloud runs; the system frees it even after a SIGKILL.
    _lock: File,
}

impl Cloud {
    /// Starts everything and returns when every function answers.
    ///
    /// # Errors
    /// One sentence that says what to do: a second instance, a taken port, a missing tool, a damaged folder, a limit.
    pub async fn up(options: &Options) -> Result<Self, Advice> {
        let lock = state::claim(&options.data)?;
        let cargo_lambda = tools::cargo_lambda(&options.root)?;
        let ports = ports::Ports::take(options).await?;
        let template = options.root.join("infra/template.yaml");

        let key_file = key_file::in_folder(&options.data)?;
        let engine = Engine::start(storage(options), ports.table)?;
        Definition::from_template(&template)?.create(engine.database(), TABLE_NAME)?;
        let mailbox = Mailbox::start(ports.mailbox)?;
        let endpoints = Endpoints {
            api: format!("http://127.0.0.1:{}", ports.api),
            table: engine.url().into(),
            mailbox: mailbox.url().into(),
            key_file,
        };
        let mut environment = environment(&endpoints);
        // Of two values the later one counts.
        environment.push(("RUST_LOG".into(), options.log.into()));
        let functions = prepare(options, &environment).await?;

        let root = options.root.clone();
        let plan = Plan {
            root,
            cargo_lambda,
            port: ports.host,
            concurrency: options.concurrency,
            functions,
            environment,
        };
        let watch = Watch::start(&plan).await?;
        let consumers = StreamConsumer::from_template(&template)?;
        let stream = stream(options, &engine);
        let host = format!("http://127.0.0.1:{}", ports.host);
        let mut pump = Pump::start(&stream, consumers, &invoke_over_http(&host))?;
        pump.tell(&stream, |line| eprintln!("{line}"))?;
        let gate = Gate::open(ports::bind(ports.api, "--api-port").await?, ports.host);
        let state = State::of(&endpoints);
        state.write(&options.data)?;
        Ok(Self {
            state,
            gate,
            watch,
            pump,
            mailbox,
            engine,
            data: options.data.clone(),
            _lock: lock,
        })
    }

    /// Where everything is and who may sign in.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The letters.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Stops everything, last what the others need.
    pub async fn down(self) {
        state::remove(&self.data);
        drop(self.gate);
        self.watch.stop().await;
        drop(self.pump);
        self.engine.stop().await;
    }
}

fn storage(options: &Options) -> Storage {
    match options.keep {
        Keep::Rows => Storage::Folder(options.data.clone()),
        Keep::Nothing => Storage::Memory,
    }
}

fn stream(options: &Options, engine: &Engine) -> Stream {
    let places = (options.keep == Keep::Rows).then(|| options.data.join("stream"));
    Stream {
        database: engine.database().clone(),
        table: TABLE_NAME.into(),
        places,
    }
}

/// Builds, and runs the bootstrap command: a function that finds no keys in the table would not start.
async fn prepare(
    options: &Options,
    environment: &[(String, String)],
) -> Result<watch::Binaries, Advice> {
    if !options.routes.is_empty() {
        write_router(&options.root.join("Cargo.toml"), &options.routes)?;
    }
    let mut binaries = watch::build(&options.root, options.profile).await?;
    let bootstrap = binaries.remove("bootstrap");
    bootstrap::run(
        bootstrap.as_deref().unwrap_or(Path::new("bootstrap")),
        environment,
    )
    .await?;
    Ok(binaries)
}
