//! A table that fails, and functions that die, at every single call: all or nothing, and a repetition brings it to its end.

mod single;
mod storms;
mod transactions;

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::proxy::{Fault, Plan};
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::ledger::Ledger;
use crate::world::start;

/// A world in which everything can fail, for one test at a time.
async fn ruins() -> (&'static World, MutexGuard<'static, ()>) {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let world = WORLD.get_or_init(|| start(4, Plan::default())).await;
    world.proxy().lay(Plan::default());
    (world, turn)
}

/// A name nobody else has.
fn fresh(prefix: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("{prefix}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn person(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "email": email, "sendEmail": false })
}

/// A POST with a key of its own, so that it can be repeated.
fn once(path: &str, body: &Value) -> Request {
    Request::new("POST", path)
        .header("idempotency-key", &fresh("key-"))
        .json(body)
}

/// Something that is asked of a function.
struct Deed {
    function: &'static str,
    caller: Client,
    /// What a success says, and what a repetition of it may say.
    success: u16,
    repeated: u16,
}

impl Deed {
    async fn of(&self, request: &Request) -> Answer {
        self.caller.send(request.clone()).await
    }

    /// Lets every call of the deed meet the fault in turn; `request` makes a new one for every round.
    async fn survives(&self, world: &World, fault: Fault, request: impl AsyncFn() -> Request) {
        let calls = self.calls(world, &request().await).await;
        assert!(calls >= 2, "a deed reads and writes");
        for number in 1..=calls {
            let place = format!("{} and {fault:?} at call {number}", self.function);
            let request = request().await;
            let plan = Plan::new(1).nth(&format!("{}/*", self.function), number, fault);
            world.proxy().lay(plan);
            let first = self.of(&request).await;
            world.proxy().lay(Plan::default());
            let dies = matches!(fault, Fault::CrashBefore | Fault::CrashAfter);
            let wanted = if dies { 502 } else { self.success };
            assert_eq!(first.status, wanted, "{place}: {}", first.text);
            Ledger::read(world).await.must_hold();
            let second = self.of(&request).await;
            let done = [self.success, self.repeated].contains(&second.status);
            assert!(done, "{place}: {} {}", second.status, second.text);
            let is_outcome = first.body["resourceType"] == "OperationOutcome";
            if !dies && self.success == self.repeated && !is_outcome {
                assert_eq!(first.text, second.text, "{place}: the same answer twice");
            }
            Ledger::read(world).await.must_hold();
        }
    }

    /// How many calls the deed makes when nothing goes wrong.
    async fn calls(&self, world: &World, request: &Request) -> u64 {
        let recorder = world.proxy().record();
        let answer = self.of(request).await;
        let recording = recorder.finish().of(answer.request_id());
        answer.must(self.success);
        recording.calls.len() as u64
    }
}

/// A member whom tests may change and remove.
async fn member(project: &Project) -> Value {
    let body = person(&format!("{}@example.com", fresh("member-")));
    project.invite(&project.admin, &body).await.must(200).body
}
