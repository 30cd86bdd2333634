//! Deleted, and not yet gone: a project comes back as it was until its time is over.

use harness::world::{Project, World};
use serde_json::{Value, json};

use super::{Village, expunge, id, over};
use crate::ledger::Ledger;
use crate::sign_in::{me, person, sign_in, tokens, wish};
use crate::world::{with, world};

fn place(project: &Project) -> String {
    format!("/fhir/R4/Project/{}", project.id)
}

/// What the stream brings when the table forgets the row that waits for a project's end.
fn forgotten(row: &Value, due: i64) -> Value {
    let keys = json!({ "PK": row["PK"], "SK": row["SK"] });
    let was = with(row.clone(), json!({ "ttl": { "N": due.to_string() } }));
    let change = json!({ "SequenceNumber": "1", "Keys": keys, "OldImage": was });
    json!({ "Records": [{ "eventName": "REMOVE", "dynamodb": change }] })
}

async fn waiting(world: &World, project: &Project) -> Option<Value> {
    let rows = world.rows(&format!("P#{}", project.id)).await;
    rows.into_iter().find(|row| row["SK"]["S"] == "LEAVING")
}

async fn bring(world: &World, record: &Value) {
    let answer = world.host().invoke("run-job", record).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
}

#[tokio::test]
async fn a_deleted_project_is_out_of_reach_at_once_and_comes_back_as_it_was() {
    let world = world().await;
    let village = Village::found(world, "Deleted").await;
    let project = &village.project;
    let (email, _) = person(project, "lisa", json!({})).await;
    let (session, token) = (tokens(world, &email).await, project.admin.token().await);
    let root = world.root();
    let read = root.get(&place(project)).await.must(200).body;
    project.admin.delete(&place(project)).await.must(403);
    root.delete(&place(project)).await.must(200);
    token.get("/auth/me").await.must(401);
    project.admin.get("/auth/me").await.must(401);
    me(world, &session).await.must(401);
    let refused = sign_in(world, &wish(&email)).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text);
    root.get(&place(project)).await.must(410);
    root.get(&project.path("")).await.must(404);
    let found = root.get("/fhir/R4/Project?name=Deleted").await.must(200);
    assert!(!found.text.contains(&project.id));
    root.delete(&place(project)).await.must(200);

    let secrets = json!({ "secret": [{ "name": "key", "valueString": "x" }] });
    let other = with(read.clone(), secrets);
    root.put(&place(project), &other).await.must(400);
    let back = root.put(&place(project), &read).await.must(200);
    assert_eq!(back.body["name"], "Deleted");
    assert!(waiting(world, project).await.is_none());
    token.get("/auth/me").await.must(200);
    sign_in(world, &wish(&email)).await.must(200);
    let patient = format!("/fhir/R4/Patient/{}", id(&village.patient));
    project.admin.get(&patient).await.must(200);
    let shown = project.admin.get(&project.path("")).await;
    assert!(shown.must(200).text.contains("canary-of-the-village"));
    let history = root.get(&format!("{}/_history", place(project))).await;
    let statuses = history.must(200).body["entry"].as_array().unwrap().clone();
    let statuses: Vec<Value> = statuses
        .iter()
        .take(2)
        .map(|it| it["response"]["status"].clone())
        .collect();
    assert_eq!(statuses, ["200", "410"]);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn when_its_time_is_over_it_goes_for_good_unless_it_came_back() {
    let world = world().await;
    let project = world.project("Leaving").await;
    let root = world.root();
    let read = root.get(&place(&project)).await.must(200).body;
    root.delete(&place(&project)).await.must(200);
    let first = waiting(world, &project).await.unwrap();
    let due: i64 = first["ttl"]["N"].as_str().unwrap().parse().unwrap();
    // Not yet.
    bring(world, &forgotten(&first, due)).await;
    root.put(&place(&project), &read).await.must(200);
    // It came back, and was deleted anew: the first time counts no more.
    bring(world, &forgotten(&first, 1)).await;
    project.admin.get("/auth/me").await.must(200);
    root.delete(&place(&project)).await.must(200);
    bring(world, &forgotten(&first, 1)).await;
    root.get(&place(&project)).await.must(410);
    let second = waiting(world, &project).await.unwrap();
    for _ in 0..2 {
        bring(world, &forgotten(&second, 1)).await;
    }
    root.put(&place(&project), &read).await.must(410);
    // Asked for by hand, it is the same job.
    let accepted = expunge(root, "Project", &project.id).await.must(202);
    let job = over(root, &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert!(world.rows(&format!("P#{}", project.id)).await.is_empty());
    root.get(&place(&project)).await.must(404);
}

#[tokio::test]
async fn a_deleted_project_is_expunged_at_once_when_somebody_asks() {
    let world = world().await;
    let project = world.project("Impatient").await;
    let root = world.root();
    root.delete(&place(&project)).await.must(200);
    let accepted = expunge(root, "Project", &project.id).await.must(202);
    let job = over(root, &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert!(world.rows(&format!("P#{}", project.id)).await.is_empty());
}

#[tokio::test]
async fn a_project_may_have_its_own_time_to_come_back() {
    const DAY: i64 = 24 * 60 * 60;
    let world = world().await;
    let root = world.root();
    for (settings, days) in [
        (json!([]), 30),
        (
            json!([{ "name": "deletionGraceDays", "valueInteger": 2 }]),
            2,
        ),
        (
            json!([{ "name": "deletionGraceDays", "valueInteger": 0 }]),
            0,
        ),
        (
            json!([{ "name": "deletionGraceDays", "valueInteger": 4_000 }]),
            365,
        ),
    ] {
        let project = world.project("Patient").await;
        let mut read = root.get(&place(&project)).await.must(200).body;
        read["systemSetting"] = settings;
        root.put(&place(&project), &read).await.must(200);
        root.delete(&place(&project)).await.must(200);
        let waits = waiting(world, &project).await.unwrap();
        let due: i64 = waits["ttl"]["N"].as_str().unwrap().parse().unwrap();
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let left = due - i64::try_from(now).unwrap();
        assert!(
            (days * DAY - 600..=days * DAY).contains(&left),
            "{left} of {days} days"
        );
    }
}
