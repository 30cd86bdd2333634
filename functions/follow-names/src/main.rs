//! The table's stream, filtered to profiles, users and projects that changed: keep the names that memberships show.

use app::{App, Change, Error, follow};
use operations::follow_names::{self, Renamed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    follow(renamed).await
}

async fn renamed(app: &'static App, change: Change) -> Result<(), Error> {
    match Renamed::read(change.record()) {
        Some(renamed) => Ok(follow_names::follow(app.means(), renamed).await?),
        None => Ok(()),
    }
}
