//! The table's stream, filtered to memberships that came or went: keep the counters of each project's members.

use app::{App, Change, Error, follow_together};
use operations::count_members::{self, Turn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    follow_together(count).await
}

async fn count(app: &'static App, changes: Vec<Change>) -> Vec<(usize, Error)> {
    let turns: Vec<Option<Turn>> = changes.iter().map(|it| Turn::read(it.record())).collect();
    let failed = count_members::count(app.means(), &turns).await;
    failed
        .into_iter()
        .map(|(at, failure)| (at, failure.into()))
        .collect()
}
