//! From an invitation to its letter: what was asked for arrives once or is known to be lost, and never twice.

mod failures;
mod letters;

use std::time::Duration;

use harness::proxy::Plan;
use harness::world::{Project, World};
use local::mailbox::Letter;
use local::pump::DeadLetter;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::ledger::{Ledger, text};
use crate::world::start;

/// A world whose table and mail service fail on demand, for one test at a time.
async fn post_office() -> (&'static World, MutexGuard<'static, ()>) {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let world = WORLD.get_or_init(|| start(4, Plan::default())).await;
    world.proxy().lay(Plan::default());
    (world, turn)
}

fn person(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Homer", "lastName": "Simpson", "email": email })
}

/// Invites somebody and returns the id of his invitation.
async fn invite(world: &World, project: &Project, body: &Value) -> String {
    let member = project.invite(&project.admin, body).await.must(200);
    let ledger = Ledger::read(world).await;
    let invitations = ledger.invitations(&project.id);
    let mut own = invitations
        .iter()
        .filter(|row| row["membership"] == member.id());
    text(own.next().expect("an invitation"), "request")
}

/// The row of an invitation.
async fn row(world: &World, invitation: &str) -> Value {
    let ledger = Ledger::read(world).await;
    let row = ledger.row(&format!("REQUEST#{invitation}"), "REQUEST");
    row.expect("the invitation's row").clone()
}

/// Waits until somebody sees what he waits for; stops the test when it does not come.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never came");
}

/// The row of an invitation once its delivery has this state.
async fn settled(world: &World, invitation: &str, delivery: &str) -> Value {
    eventually(&format!("the delivery {delivery}"), async || {
        let row = row(world, invitation).await;
        (row["delivery"] == delivery).then_some(row)
    })
    .await
}

/// The record of an invitation among those that the stream has given up.
async fn given_up(world: &World, invitation: &str) -> DeadLetter {
    let pk = format!("REQUEST#{invitation}");
    eventually("the dead letter", async || {
        let mut dead = world.pump().dead_letters().into_iter();
        dead.find(|letter| letter.record["dynamodb"]["Keys"]["PK"]["S"] == pk.as_str())
    })
    .await
}

/// Every letter to an address.
fn letters(world: &World, email: &str) -> Vec<Letter> {
    let letters = world.mailbox().messages().into_iter();
    letters.filter(|letter| letter.to == email).collect()
}

/// The secret in the link of a welcome letter.
fn secret(letter: &Letter, invitation: &str) -> String {
    let link = format!("setpassword/{invitation}/");
    let (_, rest) = letter
        .text
        .split_once(&link)
        .expect("a link to set a password");
    rest.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}
