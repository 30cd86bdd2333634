//! One `Idempotency-Key`, sent many times at once: the effect of one, the answer of one.

use std::collections::BTreeSet;

use harness::world::{Answer, Client, Request};
use serde_json::{Value, json};

use super::{MANY, arena};
use crate::ledger::Ledger;
use crate::world::at_once;

async fn repeated(caller: &Client, path: &str, body: &Value) -> Vec<Answer> {
    let request = Request::new("POST", path)
        .header("idempotency-key", "once")
        .json(body);
    at_once(MANY, |_| {
        let (caller, request) = (caller.clone(), request.clone());
        async move { caller.send(request).await }
    })
    .await
}

/// Stops the test unless all answers have this status and show one version of one resource.
fn equal(answers: &[Answer], status: u16) {
    let one: BTreeSet<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, status, "{}", answer.text);
            answer.text.clone()
        })
        .collect();
    assert_eq!(one.len(), 1, "{one:?}");
}

fn person(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Lisa", "lastName": "Simpson", "email": email })
}

#[tokio::test]
async fn an_invite_of_a_new_person_repeated_at_once_with_one_key_happens_once() {
    let (world, _turn) = arena().await;
    let project = world.project("Impatient").await;
    let answers = repeated(
        &project.admin,
        &project.path("invite"),
        &person("lisa.key@example.com"),
    )
    .await;
    equal(&answers, 200);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 1);
    assert_eq!(ledger.users("lisa.key@example.com").len(), 1);
}

#[tokio::test]
async fn an_invite_of_a_known_person_repeated_at_once_with_one_key_happens_once() {
    let (world, _turn) = arena().await;
    let known = world.project("Where Lisa is known").await;
    let lisa = person("lisa.known@example.com");
    known.invite(&known.admin, &lisa).await.must(200);
    let project = world.project("Impatient too").await;
    let answers = repeated(&project.admin, &project.path("invite"), &lisa).await;
    equal(&answers, 200);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 1);
}

#[tokio::test]
async fn a_forced_further_membership_repeated_at_once_with_one_key_happens_once() {
    let (world, _turn) = arena().await;
    let project = world.project("One more").await;
    let mut lisa = person("lisa.more@example.com");
    project.invite(&project.admin, &lisa).await.must(200);
    lisa["forceNewMembership"] = json!(true);
    let answers = repeated(&project.admin, &project.path("invite"), &lisa).await;
    equal(&answers, 200);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 2);
}

#[tokio::test]
async fn a_change_repeated_at_once_with_one_key_is_made_once() {
    let (world, _turn) = arena().await;
    let project = world.project("One change").await;
    let lisa = person("lisa.change@example.com");
    let mut lisa = project.invite(&project.admin, &lisa).await.must(200).body;
    lisa["admin"] = json!(true);
    let path = project.path(&format!("members/{}", lisa["id"].as_str().unwrap()));
    let answers = repeated(&project.admin, &path, &lisa).await;
    equal(&answers, 200);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let past = format!(
        "P#{}#H#ProjectMembership#{}",
        project.id,
        lisa["id"].as_str().unwrap()
    );
    assert_eq!(ledger.partition(&past).len(), 1);
}

#[tokio::test]
async fn an_application_made_many_times_at_once_with_one_key_is_made_once() {
    let (world, _turn) = arena().await;
    let project = world.project("One application").await;
    let answers = repeated(
        &project.admin,
        &project.path("client"),
        &json!({ "name": "Robot" }),
    )
    .await;
    equal(&answers, 201);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.resources(&project.id, "ClientApplication").len(), 2);
}

#[tokio::test]
async fn a_bot_made_many_times_at_once_with_one_key_is_made_once() {
    let (world, _turn) = arena().await;
    let project = world.project("One bot").await;
    let body = json!({ "name": "Robot", "description": "Makes no copies" });
    let answers = repeated(&project.admin, &project.path("bot"), &body).await;
    equal(&answers, 201);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.resources(&project.id, "Bot").len(), 1);
}

#[tokio::test]
async fn a_project_made_many_times_at_once_with_one_key_is_made_once() {
    let (world, _turn) = arena().await;
    let body = json!({ "resourceType": "Project", "name": "Made once" });
    let answers = repeated(world.root(), "/fhir/R4/Project", &body).await;
    equal(&answers, 201);
    let ledger = Ledger::read(world).await;
    let named = ledger.below("P#").into_iter();
    let named = named.filter(|row| row["SK"] == "META" && row["body"]["name"] == "Made once");
    assert_eq!(named.count(), 1);
}
