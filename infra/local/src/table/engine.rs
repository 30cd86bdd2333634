use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::order;
use crate::Advice;

/// How often expired rows are deleted. DynamoDB promises days; a developer wants to see it happen.
const SWEEP: Duration = Duration::from_secs(20);

/// Where the rows are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In memory: gone with the engine.
    Memory,
    /// In a file inside this folder, which is made if it is missing; a kill at any moment loses no acknowledged write.
    Folder(PathBuf),
}

/// A running DynamoDB stand-in. It stops when it is dropped.
pub struct Engine {
    url: String,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Result<(), String>>,
    sweeper: JoinHandle<()>,
}

impl Engine {
    /// Opens the storage and serves the DynamoDB API on `listener`. It holds no table yet: see
    /// [`Definition::create`](super::Definition::create). Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// The folder cannot be written, or its database is damaged.
    pub fn start(storage: Storage, listener: TcpListener) -> Result<Self, Advice> {
        let database = open(storage)?;
        let address = listener
            .local_addr()
            .map_err(|error| Advice::new(format!("The table has no address: {error}.")))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            // An engine that was dropped has lost its sender: that stops the server too.
            let _ = stopped.await;
        };
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database.clone(),
            until,
        ));
        let sweeper = tokio::spawn(sweep(database.clone()));
        Ok(Self {
            url: format!("http://{address}"),
            database,
            stop: Some(stop),
            server,
            sweeper,
        })
    }

    /// The address for `AWS_ENDPOINT_URL_DYNAMODB`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The engine itself, for whoever needs its stream or its rows without a socket between.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Refuses new connections, lets running requests finish, and closes the storage.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // A client that never finishes its request must not hold up the end of the program.
        let _ = tokio::time::timeout(Duration::from_secs(2), &mut self.server).await;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

fn open(storage: Storage) -> Result<Database, Advice> {
    let folder = match storage {
        Storage::Memory => return order::in_memory().map_err(|error| damaged("memory", &error)),
        Storage::Folder(folder) => folder,
    };
    let shown = folder.display().to_string();
    std::fs::create_dir_all(&folder).map_err(|error| {
        Advice::new(format!(
            "Make the data folder {shown} writable, or name another with --data: {error}."
        ))
    })?;
    let file = folder.join("table.sqlite");
    let file = file.to_string_lossy();
    let database = Database::new(&file).map_err(|error| damaged(&shown, &error))?;
    // Opening reads little of the file; listing the tables finds out whether it is a database at all.
    database
        .list_tables(Default::default())
        .map_err(|error| damaged(&shown, &error))?;
    order::in_file(&file).map_err(|error| damaged(&shown, &error))?;
    Ok(database)
}

fn damaged(place: &str, error: &dyn std::fmt::Display) -> Advice {
    Advice::new(format!(
        "The table in {place} cannot be opened ({error}): remove that folder to start afresh, or name another with --data.",
    ))
}

/// Deletes expired rows for ever. The engine locks a page at a time, so requests go on meanwhile.
async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let database = database.clone();
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }
}
