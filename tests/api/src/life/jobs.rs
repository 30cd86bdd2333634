//! How a job goes, and that nobody wants it any more.

use harness::proxy::{Fault, Plan};
use harness::world::Request;
use serde_json::json;

use super::{Village, clone, expunge, over, place};
use crate::ledger::Ledger;
use crate::world::{post_with, start, world};

const UNKNOWN: &str = "11111111-2222-4333-8444-555555555555";

#[tokio::test]
async fn a_job_is_shown_to_the_administrators_of_whoever_asked_and_to_nobody_else() {
    let world = world().await;
    let (project, other) = (world.project("Asked").await, world.project("Other").await);
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    let asked = asked.must(202);
    let path = place(&asked);
    for id in [UNKNOWN, "nope"] {
        let path = format!("/fhir/R4/job/{id}/status");
        other.admin.get(&path).await.must(404);
        other.admin.delete(&path).await.must(404);
    }
    other.admin.get(&path).await.must(404);
    other.admin.delete(&path).await.must(404);
    let job = over(world.root(), &asked).await;
    assert_eq!(job["resourceType"], "AsyncJob");
    assert_eq!(job["status"], "completed");
    assert!(job["request"].as_str().unwrap().ends_with("/$clone"));
    assert!(job["transactionTime"].is_string());
    let over = world.root().delete(&path).await.must(409);
    assert_eq!(over.issue_text(), "The job is over");
}

#[tokio::test]
async fn the_end_of_a_project_is_not_taken_back_but_asked_for_again_it_goes_on() {
    let world = start(4, Plan::default()).await;
    let village = Village::found(&world, "Going").await;
    // Nobody gets far: every turn ends at once.
    world.proxy().lay(Plan::new(1).sometimes(
        "run-job/TransactWriteItems",
        1.0,
        Fault::ServerError,
    ));
    let first = expunge(world.root(), "Project", &village.project.id).await;
    let first = first.must(202);
    let refused = world.root().delete(&place(&first)).await.must(409);
    assert_eq!(
        refused.issue_text(),
        "What was deleted cannot be brought back"
    );
    let again = expunge(world.root(), "Project", &village.project.id).await;
    assert_eq!(place(&again.must(202)), place(&first));
    world.proxy().lay(Plan::default());
    let job = over(world.root(), &first).await;
    assert_eq!(job["status"], "completed", "{job}");
}

#[tokio::test]
async fn a_copy_that_nobody_wants_any_more_leaves_nothing() {
    let world = start(4, Plan::default()).await;
    let village = Village::found(&world, "Unwanted").await;
    world
        .proxy()
        .lay(Plan::new(1).sometimes("run-job/PutItem", 1.0, Fault::ServerError));
    let path = format!("/fhir/R4/Project/{}/$clone", village.project.id);
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    let asked = asked.must(202);
    world.root().delete(&place(&asked)).await.must(200);
    let said = serde_json::Value::Array(world.every_row().await).to_string();
    assert!(
        said.contains("cancel-job"),
        "whoever cancels leaves an event"
    );
    world.proxy().lay(Plan::default());
    let job = over(world.root(), &asked).await;
    assert_eq!(job["status"], "cancelled", "{job}");
    let ledger = Ledger::read(&world).await;
    ledger.must_hold();
    let projects = world.every_row().await;
    let copies = projects
        .iter()
        .filter(|row| row["SK"]["S"] == "META" && row.get("life").is_some());
    assert_eq!(copies.count(), 0);
}

#[tokio::test]
async fn a_job_that_was_lost_on_its_way_is_handed_out_again_to_who_asks() {
    let world = start(2, Plan::default()).await;
    let village = Village::found(&world, "Lost").await;
    // So often that even the stream gives up.
    world.proxy().lay(Plan::new(1).sometimes(
        "run-job/TransactWriteItems",
        1.0,
        Fault::ServerError,
    ));
    let asked = expunge(world.root(), "Project", &village.project.id).await;
    let asked = asked.must(202);
    let place = place(&asked);
    let id = place.split('/').nth(4).unwrap().to_owned();
    let long_ago = json!({ "S": "2020-01-01T00:00:00.000Z" });
    let key = format!("JOB#{id}");
    world.age((&key, "JOB"), "updated", long_ago).await;
    world.proxy().lay(Plan::default());
    let job = over(world.root(), &asked).await;
    assert_eq!(job["status"], "completed", "{job}");
}

#[tokio::test]
async fn a_small_project_is_copied_while_the_caller_waits_unless_he_wants_a_job() {
    let world = world().await;
    let project = world.project("Small").await;
    clone(world.root(), &project, &json!({})).await.must(201);
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let request = Request::new("POST", &path)
        .header("prefer", "respond-async")
        .json(&json!({}));
    let accepted = world.root().send(request).await.must(202);
    assert_eq!(accepted.issue_text(), "Accepted");
    let job = over(world.root(), &accepted).await;
    let outputs = job["output"]["parameter"].as_array().unwrap();
    let project = outputs.iter().find(|it| it["name"] == "project").unwrap();
    let copy = project["valueReference"]["reference"].as_str().unwrap();
    world
        .root()
        .get(&format!("/fhir/R4/{copy}"))
        .await
        .must(200);
}
