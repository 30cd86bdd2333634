//! What goes wrong is said in SCIM's words on every route, whatever it is.

use harness::world::{Answer, Request};
use serde_json::json;

use super::{USERS, encoded, lisa, path, provision, send};
use crate::world::{address, with, world};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A SCIM error, its type and its detail.
fn error(answer: &Answer, status: u16) -> (&str, &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(
        answer.header("content-type"),
        "application/scim+json; charset=utf-8"
    );
    assert_eq!(answer.body["schemas"], json!([ERROR]));
    assert_eq!(answer.body["status"], status.to_string());
    let text = |name: &str| answer.body[name].as_str().unwrap_or_default();
    (text("scimType"), text("detail"))
}

#[tokio::test]
async fn a_user_that_cannot_be_provisioned_is_refused_by_the_name_of_the_attribute() {
    let project = world().await.project("Mistakes").await;
    let good = lisa(&project);
    for (change, kind, detail) in [
        (
            json!({ "name": null }),
            "invalidValue",
            "First name is required (name.givenName); Last name is required (name.familyName)",
        ),
        (
            json!({ "name": "Lisa" }),
            "invalidValue",
            "name must be an object",
        ),
        (
            json!({ "emails": [], "externalId": null }),
            "invalidValue",
            "Either email or externalId is required (emails)",
        ),
        (
            json!({ "emails": [{ "value": "nope" }] }),
            "invalidValue",
            "emails must hold valid addresses",
        ),
        (
            json!({ "userType": "Bot" }),
            "invalidValue",
            "userType must be Practitioner, Patient or RelatedPerson",
        ),
        (
            json!({ "userName": 7 }),
            "invalidValue",
            "userName must be a text",
        ),
        (
            json!({ "active": "perhaps" }),
            "invalidValue",
            "active must be true or false",
        ),
        (
            json!({ "schemas": ["urn:x"] }),
            "invalidSyntax",
            "schemas must name urn:ietf:params:scim:schemas:core:2.0:User",
        ),
        (
            json!({ "userType": "RelatedPerson" }),
            "invalidValue",
            "Patient is required for a RelatedPerson (patient)",
        ),
    ] {
        let answer = provision(&project, &with(good.clone(), change)).await;
        assert_eq!(error(&answer, 400), (kind, detail));
    }
    let broken = Request::new("POST", USERS).body("application/scim+json", "{".to_owned());
    let answer = project.admin.send(broken).await;
    assert_eq!(
        error(&answer, 400),
        ("invalidSyntax", "Content could not be parsed")
    );
    let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(1_100_000));
    let answer = project
        .admin
        .send(Request::new("POST", USERS).body("application/json", large))
        .await;
    assert_eq!(error(&answer, 413), ("", "File too large"));
}

#[tokio::test]
async fn a_filter_or_a_page_that_cannot_be_answered_is_refused() {
    let project = world().await.project("Bad filters").await;
    for filter in [
        "userName co \"x\"",
        "active eq true",
        "userName eq",
        "(userName eq \"x\")",
        "userName eq \"\\u0000\"",
    ] {
        let answer = project
            .admin
            .get(&format!("{USERS}?filter={}", encoded(filter)))
            .await;
        assert_eq!(error(&answer, 400).0, "invalidFilter", "{filter}");
    }
    for query in ["startIndex=x", "count=x", "count=", "startIndex=10002"] {
        let answer = project.admin.get(&format!("{USERS}?{query}")).await;
        assert_eq!(error(&answer, 400).0, "invalidValue", "{query}");
    }
}

#[tokio::test]
async fn an_operation_that_cannot_be_carried_out_is_refused_with_its_place() {
    let project = world().await.project("Bad operations").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    for (operation, kind, place) in [
        (json!({ "op": "remove" }), "noTarget", "Operations[0]"),
        (
            json!({ "op": "add", "path": "x y", "value": 1 }),
            "invalidPath",
            "Operations[0].path",
        ),
        (json!({ "op": "swap" }), "invalidValue", "Operations[0].op"),
        (
            json!({ "op": "replace", "path": "active" }),
            "invalidValue",
            "Operations[0].value",
        ),
    ] {
        let body = json!({ "Operations": [operation] });
        let answer = send(&project.admin, "PATCH", &path(&user), &body).await;
        let (found, detail) = error(&answer, 400);
        assert!(found == kind && detail.contains(place), "{}", answer.text);
    }
    let answer = send(&project.admin, "PATCH", &path(&user), &json!({})).await;
    assert_eq!(error(&answer, 400).0, "invalidSyntax");
}

#[tokio::test]
async fn whoever_may_not_and_whatever_is_not_there_is_told_in_the_same_words() {
    let world = world().await;
    let project = world.project("Doors").await;
    let plain = project.application("Plain").await;
    assert_eq!(
        error(&world.anonymous().get(USERS).await, 401).1,
        "Unauthorized"
    );
    assert_eq!(error(&plain.get(USERS).await, 403).1, "Forbidden");
    let missing = format!("{USERS}/00000000-0000-4000-8000-000000000000");
    assert_eq!(
        error(&project.admin.get(&missing).await, 404).1,
        "Not found"
    );
    assert_eq!(
        error(&project.admin.get("/scim/v2/Groups").await, 404).1,
        "Not found"
    );
    assert_eq!(
        error(&world.anonymous().get("/scim/v2/Groups").await, 401).1,
        "Unauthorized"
    );
    let answer = project.admin.delete(USERS).await;
    assert_eq!(error(&answer, 405).1, "Method not allowed");
    assert_eq!(answer.header("allow"), "GET, POST, OPTIONS");
}

#[tokio::test]
async fn a_refusal_is_recorded_like_any_other() {
    let world = world().await;
    let project = world.project("Recorded").await;
    let user = with(
        lisa(&project),
        json!({ "emails": [{ "value": address("x", &project) }] }),
    );
    provision(&project, &user).await.must(201);
    provision(&project, &user).await.must(409);
    let ledger = crate::ledger::Ledger::read(world).await;
    let refused = ledger
        .events(&project.id)
        .into_iter()
        .filter(|event| event["outcome"] == "4");
    assert_eq!(refused.count(), 1);
}
