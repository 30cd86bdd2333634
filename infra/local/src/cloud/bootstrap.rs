//! The first admin and the first client, who have the same names and secrets on every machine.

use std::path::Path;

use tokio::process::Command;

use crate::Advice;

pub(super) const ADMIN_EMAIL: &str = "admin@example.com";
pub(super) const ADMIN_PASSWORD: &str = "roster_admin";
pub(super) const CLIENT_ID: &str = "00000000-0000-4000-8000-000000000001";
pub(super) const CLIENT_SECRET: &str =
    "10ca110ca110ca110ca110ca110ca110ca110ca110ca110ca110ca110ca110ca";

/// Runs the bootstrap command, which makes what is missing and leaves the rest alone.
pub(super) async fn run(binary: &Path, environment: &[(String, String)]) -> Result<(), Advice> {
    let mut command = Command::new(binary);
    command
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .kill_on_drop(true);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
        .env("ROSTER_BOOTSTRAP_EMAIL", ADMIN_EMAIL)
        .env("ROSTER_BOOTSTRAP_PASSWORD", ADMIN_PASSWORD);
    command
        .env("ROSTER_BOOTSTRAP_CLIENT_ID", CLIENT_ID)
        .env("ROSTER_BOOTSTRAP_CLIENT_SECRET", CLIENT_SECRET);
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Advice::new(format!(
            "The bootstrap command failed ({status}) and has said above why; if the data folder is damaged, remove it."
        ))),
        Err(error) => Err(Advice::new(format!(
            "The bootstrap command cannot be started: {error}."
        ))),
    }
}
