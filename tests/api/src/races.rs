//! Many callers at once, with transactions that really meet: whatever the order, the rules hold.

mod admins;
mod arrivals;
mod invites;
mod links;
mod members;
mod retries;
mod sessions;
mod transactions;

use harness::proxy::Plan;
use harness::world::{Answer, World};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::world::start;

/// How many callers race.
const MANY: usize = 64;

/// A world in which transactions conflict, for one test at a time: a race needs the machine to itself.
async fn arena() -> (&'static World, MutexGuard<'static, ()>) {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let world = WORLD
        .get_or_init(|| start(8, Plan::new(7).conflicts()))
        .await;
    (world, turn)
}

/// How many answers have this status.
fn with_status(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

/// Stops the test when an answer has none of these statuses.
fn only(answers: &[Answer], statuses: &[u16]) {
    for answer in answers {
        assert!(
            statuses.contains(&answer.status),
            "{} {}",
            answer.status,
            answer.text
        );
    }
}

/// Exactly `won` answers are 200 and all others are 409 with a text that contains `text`.
fn winners(answers: &[Answer], won: usize, text: &str) {
    only(answers, &[200, 409]);
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert!(refused.issue_text().contains(text), "{}", refused.text);
        assert_eq!(
            refused.body["issue"][0]["code"], "conflict",
            "{}",
            refused.text
        );
    }
    assert_eq!(with_status(answers, 200), won);
}
