//! A transaction that is sent again with its key.

use harness::world::{Answer, Client, Request};
use serde_json::{Value, json};

use super::{ask, bundle, named, organization, patient, post, project, put, statuses, urn};
use crate::world::{create, reference};

async fn keyed(caller: &Client, key: &str, entries: &[Value]) -> Answer {
    let request = Request::new("POST", "/fhir/R4").header("idempotency-key", key);
    caller.send(request.json(&bundle(entries))).await
}

#[tokio::test]
async fn with_its_key_a_transaction_happens_once_and_is_answered_twice() {
    let project = project("Again").await;
    let admin = &project.admin;
    let renamed = create(admin, organization("Before")).await;
    let removed = create(admin, organization("Removed")).await;
    let about = json!({ "resourceType": "Basic", "code": { "text": "x" }, "subject": { "reference": urn(1) } });
    let entries = [
        post(&about),
        named(1, post(&patient("again"))),
        put(&renamed, json!({ "name": "After" })),
        ask("DELETE", &reference(&removed)),
        ask("GET", &reference(&renamed)),
    ];
    let first = keyed(admin, "one", &entries).await.must(200);
    assert_eq!(statuses(&first), ["201", "201", "200", "200", "200"]);
    let second = keyed(admin, "one", &entries).await.must(200);
    assert_eq!(first.body, second.body);
    let found = admin
        .get("/fhir/R4/Patient?identifier=again")
        .await
        .must(200);
    assert_eq!(found.body["entry"].as_array().unwrap().len(), 1);
    // What has changed since is answered as it was.
    let changed = json!({ "name": "Later" });
    let later = put(&renamed, changed)["resource"].clone();
    let place = format!("/fhir/R4/{}", reference(&renamed));
    admin.put(&place, &later).await.must(200);
    let third = keyed(admin, "one", &entries[..4]).await;
    assert_eq!(third.must(422).body["issue"][0]["code"], "business-rule");
    let third = keyed(admin, "one", &entries).await.must(200);
    assert_eq!(third.body["entry"][2], first.body["entry"][2]);
    assert_eq!(third.body["entry"][4]["resource"]["name"], "Later");
}

#[tokio::test]
async fn a_transaction_that_was_refused_can_be_sent_again_with_its_key() {
    let project = project("Refused once").await;
    let admin = &project.admin;
    let missing = "Organization/00000000-0000-4000-8000-000000000001";
    let entries = [post(&patient("late")), ask("GET", missing)];
    keyed(admin, "late", &entries).await.must(404);
    let entries = [post(&patient("late"))];
    keyed(admin, "late", &entries).await.must(200);
}
