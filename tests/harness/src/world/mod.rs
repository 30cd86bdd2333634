//! The whole product on free ports: table, proxy, mailbox, functions, stream and first administrator, and the people
//! and projects that tests make in it through the public API.

mod boot;
mod client;
mod project;

use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use local::mailbox::{Letter, Mailbox};
use local::pump::Pump;
use local::table::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub use client::{Answer, Client, Request};
pub use project::Project;

use crate::background;
use crate::host::{Host, Route};
use crate::proxy::{Plan, Proxy};

/// How long a test waits for a letter; it comes within milliseconds on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many rows of the table are read at a time.
const PAGE: usize = 1_000;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Every route of the API, in any order: method, path pattern, function.
    pub routes: Vec<Route>,
    /// How many processes one function may have at once.
    pub instances: usize,
    /// What goes wrong at the table, once the first administrator exists.
    pub plan: Plan,
    /// Variables that replace or extend those of the local cloud.
    pub environment: Vec<(String, String)>,
}

/// A running product. It outlives the test that started it; dropping it stops everything.
pub struct World {
    host: Arc<Host>,
    proxy: Proxy,
    pump: Pump,
    mailbox: Mailbox,
    engine: Engine,
    table: String,
    root: Client,
    binaries: PathBuf,
    environment: Vec<(String, String)>,
    _folder: TempDir,
}

impl World {
    /// Builds the functions, starts every part and makes the first administrator.
    ///
    /// # Errors
    /// When the functions do not build, a part does not start, or the bootstrap command fails; the error says which.
    pub async fn start(options: Options) -> io::Result<Self> {
        boot::boot(options, None).await
    }

    /// The same before another engine, at this URL, that holds no table yet. Its stream is not followed: no letter goes out.
    ///
    /// # Errors
    /// As [`World::start`]; when the engine refuses the table.
    pub async fn start_before(engine: &str, options: Options) -> io::Result<Self> {
        boot::boot(options, Some(engine)).await
    }

    /// Base URL of the API, without a last slash.
    pub fn api(&self) -> &str {
        self.host.url()
    }

    /// The function host: crashes, logs, direct invocations.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The fault proxy before the table.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The SES stand-in with every letter sent.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The embedded table engine, whose stream is followed.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The carrier of the table's stream, with its dead letters.
    pub fn pump(&self) -> &Pump {
        &self.pump
    }

    /// The bootstrap client: super administrator, Basic credentials.
    pub fn root(&self) -> &Client {
        &self.root
    }

    /// What the functions find in their environment under this name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().rev().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Runs a command of the product beside the functions, with `more` in its environment and `input` to read.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(
        &self,
        command: &str,
        more: &[(&str, &str)],
        input: &str,
    ) -> io::Result<Output> {
        let mut command = Command::new(self.binaries.join(command));
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .envs(more.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let input = input.to_owned();
        background::run(async move {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(input.as_bytes()).await?;
            }
            child.wait_with_output().await
        })
        .await?
    }

    /// A caller without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(self.api())
    }

    /// A new project with one administrator, a client application. Stops the test when it cannot be made.
    pub async fn project(&self, name: &str) -> Project {
        Project::create(&self.root, name).await
    }

    /// The newest letter to an address, waiting for it; `None` when none came within 20 seconds.
    pub async fn letter_to(&self, address: &str) -> Option<Letter> {
        let begin = Instant::now();
        loop {
            let letters = self.mailbox.messages().into_iter().rev();
            let found = letters
                .into_iter()
                .find(|letter| letter.to.contains(address));
            if found.is_some() || begin.elapsed() > PATIENCE {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every row of one partition as DynamoDB's JSON, read past the proxy, in order of the sort key.
    pub async fn rows(&self, partition: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let query = json!({
            "TableName": local::TABLE_NAME,
            "ConsistentRead": true,
            "KeyConditionExpression": "PK = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        self.pages(("Query", query), |row| rows.push(row)).await;
        rows
    }

    /// Gives one attribute of a row another value, in DynamoDB's JSON, past the proxy: what only time would do.
    pub async fn age(&self, (partition, sort): (&str, &str), attribute: &str, value: Value) {
        let update = json!({
            "TableName": local::TABLE_NAME,
            "Key": { "PK": { "S": partition }, "SK": { "S": sort } },
            "ConditionExpression": "attribute_exists(PK)",
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": { "#a": attribute },
            "ExpressionAttributeValues": { ":v": value },
        });
        self.ask_table("UpdateItem", &update).await;
    }

    /// Every row of the table at one moment, as DynamoDB's JSON. The functions wait meanwhile: a scan takes many pages, and what
    /// other tests write between two of them would look like half of a change.
    pub async fn every_row(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        self.each_row(|row| rows.push(row)).await;
        rows
    }

    /// The same, one row after the other: of a large table nobody wants two copies at once.
    pub async fn each_row(&self, take: impl FnMut(Value)) {
        let _still = self.proxy.hold().await;
        let scan = json!({ "TableName": local::TABLE_NAME, "ConsistentRead": true });
        self.pages(("Scan", scan), take).await;
    }

    /// So many rows at a time: without a number, the engine gathers all that are left before it cuts a page off.
    async fn pages(&self, (action, mut request): (&str, Value), mut take: impl FnMut(Value)) {
        request["Limit"] = PAGE.into();
        loop {
            let mut answer = self.ask_table(action, &request).await;
            if let Value::Array(page) = answer.body["Items"].take() {
                page.into_iter().for_each(&mut take);
            }
            match answer.body["LastEvaluatedKey"].take() {
                Value::Null => return,
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    async fn ask_table(&self, action: &str, body: &Value) -> Answer {
        table_call(&self.table, action, body).await.must(200)
    }
}

/// One call to a table engine, past every proxy.
pub(crate) async fn table_call(url: &str, action: &str, body: &Value) -> Answer {
    let request = Request::new("POST", "/")
        .header("x-amz-target", &format!("DynamoDB_20120810.{action}"))
        .header("authorization", boot::SIGNATURE)
        .header("x-amz-date", "20260101T000000Z")
        .body("application/x-amz-json-1.0", body.to_string());
    Client::new(url).send(request).await
}
