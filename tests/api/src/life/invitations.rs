//! More invitations than anybody waits for.

use serde_json::{Value, json};

use super::{counted, id, over};
use crate::ledger::Ledger;
use crate::world::{address, alice, post_with, start, with};
use harness::proxy::{Fault, Plan};
use harness::world::{Project, World};

fn people(count: usize, project: &Project) -> Vec<Value> {
    (0..count)
        .map(|n| {
            with(
                alice(&address(&format!("p{n}"), project)),
                json!({ "sendEmail": false }),
            )
        })
        .collect()
}

async fn persons(world: &World, project: &Project) -> usize {
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    ledger.persons(&project.id).len()
}

#[tokio::test]
async fn a_job_invites_everybody_once_although_workers_fall_and_tells_who_was_refused() {
    let world = start(2, Plan::default()).await;
    let project = world.project("Many").await;
    let mut rows = people(130, &project);
    rows[7] = json!({ "resourceType": "Practitioner", "firstName": "" });
    rows[9] = rows[8].clone();
    rows[120] = with(
        rows[120].clone(),
        json!({ "password": "canary-password-1" }),
    );
    let plan = Plan::new(3)
        .nth("run-job/*", 40, Fault::CrashAfter)
        .nth("run-job/*", 90, Fault::CrashBefore)
        .nth("run-job/*", 150, Fault::LostAnswer);
    world.proxy().lay(plan);
    let path = project.path("invite/batch");
    let rows = json!(rows);
    let accepted = post_with(&project.admin, &path, &rows, ("idempotency-key", "k")).await;
    let accepted = accepted.must(202);
    let clear = Value::Array(world.every_row().await).to_string();
    assert!(!clear.contains("canary-password-1"));
    let job = over(&project.admin, &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(counted(&job, "invited"), 128, "{job}");
    assert_eq!(counted(&job, "refused"), 2, "{job}");
    let told = job["output"]["parameter"].to_string();
    assert!(
        told.contains("row[7]") && told.contains("firstName"),
        "{told}"
    );
    assert_eq!(persons(&world, &project).await, 128);
    let again = post_with(&project.admin, &path, &rows, ("idempotency-key", "k")).await;
    let again = again.must(202);
    assert_eq!(
        again.header("content-location"),
        accepted.header("content-location")
    );
    assert_eq!(persons(&world, &project).await, 128);
}

#[tokio::test]
async fn whoever_is_no_longer_an_administrator_invites_nobody_any_more() {
    let world = start(2, Plan::default()).await;
    let project = world.project("Demoted").await;
    let second = project.administrator("Second").await;
    world.proxy().lay(Plan::new(1).sometimes(
        "run-job/TransactWriteItems",
        1.0,
        Fault::ServerError,
    ));
    let rows = json!(people(120, &project));
    let accepted = second.post(&project.path("invite/batch"), &rows).await;
    let accepted = accepted.must(202);
    let user = format!("ClientApplication/{}", second.id());
    let membership = project.membership(&user).await;
    let path = project.path(&format!("members/{}", id(&membership)));
    project.admin.delete(&path).await.must(200);
    world.proxy().lay(Plan::default());
    let job = over(&project.admin, &accepted).await;
    assert_eq!(job["status"], "error", "{job}");
    assert_eq!(persons(&world, &project).await, 0);
}
