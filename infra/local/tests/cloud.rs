//! The run command on a small workspace: real cargo-lambda, real processes, functions that need nothing to compile.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use roster_local::tools;
use roster_local::watch::router::write_router;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Answers with its name, its process id and the path; ends itself at `/die`; keeps stream events in a file.
const FUNCTION: &str = include_str!("cloud/function.rs");
/// Fails unless it is told who the first admin is.
const BOOTSTRAP: &str = r#"fn main() {
    for name in ["EMAIL", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"] {
        std::env::var(format!("ROSTER_BOOTSTRAP_{name}")).unwrap();
    }
    std::env::var("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
}"#;
/// A workspace with three functions and a bootstrap command.
struct Workspace {
    folder: TempDir,
}

impl Workspace {
    fn new() -> Self {
        let workspace = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        workspace.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"functions/*\", \"app\"]\n",
        );
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        workspace.write(
            "infra/template.yaml",
            &std::fs::read_to_string(template).unwrap(),
        );
        for name in ["greet", "not-found", "deliver-mail"] {
            workspace.package(&format!("functions/{name}"), name, "main.rs", FUNCTION);
        }
        workspace.package("app", "roster-app", "bin/bootstrap.rs", BOOTSTRAP);
        let routes = [
            ("GET", "/greet/{name}", "greet"),
            ("GET", "/greet/$all", "greet"),
        ];
        write_router(&workspace.path("Cargo.toml"), &routes).unwrap();
        workspace
    }

    fn package(&self, folder: &str, name: &str, file: &str, source: &str) {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/{file}"), source);
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.path(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command
            .current_dir(self.folder.path())
            .args(["--api-port", "0", "--mailbox-port", "0"])
            .args(arguments);
        command
            .env("PATH", search_path())
            .env_remove("CARGO_TARGET_DIR");
        command
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let child = self
            .command(arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Running {
            child,
            state: self.path(".local/state.json"),
        }
    }
}

/// The search path with cargo-lambda in it, fetched into this workspace's own tools if need be.
fn search_path() -> std::ffi::OsString {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = tools::cargo_lambda(&root).unwrap();
    let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    std::env::join_paths(std::iter::once(program.parent().unwrap().to_owned()).chain(folders))
        .unwrap()
}

struct Running {
    child: Child,
    state: PathBuf,
}

impl Running {
    async fn state(&mut self) -> Value {
        for _ in 0..6000 {
            if let Ok(text) = std::fs::read(&self.state) {
                return serde_json::from_slice(&text).unwrap();
            }
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the cloud stopped while it started"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the cloud did not start");
    }

    fn signal(&self, signal: Signal) {
        kill_process(pid(&json!(self.child.id())), signal).unwrap();
    }
}

/// A test that stops early leaves nothing behind either.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid(id: &Value) -> Pid {
    Pid::from_raw(i32::try_from(id.as_i64().unwrap()).unwrap()).unwrap()
}

async fn get(state: &Value, path: &str) -> Value {
    let url = format!("{}{path}", state["api"].as_str().unwrap());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// Waits, for as long as a slow machine needs, until the process is gone.
async fn until_gone(id: &Value) {
    while test_kill_process(pid(id)).is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A row that the template sends to the function for mails.
async fn put_row(state: &Value) {
    let item = json!({ "TableName": "roster", "Item": { "PK": { "S": "REQUEST#1" }, "SK": { "S": "META" }, "delivery": { "S": "queued" } } });
    let call = reqwest::Client::new().post(state["table"].as_str().unwrap());
    let call = call
        .header("X-Amz-Target", "DynamoDB_20120810.PutItem")
        .header("Content-Type", "application/x-amz-json-1.0");
    let call = call.header("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0");
    let answer = call
        .header("X-Amz-Date", "20260101T000000Z")
        .body(item.to_string())
        .send()
        .await
        .unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
}

#[tokio::test]
async fn the_cloud_routes_restarts_what_dies_pumps_the_stream_and_leaves_nothing_behind() {
    let workspace = Workspace::new();
    let mut running = workspace.start(&["--memory"]);
    let state = running.state().await;

    let greeted = get(&state, "/greet/alice").await;
    assert_eq!(
        (&greeted["function"], &greeted["path"]),
        (&json!("greet"), &json!("/greet/alice"))
    );
    assert_eq!(get(&state, "/api/greet/alice/").await["function"], "greet");
    assert_eq!(get(&state, "/greet/$all").await["function"], "greet");
    assert_eq!(get(&state, "/").await["function"], "not-found");
    let unheard = reqwest::Method::from_bytes(b"PROPFIND").unwrap();
    let unheard = reqwest::Client::new().request(
        unheard,
        format!("{}/greet/alice", state["api"].as_str().unwrap()),
    );
    let unheard: Value = unheard.send().await.unwrap().json().await.unwrap();
    assert_eq!(unheard["function"], "not-found");
    assert_eq!(
        get(&state, "/nowhere/at/all").await["function"],
        "not-found"
    );

    put_row(&state).await;
    while !workspace.path(".local/delivered").is_file() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let refused = workspace.command(&["--memory"]).output().unwrap();
    assert!(!refused.status.success());
    let advice = String::from_utf8(refused.stderr).unwrap();
    assert!(
        advice.contains(&format!("process {}", state["pid"])),
        "{advice}"
    );

    let died = reqwest::Client::new().get(format!("{}/greet/die", state["api"].as_str().unwrap()));
    let _ = died.timeout(Duration::from_millis(200)).send().await;
    until_gone(&greeted["pid"]).await;
    let again = get(&state, "/greet/homer").await;
    assert_ne!(again["pid"], greeted["pid"], "another process answers");

    running.signal(Signal::TERM);
    assert!(running.child.wait().unwrap().success());
    assert!(!running.state.exists(), "the state is taken away");
    until_gone(&again["pid"]).await;
}

#[tokio::test]
async fn nothing_survives_even_a_killed_parent_and_the_rows_are_kept_for_the_next_run() {
    let workspace = Workspace::new();
    let mut running = workspace.start(&[]);
    let first = running.state().await;
    let function = get(&first, "/greet/alice").await["pid"].clone();
    running.signal(Signal::KILL);
    running.child.wait().unwrap();
    until_gone(&function).await;

    let mut running = workspace.start(&["up"]);
    while running.state().await["pid"] == first["pid"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let second = running.state().await;
    assert_eq!(get(&second, "/greet/alice").await["function"], "greet");
    running.signal(Signal::INT);
    assert!(running.child.wait().unwrap().success());
}

#[tokio::test]
async fn a_missing_tool_is_named_with_the_way_to_get_it() {
    let workspace = Workspace::new();
    let refused = workspace
        .command(&[])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    let advice = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && advice.contains("apt-get install python3 python3-pip"),
        "{advice}"
    );
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_cure() {
    let workspace = Workspace::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = workspace
        .command(&["--table-port", &port])
        .output()
        .unwrap();
    let advice = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && advice.contains("--table-port"),
        "{advice}"
    );
}
