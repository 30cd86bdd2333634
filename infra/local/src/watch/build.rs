use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};

use super::family::Family;

use crate::{Advice, tools};

/// Function name -> its executable.
pub type Binaries = BTreeMap<String, PathBuf>;

/// The command that makes the first keys and the first admin; a binary of the crate that wires the functions.
const BOOTSTRAP: [&str; 2] = ["roster-app", "bootstrap"];

/// How the functions are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Fast to build.
    Debug,
    /// As deployed.
    Release,
}

/// Builds every function below `functions/` and the bootstrap command, while cargo shows its progress on the terminal.
/// Dropping the future ends cargo and its compilers.
///
/// Only these packages are selected, so that the local cloud's own dependencies do not change the features of theirs.
///
/// # Errors
/// A tool is missing, or the code does not compile; cargo has said why.
pub async fn build(root: &Path, profile: Profile) -> Result<Binaries, Advice> {
    tools::c_compiler()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--message-format=json-render-diagnostics"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    let [package, bootstrap] = BOOTSTRAP;
    cargo.args(["--package", package, "--bin", bootstrap]);
    for name in functions(root)? {
        cargo.args(["--package", &name, "--bin", &name]);
    }
    let family = Family::found()?;
    let failed = |why: String| Advice::new(format!("Repair the build of the functions: {why}."));
    family.adopt(&mut cargo);
    let mut running = cargo
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let binaries = match running.stdout.take() {
        Some(messages) => executables(messages).await,
        None => Binaries::new(),
    };
    let ended = running.wait().await;
    family.end().await;
    match ended {
        Ok(status) if status.success() => Ok(binaries),
        _ => Err(failed("cargo has said above what is wrong".into())),
    }
}

/// The binaries that cargo announces on its standard output.
async fn executables(messages: ChildStdout) -> Binaries {
    let mut lines = BufReader::new(messages).lines();
    let mut binaries = Binaries::new();
    while let Ok(Some(line)) = lines.next_line().await {
        binaries.extend(executable(&line));
    }
    binaries
}

/// The functions are the packages below `functions/`, each named like its folder.
fn functions(root: &Path) -> Result<Vec<String>, Advice> {
    let folder = root.join("functions");
    let missing = |error| {
        Advice::new(format!(
            "Run this inside the workspace: {} cannot be read ({error}).",
            folder.display()
        ))
    };
    let packages = std::fs::read_dir(&folder).map_err(missing)?.flatten();
    let packages = packages.filter(|entry| entry.path().join("Cargo.toml").is_file());
    let mut names: Vec<String> = packages
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
