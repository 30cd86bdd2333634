//! What a stranger learns from trying, and how he is slowed down, in an installation as it is deployed.

use harness::proxy::Plan;
use harness::world::{Answer, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{person, said, sign_in, wish};
use crate::ledger::Ledger;
use crate::world::{address, at_once, options, with};

/// A world with the strict defaults: the same words for all, and five failures that cost nothing.
async fn strict() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    let start = || async {
        let mut options = options(4, Plan::default());
        for (name, value) in [
            ("ROSTER_SIGN_IN_TEXTS", "uniform"),
            ("ROSTER_SIGN_IN_FREE_FAILURES", "5"),
        ] {
            options
                .environment
                .push((name.to_owned(), value.to_owned()));
        }
        World::start(options).await.expect("the world starts")
    };
    WORLD.get_or_init(start).await
}

/// Status, body and round trips of an answer.
async fn seen(world: &World, body: &Value) -> (u16, Value, usize, f64) {
    let recorder = world.proxy().record();
    let answer = sign_in(world, body).await;
    let calls = recorder.finish().of(answer.request_id());
    let mut said = answer.body.clone();
    said.as_object_mut().unwrap().remove("extension");
    (answer.status, said, calls.trips(), calls.base_wru())
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_known_address_from_an_unknown_one() {
    let world = strict().await;
    let project = world.project("Strangers").await;
    let (known, _) = person(&project, "alice", json!({})).await;
    let (invited, nobody) = (address("bob", &project), address("nobody", &project));
    crate::world::invited(&project, &crate::world::alice(&invited)).await;
    let wrong = |email: &str| with(wish(email), json!({ "password": "wrong password" }));
    let first = seen(world, &wrong(&known)).await;
    assert_eq!(
        first.1["issue"][0]["details"]["text"],
        "Email or password is invalid"
    );
    for email in [&invited, &nobody] {
        assert_eq!(seen(world, &wrong(email)).await, first);
    }
}

#[tokio::test]
async fn many_failures_make_everybody_wait_on_accounts_that_exist_and_on_others_alike() {
    let world = strict().await;
    let project = world.project("Back-off").await;
    let (known, _) = person(&project, "alice", json!({})).await;
    for email in [known, address("nobody", &project)] {
        let wrong = with(wish(&email), json!({ "password": "wrong password" }));
        let answers: Vec<Answer> = at_once(24, |_| {
            let wrong = wrong.clone();
            async move { sign_in(world, &wrong).await }
        })
        .await;
        assert!(
            answers
                .iter()
                .all(|answer| [400, 429].contains(&answer.status))
        );
        // Even the right password has to wait now; on another account it does not.
        said(
            &sign_in(world, &wish(&email)).await,
            429,
            "Too Many Requests",
        );
    }
    let (other, _) = person(&project, "carol", json!({})).await;
    sign_in(world, &wish(&other)).await.must(200);
}

#[tokio::test]
async fn a_failed_sign_in_is_recorded_without_the_address_and_the_password() {
    let world = strict().await;
    let project = world.project("Recorded").await;
    let patient = json!({ "resourceType": "Patient" });
    let (email, membership) = person(&project, "alice", patient).await;
    let secret = json!({ "password": "a secret that was mistyped", "projectId": project.id });
    said(
        &sign_in(world, &with(wish(&email), secret)).await,
        400,
        "Email or password is invalid",
    );
    let ledger = Ledger::read(world).await;
    let events = ledger.events(&project.id);
    let event = events
        .iter()
        .find(|event| event["operation"] == "sign-in")
        .unwrap();
    assert_eq!(
        (&event["outcome"], &event["action"]),
        (&json!("4"), &json!("E"))
    );
    assert_eq!(event["who"]["reference"], membership["user"]["reference"]);
    let text = event.to_string();
    assert!(
        !text.contains("mistyped") && !text.contains(&email),
        "{text}"
    );

    let right = with(wish(&email), json!({ "projectId": project.id }));
    sign_in(world, &right).await.must(200);
    let ledger = Ledger::read(world).await;
    let succeeded = |event: &&&Value| event["operation"] == "sign-in" && event["outcome"] == "0";
    assert_eq!(
        ledger.events(&project.id).iter().filter(succeeded).count(),
        1
    );
}
