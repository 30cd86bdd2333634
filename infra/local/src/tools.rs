//! The tools from outside: found, or fetched into a folder that git ignores, or named with the way to get them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Advice;

/// The version that the router and the local host are proved with.
const CARGO_LAMBDA: &str = "cargo-lambda==1.9.2";

/// The `cargo-lambda` program: from the search path, from `.tools` below the workspace root, or fetched there with pip.
///
/// # Errors
/// It is not there and cannot be fetched; the advice names the missing package.
pub fn cargo_lambda(root: &Path) -> Result<PathBuf, Advice> {
    let folder = root.join(".tools").join("cargo-lambda");
    let fetched = folder.join("bin").join("cargo-lambda");
    if let Some(found) =
        on_path("cargo-lambda").or_else(|| Some(fetched.clone()).filter(|file| file.is_file()))
    {
        return Ok(found);
    }
    fetch(&folder)?;
    match fetched.is_file() {
        true => Ok(fetched),
        false => Err(Advice::new(format!(
            "Remove {} and start again: it holds no cargo-lambda.",
            folder.display()
        ))),
    }
}

/// Makes sure that a C compiler is there, which the crates for cryptography and storage are built with.
///
/// # Errors
/// There is none; the advice names the package.
pub fn c_compiler() -> Result<(), Advice> {
    let named = std::env::var_os("CC").is_some();
    if named
        || ["cc", "gcc", "clang"]
            .into_iter()
            .any(|name| on_path(name).is_some())
    {
        return Ok(());
    }
    Err(Advice::new(
        "Install a C compiler first, for example with: apt-get install gcc libc6-dev.",
    ))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Only the program itself: the linker it would bring along is for other machines than this one.
fn fetch(folder: &Path) -> Result<(), Advice> {
    let install = Advice::new(
        "Install Python with pip first, for example with: apt-get install python3 python3-pip; or install cargo-lambda 1.9.2 yourself.",
    );
    if !succeeds(python().args(["-m", "pip", "--version"])) {
        return Err(install);
    }
    eprintln!("Fetching {CARGO_LAMBDA} into {} ...", folder.display());
    let mut pip = python();
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--target",
    ]);
    // Its own words stay on the screen: they say what the network or the disk refused.
    let fetched = pip
        .arg(folder)
        .arg(CARGO_LAMBDA)
        .status()
        .is_ok_and(|status| status.success());
    match fetched {
        true => Ok(()),
        false => Err(Advice::new(format!(
            "Install {CARGO_LAMBDA} yourself: pip could not, for the reason above."
        ))),
    }
}

fn python() -> Command {
    Command::new("python3")
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
