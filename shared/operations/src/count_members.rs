//! Count the members of projects, from what the table's stream says came and went.

use domain::Failure;
use store::TURNS_AT_ONCE;

pub use store::Turn;

use crate::Means;

/// Counts what some records say, however often and in whatever order they come. Those that could not be counted are returned by their
/// places; they have changed nothing.
pub async fn count(means: Means<'_>, turns: &[Option<Turn>]) -> Vec<(usize, Failure)> {
    let mut failed = Vec::new();
    let turns: Vec<(usize, Turn)> = turns
        .iter()
        .enumerate()
        .filter_map(|(at, turn)| Some((at, turn.clone()?)))
        .collect();
    for some in turns.chunks(TURNS_AT_ONCE) {
        let together: Vec<Turn> = some.iter().map(|(_, turn)| turn.clone()).collect();
        if counted(means, &together).await.is_ok() {
            continue;
        }
        // One of them stands in the way of the others: each for itself.
        for (at, turn) in some {
            let result = counted(means, std::slice::from_ref(turn)).await;
            failed.extend(result.err().map(|failure| (*at, failure)));
        }
    }
    failed
}

async fn counted(means: Means<'_>, turns: &[Turn]) -> Result<(), Failure> {
    means
        .store
        .count_turns(turns, (means.now, means.dice))
        .await
}
