//! Builds the functions once for each test process, the way the tests themselves were built.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::OnceCell;

/// Packages that would add features to the functions' dependencies: with them, these would be compiled once more, and would not be what is
/// deployed.
const NOT_DEPLOYED: [&str; 4] = [
    "roster-local",
    "roster-harness",
    "roster-api-tests",
    "roster-bench",
];

static BINARIES: OnceCell<PathBuf> = OnceCell::const_new();

/// Builds every binary of the workspace unless this process has done so already, and returns their folder. With `ROSTER_BINARIES`
/// nothing is built: that folder has them.
///
/// `cargo test` gives its lock on the target folder back before it runs a test, so a second cargo may work there.
///
/// # Errors
/// When cargo fails; the error holds what it printed.
pub async fn functions() -> io::Result<&'static Path> {
    let folder = async {
        match std::env::var_os("ROSTER_BINARIES") {
            Some(folder) => Ok(folder.into()),
            None => build().await,
        }
    };
    BINARIES
        .get_or_try_init(|| folder)
        .await
        .map(PathBuf::as_path)
}

/// The root of the workspace this crate was compiled in.
pub fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}

/// The profile with which this process was built, and the functions are.
///
/// # Errors
/// When the process lies in no target folder.
pub fn profile() -> io::Result<String> {
    let folder = profile_folder()?;
    let name = folder.file_name().and_then(|name| name.to_str());
    let profile = name.filter(|name| *name != "debug").unwrap_or("dev");
    Ok(profile.to_owned())
}

async fn build() -> io::Result<PathBuf> {
    let folder = profile_folder()?;
    let target = folder.parent().unwrap_or(&folder);
    let profile = profile()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--workspace", "--bins"])
        .args(["--profile", &profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .stdin(Stdio::null());
    for name in NOT_DEPLOYED {
        command.args(["--exclude", name]);
    }
    for name in ours() {
        command.env_remove(name);
    }
    let built = crate::background::run(async move { command.output().await }).await??;
    if built.status.success() {
        return Ok(folder);
    }
    let printed = String::from_utf8_lossy(&built.stderr);
    Err(io::Error::other(format!(
        "cargo cannot build the functions:\n{printed}"
    )))
}

/// `target/<profile>`: test binaries lie in its `deps`, examples in its `examples`.
fn profile_folder() -> io::Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let folder = exe.ancestors().nth(2).map(Path::to_owned);
    folder.ok_or_else(|| io::Error::other("the test binary lies in no target folder"))
}

/// What cargo sets for this test alone. Build scripts watch some of it, and would run again for nothing.
fn ours() -> impl Iterator<Item = String> {
    let prefixes = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    let names = std::env::vars().map(|(name, _)| name);
    names.filter(move |name| {
        prefixes.iter().any(|prefix| name.starts_with(prefix))
            || name == "LD_LIBRARY_PATH"
            || name == "OUT_DIR"
    })
}
