//! `rotate-keys`: lets another key sign tokens, after a delay. Prints what it did and never a secret.

use std::time::Duration;

use roster_app as app;
use roster_app::operations::rotate_keys::{Rotated, rotate_keys};
use roster_app::{Config, Error};

/// Hours until the new key signs, unless `ROSTER_ROTATION_HOURS` says otherwise.
const HOURS: u64 = 24;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    let sdk = app::sdk_config().await;
    let store = app::store(&sdk, &config.table);
    let stored = store.system_keys().await?;
    let stored = stored.ok_or("there are no system keys yet: run the bootstrap command first")?;
    let master = app::open_master(&config.master, &sdk, stored.wrapped.as_deref()).await?;
    let moment = (app::now(), app::dice(), delay()?);
    let said = match rotate_keys(&store, &master, moment).await? {
        Rotated::Now(kid, since) => {
            format!("added: key {kid} is published with the next cold start and signs from {since}")
        }
        Rotated::UnderWay => "nothing to do: a key that was added before waits for its time".into(),
    };
    #[expect(
        clippy::print_stdout,
        reason = "this is a command; what it says is its answer"
    )]
    {
        println!("{said}");
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command reads what no function is told"
)]
fn delay() -> Result<Duration, Error> {
    let hours = match std::env::var("ROSTER_ROTATION_HOURS") {
        Ok(hours) => hours
            .parse()
            .map_err(|_| "ROSTER_ROTATION_HOURS is no number")?,
        Err(_) => HOURS,
    };
    Ok(Duration::from_secs(hours * 60 * 60))
}
