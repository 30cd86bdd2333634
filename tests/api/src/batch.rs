//! Many people invited with one request: each row is an invite of its own.

mod once;
mod tables;

use harness::world::{Answer, Project, Request};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::world::{address, alice, invited, with, world};

const MEMBER: &str = "User is already a member of this project";

/// A person of a batch; nobody writes to them unless the test is about letters.
fn person(name: &str, project: &Project) -> Value {
    with(
        alice(&address(name, project)),
        json!({ "sendEmail": false }),
    )
}

fn people(count: usize, project: &Project) -> Vec<Value> {
    (0..count)
        .map(|n| person(&format!("p{n}"), project))
        .collect()
}

async fn batch(project: &Project, rows: &[Value]) -> Answer {
    let path = project.path("invite/batch");
    project.admin.post(&path, &json!(rows)).await
}

fn row(answer: &Answer, at: usize) -> &Value {
    &answer.body["entry"][at]
}

fn status(answer: &Answer, at: usize) -> &str {
    row(answer, at)["response"]["status"].as_str().unwrap()
}

/// The statuses of all rows.
fn statuses(answer: &Answer) -> Vec<&str> {
    let rows = answer.body["entry"].as_array().unwrap();
    (0..rows.len()).map(|at| status(answer, at)).collect()
}

/// Text and place of a row's first issue.
fn issue(answer: &Answer, at: usize) -> (&str, &str) {
    let issue = &row(answer, at)["response"]["outcome"]["issue"][0];
    (
        issue["details"]["text"].as_str().unwrap(),
        issue["expression"][0].as_str().unwrap(),
    )
}

async fn persons(project: &Project) -> usize {
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    ledger.persons(&project.id).len()
}

#[tokio::test]
async fn of_a_hundred_rows_ten_bad_ones_are_named_and_ninety_become_members() {
    let project = world().await.project("Hundred").await;
    let mut rows = people(100, &project);
    for bad in rows.iter_mut().step_by(10) {
        bad["firstName"] = Value::Null;
    }
    let answer = batch(&project, &rows).await.must(200);
    assert_eq!(answer.body["resourceType"], "Bundle");
    assert_eq!(answer.body["type"], "batch-response");
    for at in 0..100 {
        if at % 10 == 0 {
            assert_eq!(status(&answer, at), "400");
            let place = format!("row[{at}].firstName");
            assert_eq!(
                issue(&answer, at),
                ("First name is required", place.as_str())
            );
        } else {
            assert_eq!(status(&answer, at), "200", "{}", row(&answer, at));
            let member = &row(&answer, at)["resource"];
            assert_eq!(member["resourceType"], "ProjectMembership");
            let shown = member["user"]["display"].as_str().unwrap();
            assert!(shown.starts_with(&format!("p{at}.")), "{shown}");
        }
    }
    assert_eq!(persons(&project).await, 90);
}

#[tokio::test]
async fn a_row_is_answered_as_its_own_invite_would_be() {
    let project = world().await.project("Rows").await;
    let known = person("known", &project);
    invited(&project, &known).await;
    let unknown = json!({ "accessPolicy": { "reference": "AccessPolicy/11111111-2222-4333-8444-555555555555" } });
    let upsert = json!({ "upsert": true, "membership": { "userName": "known" } });
    let rows = [
        known.clone(),
        with(person("policy", &project), unknown),
        with(known, upsert),
        json!("nobody"),
    ];
    let answer = batch(&project, &rows).await.must(200);
    assert_eq!(statuses(&answer), ["409", "400", "200", "400"]);
    assert_eq!(issue(&answer, 0), (MEMBER, "row[0]"));
    assert_eq!(
        issue(&answer, 1),
        (
            "Invalid reference (Not found)",
            "row[1].ProjectMembership.accessPolicy"
        )
    );
    assert_eq!(row(&answer, 2)["resource"]["userName"], "known");
    assert_eq!(issue(&answer, 3), ("Row must be a JSON object", "row[3]"));
    assert_eq!(persons(&project).await, 1);
}

