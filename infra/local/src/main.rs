//! `cargo local`: the whole of Roster on this machine.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use roster_local::Advice;
use roster_local::cloud::{Cloud, Keep, Options, State};
use roster_local::tour::tour;
use roster_local::watch::Profile;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the whole of Roster on this machine: API, table and mailbox, all on 127.0.0.1.
#[derive(Parser)]
#[command(name = "cargo local", bin_name = "cargo local")]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Subcommand)]
enum Verb {
    /// Builds and starts everything, and stops it at Ctrl-C (the default)
    #[default]
    Up,
    /// Starts everything with an empty table in memory, does the main job once, shows every request, and stops
    Tour,
}

#[derive(Args)]
struct Settings {
    /// Port of the API on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 9000, global = true)]
    api_port: u16,
    /// Port of the mailbox that stands in for SES; / shows its letters, /messages gives them as JSON
    #[arg(long, value_name = "PORT", default_value_t = 9001, global = true)]
    mailbox_port: u16,
    /// Port of the DynamoDB API; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, global = true)]
    table_port: u16,
    /// Folder for the rows, the key file and state.json [default: .local]
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
    /// Keep the rows in memory and forget them at the end
    #[arg(long, global = true)]
    memory: bool,
    /// Build the functions optimised, as they are deployed
    #[arg(long, global = true)]
    release: bool,
    /// Processes per function; each answers one request at a time, as in Lambda
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32), global = true)]
    concurrency: u8,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let verb = cli.verb.unwrap_or_default();
    match run(verb, cli.settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(advice) => {
            eprintln!("{advice}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cloud until its work is done or somebody ends it. An interrupt while it starts ends what has been started.
async fn run(verb: Verb, settings: Settings) -> Result<(), Advice> {
    let options = settings.options(verb)?;
    let ended = ended();
    tokio::pin!(ended);
    let cloud = tokio::select! {
        cloud = Cloud::up(&options) => cloud?,
        () = &mut ended => return Ok(()),
    };
    let done = match verb {
        Verb::Up => {
            // A closed standard output is no reason to stop.
            let _ = welcome(cloud.state());
            ended.await;
            Ok(())
        }
        Verb::Tour => {
            let mut out = std::io::stdout();
            tokio::select! {
                done = tour(&cloud, &mut out) => done,
                () = ended => Err(Advice::new("The tour was interrupted.")),
            }
        }
    };
    cloud.down().await;
    done
}

impl Settings {
    fn options(self, verb: Verb) -> Result<Options, Advice> {
        let root = workspace()?;
        Ok(Options {
            data: self.data.unwrap_or_else(|| root.join(".local")),
            root,
            api_port: self.api_port,
            mailbox_port: self.mailbox_port,
            table_port: self.table_port,
            keep: if self.memory || verb == Verb::Tour {
                Keep::Nothing
            } else {
                Keep::Rows
            },
            profile: if self.release {
                Profile::Release
            } else {
                Profile::Debug
            },
            concurrency: self.concurrency.into(),
            // The tour shows a refusal as an answer; in the log it would only stand in the way.
            log: if verb == Verb::Tour { "error" } else { "warn" },
            routes: Vec::new(),
        })
    }
}

/// The nearest folder upwards with a template: the command works anywhere in the workspace.
fn workspace() -> Result<PathBuf, Advice> {
    let here = std::env::current_dir()
        .map_err(|error| Advice::new(format!("Enter a folder that exists: {error}.")))?;
    let root = here
        .ancestors()
        .find(|folder| folder.join("infra/template.yaml").is_file());
    root.map(Into::into)
        .ok_or_else(|| Advice::new("Run this inside the workspace."))
}

/// SIGINT, SIGTERM or a closed terminal.
async fn ended() {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

fn welcome(state: &State) -> std::io::Result<()> {
    let State {
        api,
        mailbox,
        table,
        admin_email,
        admin_password,
        admin_client_id,
        admin_client_secret,
        ..
    } = state;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "\nRoster is running. Ctrl-C stops it.\n\n  API      {api}/\n  Mailbox  {mailbox}/\n  Table    {table}\n  Admin    {admin_email} / {admin_password}\n\nTry:\n\n  \
         curl -u {admin_client_id}:{admin_client_secret} \\\n    '{api}/fhir/R4/ProjectMembership?_pretty=true'\n"
    )?;
    out.flush()
}
