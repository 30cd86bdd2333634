//! The table's stream, filtered to jobs that wait for somebody, and to deleted projects whose time is over: do as much of each as fits one
//! turn.

use std::time::Duration;

use app::{App, Change, Error, follow};
use operations::expunge::{self, Farewell};
use operations::jobs;

/// How long a turn takes up work: short, so that jobs take turns, and a fall costs little.
const TURN: Duration = Duration::from_secs(8);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    follow(run).await
}

async fn run(app: &'static App, change: Change) -> Result<(), Error> {
    if let Some(call) = jobs::called_by(change.record()) {
        return Ok(jobs::run(app.means(), call, (TURN, app::now)).await?);
    }
    match Farewell::read(change.record()) {
        Some(farewell) => Ok(expunge::depart(app.means(), &farewell).await?),
        None => Ok(()),
    }
}