#[tokio::test]
async fn two_rows_with_one_address_make_one_member() {
    let project = world().await.project("Twice").await;
    let twin = person("twin", &project);
    let answer = batch(&project, &[twin.clone(), twin.clone()])
        .await
        .must(200);
    let mut found = statuses(&answer);
    found.sort_unstable();
    assert_eq!(found, ["200", "409"]);
    let again = batch(&project, &[twin]).await.must(200);
    assert_eq!(issue(&again, 0), (MEMBER, "row[0]"));
    assert_eq!(persons(&project).await, 1);
}

#[tokio::test]
async fn a_dry_run_weighs_everything_and_writes_nothing() {
    let project = world().await.project("Dry").await;
    let known = person("known", &project);
    let names = json!({ "membership": { "userName": "taken" } });
    invited(&project, &with(known.clone(), names.clone())).await;
    let twin = person("twin", &project);
    let rows = [
        person("fine", &project),
        known.clone(),
        with(person("named", &project), names),
        twin.clone(),
        twin,
        with(person("typo", &project), json!({ "email": "nobody" })),
        with(
            known,
            json!({ "upsert": true, "membership": { "externalId": "x" } }),
        ),
    ];
    let path = project.path("invite/batch?dryRun=true");
    let before = Ledger::read(world().await).await;
    let request = Request::new("POST", &path).header("idempotency-key", "dry");
    let answer = project
        .admin
        .send(request.json(&json!(rows)))
        .await
        .must(200);
    assert_eq!(
        statuses(&answer),
        ["200", "409", "409", "200", "409", "400", "200"]
    );
    assert_eq!(issue(&answer, 1).0, MEMBER);
    assert!(issue(&answer, 2).0.contains("userName"));
    assert_eq!(issue(&answer, 4), (MEMBER, "row[4]"));
    let neither = "Either email or externalId is required";
    assert_eq!(issue(&answer, 5), (neither, "row[5]"));
    assert!(!answer.text.contains("\"resource\":"), "{}", answer.text);
    let after = Ledger::read(world().await).await;
    for part in ["", "#M", "#R", "#I"] {
        let part = format!("P#{}{part}", project.id);
        assert_eq!(before.partition(&part), after.partition(&part), "{part}");
    }
    assert_eq!(before.events(&project.id), after.events(&project.id));
    assert!(after.users(&address("fine", &project)).is_empty());
    let real = batch(&project, &rows[..1]).await.must(200);
    assert_eq!(statuses(&real), ["200"]);
    let wish = project.path("invite/batch?dryRun=maybe");
    let refused = project.admin.post(&wish, &json!(rows)).await.must(400);
    assert_eq!(refused.expression(), "dryRun");
}

#[tokio::test]
async fn no_rows_and_more_than_a_hundred_are_refused_by_their_number() {
    let project = world().await.project("Many").await;
    for count in [0, 5_001] {
        let refused = batch(&project, &people(count, &project)).await.must(400);
        assert!(refused.issue_text().contains("1 to 5000 rows"));
    }
    assert_eq!(persons(&project).await, 0);
}

#[tokio::test]
async fn rows_for_which_no_time_is_left_say_so_and_can_be_sent_again() {
    let project = world().await.project("Late").await;
    let rows = json!(people(3, &project));
    let request = Request::new("POST", &project.path("invite/batch"))
        .header("idempotency-key", "late")
        .json(&rows);
    let hurried = request.clone().header("prefer", "wait=0");
    let answer = project.admin.send(hurried).await.must(200);
    assert_eq!(statuses(&answer), ["503", "503", "503"]);
    assert_eq!(persons(&project).await, 0);
    let answer = project.admin.send(request).await.must(200);
    assert_eq!(statuses(&answer), ["200", "200", "200"]);
    assert_eq!(persons(&project).await, 3);
}

#[tokio::test]
async fn the_rows_that_the_rules_refused_are_recorded_once() {
    let project = world().await.project("Refused").await;
    let known = person("known", &project);
    invited(&project, &known).await;
    let rows = vec![known; 12];
    let answer = batch(&project, &rows).await.must(200);
    assert_eq!(statuses(&answer), ["409"; 12]);
    let ledger = Ledger::read(world().await).await;
    let events = ledger.events(&project.id).into_iter();
    let refused: Vec<_> = events
        .filter(|event| event.to_string().contains("12 of 12 rows"))
        .collect();
    assert_eq!(refused.len(), 1);
}
