//! Who is a member already, and what happens to a request that comes twice.

use serde_json::json;

use super::{invite, patient, project};
use crate::world::{address, alice, create, invited, post_with, reference, with};

const MEMBER: &str = "User is already a member of this project";

#[tokio::test]
async fn a_member_is_not_invited_again() {
    let project = project().await;
    let body = alice(&address("alice", &project));
    invited(&project, &body).await;
    let again = invite(&project, body).await.must(409);
    assert_eq!(
        (again.body["id"].as_str(), again.issue_text()),
        (Some("conflict"), MEMBER)
    );
    assert_eq!(again.body["issue"][0]["code"], "conflict");
}

#[tokio::test]
async fn an_upsert_overlays_the_fields_that_are_present() {
    let project = project().await;
    let email = address("alice", &project);
    let template = json!({ "membership": { "userName": "alice", "admin": true } });
    let first = invited(&project, &with(alice(&email), template)).await;
    let upsert = json!({ "upsert": true, "membership": { "externalId": "u-1", "admin": false } });
    let second = invited(
        &project,
        &with(alice(&email), with(upsert, json!({ "scope": "server" }))),
    )
    .await;
    for same in ["id", "user", "profile", "project", "userName"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(
        (&second["externalId"], &second["admin"]),
        (&json!("u-1"), &json!(false))
    );
    assert_ne!(first["meta"]["versionId"], second["meta"]["versionId"]);
}

#[tokio::test]
async fn an_upsert_of_nobody_is_an_invite() {
    let project = project().await;
    let member = invited(
        &project,
        &with(
            alice(&address("alice", &project)),
            json!({ "upsert": true }),
        ),
    )
    .await;
    project
        .admin
        .get(&project.path(&format!("members/{}", member["id"].as_str().unwrap())))
        .await
        .must(200);
}

#[tokio::test]
async fn an_upsert_with_another_profile_is_a_conflict() {
    let project = project().await;
    let body = alice(&address("alice", &project));
    invited(&project, &body).await;
    let other = create(&project.admin, json!({ "resourceType": "Practitioner" })).await;
    let upsert =
        json!({ "upsert": true, "membership": { "profile": { "reference": reference(&other) } } });
    let answer = invite(&project, with(body, upsert)).await.must(409);
    assert_eq!(
        answer.issue_text(),
        "User is already a member of this project with a different profile"
    );
}

#[tokio::test]
async fn a_further_membership_must_be_asked_for() {
    let project = project().await;
    let bodies = [
        patient(&address("bart", &project)),
        alice(&address("alice", &project)),
        with(
            alice(&address("moe", &project)),
            json!({ "scope": "project" }),
        ),
    ];
    for body in bodies {
        let first = invited(&project, &body).await;
        let second = invited(&project, &with(body, json!({ "forceNewMembership": true }))).await;
        assert_ne!(first["id"], second["id"]);
        assert_eq!(first["user"], second["user"]);
        assert_eq!(
            first["profile"]["reference"],
            second["profile"]["reference"]
        );
    }
}

#[tokio::test]
async fn external_id_and_user_name_belong_to_one_member_and_a_refusal_leaves_nothing() {
    let project = project().await;
    let named = |n: &str, fields| with(alice(&address(n, &project)), fields);
    let taken = [
        (
            json!({ "externalId": "dup" }),
            "A member with this externalId already exists in the project",
        ),
        (
            json!({ "membership": { "userName": "dup" } }),
            "A member with this userName already exists in the project",
        ),
    ];
    for (n, (fields, text)) in taken.into_iter().enumerate() {
        invited(&project, &named(&format!("a{n}"), fields.clone())).await;
        let second = named(&format!("b{n}"), fields.clone());
        let refused = invite(&project, second.clone()).await.must(409);
        assert_eq!(
            (refused.body["id"].as_str(), refused.issue_text()),
            (Some("conflict"), text)
        );
        let upsert = with(second.clone(), json!({ "upsert": true }));
        assert_eq!(invite(&project, upsert).await.must(409).issue_text(), text);
        let profiles = project
            .admin
            .get("/fhir/R4/ProjectMembership?profile-type=Practitioner&_total=accurate")
            .await;
        assert_eq!(profiles.must(200).body["total"], n + 1);
    }
    let other = super::project().await;
    invited(
        &other,
        &with(alice(&address("c", &other)), json!({ "externalId": "dup" })),
    )
    .await;
}

#[tokio::test]
async fn a_key_makes_one_member_whose_answer_is_given_again() {
    let project = project().await;
    let (path, key) = (project.path("invite"), ("idempotency-key", "k-1"));
    let body = alice(&address("alice", &project));
    let first = post_with(&project.admin, &path, &body, key).await.must(200);
    let changed = with(first.body.clone(), json!({ "active": true }));
    project.update(&project.admin, &changed).await.must(200);
    let second = post_with(&project.admin, &path, &body, key).await.must(200);
    assert_eq!(first.body, second.body);
    let other = alice(&address("bob", &project));
    let mismatch = post_with(&project.admin, &path, &other, key)
        .await
        .must(422);
    assert_eq!(mismatch.body["id"], "business-rule");
    assert_eq!(
        mismatch.issue_text(),
        "Idempotency-Key was already used with a different request body"
    );
    let elsewhere = super::project().await;
    let theirs = post_with(&elsewhere.admin, &elsewhere.path("invite"), &other, key)
        .await
        .must(200);
    assert_ne!(theirs.body["id"], first.body["id"]);
    let second_admin = project.administrator("Second").await;
    post_with(&second_admin, &path, &other, key).await.must(200);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let project = project().await;
    let path = project.path("invite");
    for key in ["", &"k".repeat(256)] {
        let body = alice(&address("alice", &project));
        let answer = post_with(&project.admin, &path, &body, ("idempotency-key", key))
            .await
            .must(400);
        assert_eq!(answer.expression(), "Idempotency-Key");
    }
}
