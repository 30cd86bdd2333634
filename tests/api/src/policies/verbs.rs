//! Changing, deleting and looking back under a policy: the stored and the new version must both be one's own.

use harness::world::{Client, Request};
use serde_json::{Value, json};

use super::{organization, patient, read, to, under};
use crate::world::{reference, with, world};

fn path(of: &Value) -> String {
    format!("/fhir/R4/{}", reference(of))
}

async fn patch(caller: &Client, of: &Value, operations: Value) -> u16 {
    let request = Request::new("PATCH", &path(of))
        .body("application/json-patch+json", operations.to_string());
    caller.send(request).await.status
}

#[tokio::test]
async fn what_is_changed_must_be_ones_own_before_and_after() {
    let project = world().await.project("Changing").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let mine = patient(
        &project,
        &own,
        json!({ "gender": "male", "birthDate": "2000-01-01" }),
    )
    .await;
    let theirs = patient(&project, &other, json!({})).await;
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules = json!([{
        "resourceType": "Patient", "criteria": criteria, "readonlyFields": ["gender"], "hiddenFields": ["birthDate"],
    }]);
    let alice = under(&project, "alice", rules).await;
    let sent = json!({ "resourceType": "Patient", "id": mine["id"], "managingOrganization": to(&own), "gender": "female", "active": true });
    let changed = alice.put(&path(&mine), &sent).await.must(200).body;
    assert_eq!(
        (&changed["gender"], changed.get("birthDate")),
        (&json!("male"), None)
    );
    let stored = read(&project.admin, &mine).await.must(200).body;
    assert_eq!(
        (&stored["birthDate"], &stored["active"]),
        (&json!("2000-01-01"), &json!(true))
    );

    let moved = with(sent.clone(), json!({ "managingOrganization": to(&other) }));
    alice.put(&path(&mine), &moved).await.must(403);
    let stolen =
        json!({ "resourceType": "Patient", "id": theirs["id"], "managingOrganization": to(&own) });
    alice.put(&path(&theirs), &stolen).await.must(404);
    let test = |value: &str| json!([{ "op": "test", "path": "/birthDate", "value": value }, { "op": "replace", "path": "/active", "value": false }]);
    for value in ["2000-01-01", "1999-01-01"] {
        assert_eq!(patch(&alice, &mine, test(value)).await, 400, "{value}");
    }
    let operations = json!([{ "op": "replace", "path": "/active", "value": false }]);
    assert_eq!(patch(&alice, &mine, operations.clone()).await, 200);
    assert_eq!(patch(&alice, &theirs, operations).await, 404);
    let stored = read(&project.admin, &mine).await.must(200).body;
    assert_eq!(
        (&stored["birthDate"], &stored["active"]),
        (&json!("2000-01-01"), &json!(false))
    );

    alice.delete(&path(&theirs)).await.must(404);
    alice.delete(&path(&mine)).await.must(200);
    read(&alice, &mine).await.must(404);
    read(&project.admin, &mine).await.must(410);
}

#[tokio::test]
async fn a_history_shows_the_versions_that_were_ones_own_without_what_is_hidden() {
    let project = world().await.project("History").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let first = patient(&project, &own, json!({ "birthDate": "2000-01-01" })).await;
    let theirs = patient(&project, &other, json!({})).await;
    let moved = with(first.clone(), json!({ "managingOrganization": to(&other) }));
    let second = project
        .admin
        .put(&path(&first), &moved)
        .await
        .must(200)
        .body;
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules =
        json!([{ "resourceType": "Patient", "criteria": criteria, "hiddenFields": ["birthDate"] }]);
    let alice = under(&project, "alice", rules).await;
    let history = alice
        .get(&format!("{}/_history", path(&first)))
        .await
        .must(200);
    assert_eq!(history.body["entry"].as_array().unwrap().len(), 1);
    assert_eq!(history.body["total"], 1);
    assert!(!history.text.contains("2000-01-01"), "{}", history.text);
    let version = |of: &Value| {
        format!(
            "{}/_history/{}",
            path(&first),
            of["meta"]["versionId"].as_str().unwrap()
        )
    };
    let old = alice.get(&version(&first)).await.must(200);
    assert_eq!(old.body.get("birthDate"), None);
    alice.get(&version(&second)).await.must(404);
    alice
        .get(&format!("{}/_history", path(&theirs)))
        .await
        .must(404);
}

#[tokio::test]
async fn an_entry_of_a_batch_is_held_against_the_rules_like_a_request() {
    let project = world().await.project("Batch").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let mine = patient(&project, &own, json!({})).await;
    let theirs = patient(&project, &other, json!({})).await;
    let criteria = format!("Patient?organization={}", reference(&own));
    let alice = under(
        &project,
        "alice",
        json!([{ "resourceType": "Patient", "criteria": criteria }]),
    )
    .await;
    let entry = |method: &str, url: &str| json!({ "request": { "method": method, "url": url } });
    let sends = |method: &str, url: &str, resource: Value| json!({ "request": { "method": method, "url": url }, "resource": resource });
    let entries = json!([
        entry("GET", "Patient"),
        entry("GET", &reference(&mine)),
        entry("GET", &reference(&theirs)),
        entry("GET", "Observation"),
        entry("DELETE", &reference(&theirs)),
        sends(
            "POST",
            "Patient",
            json!({ "resourceType": "Patient", "managingOrganization": to(&other) })
        ),
        sends(
            "POST",
            "Patient",
            json!({ "resourceType": "Patient", "managingOrganization": to(&own) })
        ),
        sends(
            "POST",
            "AccessPolicy",
            json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "*" }] })
        ),
        sends(
            "PUT",
            &reference(&theirs),
            json!({ "resourceType": "Patient", "id": theirs["id"], "managingOrganization": to(&own) })
        ),
    ]);
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    let answer = alice.post("/fhir/R4", &bundle).await.must(200);
    let entries = answer.body["entry"].as_array().unwrap();
    let statuses: Vec<&str> = entries
        .iter()
        .map(|it| &it["response"]["status"].as_str().unwrap()[..3])
        .collect();
    assert_eq!(
        statuses,
        [
            "200", "200", "404", "403", "404", "403", "201", "403", "404"
        ]
    );
    assert!(!answer.text.contains(theirs["id"].as_str().unwrap()) || statuses[0] == "200");
    let found = entries[0]["resource"]["entry"].as_array().unwrap();
    assert!(
        found
            .iter()
            .all(|it| it["resource"]["managingOrganization"] == to(&own))
    );
}

#[tokio::test]
async fn a_search_that_decides_about_a_write_finds_what_the_writer_may_see() {
    let project = world().await.project("Conditional").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let identifier = json!({ "identifier": [{ "system": "https://example.com/", "value": "7" }] });
    patient(&project, &other, identifier.clone()).await;
    let criteria = format!("Patient?organization={}", reference(&own));
    let alice = under(
        &project,
        "alice",
        json!([{ "resourceType": "Patient", "criteria": criteria }]),
    )
    .await;
    let path = "/fhir/R4/Patient?identifier=https://example.com/%7C7";
    let gone = alice.delete(path).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    let body = with(
        json!({ "resourceType": "Patient", "managingOrganization": to(&own) }),
        identifier,
    );
    let request = Request::new("POST", "/fhir/R4/Patient").json(&body);
    let made = alice
        .send(request.header("if-none-exist", "identifier=https://example.com/|7"))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let all = project.admin.get(path).await.must(200);
    assert_eq!(all.body["entry"].as_array().unwrap().len(), 2);
}
