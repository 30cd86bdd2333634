//! How a world starts, part by part.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use local::Endpoints;
use local::mailbox::Mailbox;
use local::pump::{Invoke, Pump, Stream, StreamConsumer};
use local::table::{Definition, Engine, Storage};
use tokio::process::Command;

use super::{Client, Options, World, table_call};
use crate::host::{self, Host, Setup};
use crate::proxy::Proxy;
use crate::{background, build};

/// Some signature: the engine asks for one and does not check it.
pub(super) const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                                    SignedHeaders=host, Signature=0";

/// How long a function has for an event. The template gives 10 s to a function that has a processor to itself; here dozens of
/// processes share a few.
const DEADLINE: Duration = Duration::from_secs(30);

const ROOT_CLIENT: &str = "f0f0f0f0-0000-4000-8000-000000000001";
const ROOT_SECRET: &str = "the-root-client-of-a-test-world";

/// `elsewhere` is an engine that holds the rows instead of the embedded one.
pub(super) async fn boot(options: Options, elsewhere: Option<&str>) -> io::Result<World> {
    let binaries = build::functions().await?.to_owned();
    let folder = tempfile::Builder::new().prefix("roster-world-").tempdir()?;
    host::remove_at_end(folder.path());
    let key_file = folder.path().join("master.key");
    local::cloud::write_key_file(&key_file).map_err(io::Error::other)?;

    let template = build::workspace().join("infra/template.yaml");
    let engine = engine(&template).await?;
    let mailbox = mailbox().await?;
    let table = match elsewhere {
        Some(url) => table_at(url, &template).await?,
        None => engine.url().to_owned(),
    };
    let proxy = Proxy::start(&table).await?;
    let setup = Setup {
        binaries: binaries.clone(),
        routes: options.routes,
        instances: options.instances,
        deadline: DEADLINE,
    };
    let mut environment = Vec::new();
    let host = Host::start(setup, |api| {
        environment = local::environment(&Endpoints {
            api: api.to_owned(),
            table: proxy.url().to_owned(),
            mailbox: mailbox.url().to_owned(),
            key_file,
        });
        environment.extend(options.environment);
        environment.clone()
    });
    let host = Arc::new(host.await?);
    proxy.on_crash(host.killer());
    bootstrap(&binaries.join("bootstrap"), environment.clone()).await?;
    let pump = pump(&template, &engine, &host).await?;
    proxy.lay(options.plan);
    let root = Client::new(host.url()).basic(ROOT_CLIENT, ROOT_SECRET);
    Ok(World {
        host,
        proxy,
        pump,
        mailbox,
        engine,
        table,
        root,
        binaries,
        environment,
        _folder: folder,
    })
}

async fn engine(template: &Path) -> io::Result<Engine> {
    let definition = Definition::from_template(template).map_err(io::Error::other)?;
    let (listener, _) = background::listen().await?;
    let start = async { Engine::start(Storage::Memory, listener) };
    let engine = background::run(start).await?.map_err(io::Error::other)?;
    definition
        .create(engine.database(), local::TABLE_NAME)
        .map_err(io::Error::other)?;
    Ok(engine)
}

/// Makes the template's table in another engine.
async fn table_at(url: &str, template: &Path) -> io::Result<String> {
    let definition = Definition::from_template(template).map_err(io::Error::other)?;
    let request = definition.request(local::TABLE_NAME);
    let made = table_call(url, "CreateTable", &request).await;
    match made.status {
        200 => Ok(url.to_owned()),
        _ => Err(io::Error::other(format!(
            "the engine refuses the table: {}",
            made.text
        ))),
    }
}

async fn mailbox() -> io::Result<Mailbox> {
    let (listener, _) = background::listen().await?;
    background::run(async { Mailbox::start(listener) })
        .await?
        .map_err(io::Error::other)
}

/// The stream's functions are invoked directly: they have no route.
async fn pump(template: &Path, engine: &Engine, host: &Arc<Host>) -> io::Result<Pump> {
    let consumers = StreamConsumer::from_template(template).map_err(io::Error::other)?;
    let database = engine.database().clone();
    let stream = Stream {
        database,
        table: local::TABLE_NAME.to_owned(),
        places: None,
    };
    let host = Arc::downgrade(host);
    let invoke: Invoke = Arc::new(move |function, event| {
        let host = host.upgrade();
        Box::pin(async move {
            let host = host.ok_or("the world has ended")?;
            host.invoke(&function, &event)
                .await
                .map_err(|broken| broken.to_string())
        })
    });
    let start = async move { Pump::start(&stream, consumers, &invoke) };
    background::run(start).await?.map_err(io::Error::other)
}

/// Makes keys, the first super administrator and his client, as a deployment does once.
async fn bootstrap(command: &Path, environment: Vec<(String, String)>) -> io::Result<()> {
    let mut bootstrap = Command::new(command);
    bootstrap
        .env_clear()
        .envs(environment)
        .env("ROSTER_BOOTSTRAP_EMAIL", "admin@example.com")
        .env("ROSTER_BOOTSTRAP_PASSWORD", "roster_admin")
        .env("ROSTER_BOOTSTRAP_CLIENT_ID", ROOT_CLIENT)
        .env("ROSTER_BOOTSTRAP_CLIENT_SECRET", ROOT_SECRET)
        .kill_on_drop(true);
    let ended = background::run(async move { bootstrap.output().await }).await?;
    let ended =
        ended.map_err(|error| io::Error::other(format!("bootstrap cannot be started: {error}")))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(io::Error::other(format!(
        "bootstrap failed ({}):\n{said}",
        ended.status
    )))
}
