//! `Project/$init`: owner, profile and default application come with the project.

use harness::world::Answer;
use serde_json::{Value, json};

use crate::world::{address, alice, invited, world};

async fn start(body: Value) -> Answer {
    world()
        .await
        .root()
        .post("/fhir/R4/Project/$init", &body)
        .await
}

async fn members(project: &str) -> Vec<Value> {
    let path = format!("/fhir/R4/ProjectMembership?project=Project/{project}");
    let answer = world().await.root().get(&path).await.must(200);
    let entries = answer.body["entry"].as_array().into_iter().flatten();
    entries.map(|entry| entry["resource"].clone()).collect()
}

#[tokio::test]
async fn a_new_owner_gets_a_profile_an_admin_membership_and_a_default_application() {
    let helper = world().await.project("Helper").await;
    let email = address("owner", &helper);
    let parameters = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "name", "valueString": "Started" }, { "name": "ownerEmail", "valueString": email },
    ] });
    let made = start(parameters).await.must(201);
    assert_eq!(
        (
            made.body["name"].as_str(),
            made.body["strictMode"].as_bool()
        ),
        (Some("Started"), Some(true))
    );
    let members = members(made.id()).await;
    assert_eq!(members.len(), 2);
    let owner = members
        .iter()
        .find(|member| member["admin"] == true)
        .unwrap();
    assert_eq!(owner["user"]["reference"], made.body["owner"]["reference"]);
    assert_eq!(owner["user"]["display"], email);
    assert_eq!(owner["profile"]["display"], "Started Admin");
    let application = members
        .iter()
        .find(|member| member.get("admin").is_none())
        .unwrap();
    assert_eq!(application["profile"]["display"], "Started Default Client");
}

#[tokio::test]
async fn an_invited_person_makes_three_members() {
    let helper = world().await.project("Helper").await;
    let made = start(json!({ "name": "Three", "ownerEmail": address("owner", &helper) }))
        .await
        .must(201);
    let path = format!("/admin/projects/{}/invite", made.id());
    world()
        .await
        .root()
        .post(&path, &alice(&address("alice", &helper)))
        .await
        .must(200);
    assert_eq!(members(made.id()).await.len(), 3);
}

#[tokio::test]
async fn a_known_address_and_a_named_user_own_the_project_themselves() {
    let helper = world().await.project("Helper").await;
    let email = address("alice", &helper);
    let user = invited(&helper, &alice(&email)).await["user"]["reference"].clone();
    for body in [
        json!({ "name": "By address", "ownerEmail": email.to_uppercase() }),
        json!({ "name": "By name", "owner": { "reference": user } }),
    ] {
        assert_eq!(start(body).await.must(201).body["owner"]["reference"], user);
    }
}

#[tokio::test]
async fn an_application_that_names_nobody_makes_a_project_without_an_owner() {
    let made = start(json!({ "name": "Nobody's" })).await.must(201);
    assert_eq!(made.body.get("owner"), None);
    assert_eq!(members(made.id()).await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_recorded_words() {
    let helper = world().await.project("Helper").await;
    let body = crate::world::with(
        alice(&address("bart", &helper)),
        json!({ "resourceType": "Patient" }),
    );
    let inside = invited(&helper, &body).await["user"]["reference"].clone();
    let cases = [
        (
            json!({}),
            "Expected at least 1 value(s) for required input parameter 'name'",
        ),
        (
            json!({ "name": "" }),
            "Expected at least 1 value(s) for required input parameter 'name'",
        ),
        (
            json!({ "name": "X", "ownerEmail": "nope" }),
            "Valid email address is required",
        ),
        (
            json!({ "name": "X", "owner": { "reference": "Patient/00000000-0000-4000-8000-000000000000" } }),
            "Only Users are permitted to be the owner of a new Project",
        ),
        (
            json!({ "name": "X", "owner": { "reference": inside } }),
            "Project owner must not belong to another Project",
        ),
    ];
    for (body, text) in cases {
        assert_eq!(start(body).await.must(400).issue_text(), text);
    }
}
