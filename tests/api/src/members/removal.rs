//! What removal ends, and what it leaves.

use harness::world::{Answer, Client};
use serde_json::{Value, json};

use super::{member, path};
use crate::world::{address, alice, invited, with, world};

fn must_be_gone(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.body["id"].as_str()),
        (410, Some("gone")),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["issue"][0]["code"], "deleted");
    assert_eq!(answer.issue_text(), "Gone");
}

#[tokio::test]
async fn a_removed_member_is_gone_and_user_and_profile_stay() {
    let (project, member) = member().await;
    let path = path(&project, &member);
    let removed = project.admin.delete(&path).await.must(200);
    assert_eq!(
        (removed.body["id"].as_str(), removed.issue_text()),
        (Some("ok"), "All OK")
    );
    must_be_gone(&project.admin.get(&path).await);
    must_be_gone(&project.admin.delete(&path).await);
    must_be_gone(&project.admin.post(&path, &member).await);
    let profile = member["profile"]["reference"].as_str().unwrap();
    project
        .admin
        .get(&format!("/fhir/R4/{profile}"))
        .await
        .must(200);
    let user = member["user"]["reference"].as_str().unwrap();
    world()
        .await
        .root()
        .get(&format!("/fhir/R4/{user}"))
        .await
        .must(200);
    let past = format!(
        "P#{}#H#ProjectMembership#{}",
        project.id,
        member["id"].as_str().unwrap()
    );
    let rows = world().await.rows(&past).await;
    let kept: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["SK"]["S"].as_str())
        .collect();
    let version = format!("V#{}", member["meta"]["versionId"].as_str().unwrap());
    assert_eq!(kept, ["GONE", &version]);
}

#[tokio::test]
async fn a_removed_member_may_be_invited_again_with_the_same_names() {
    let project = world().await.project("Again").await;
    let body = with(
        alice(&address("alice", &project)),
        json!({ "scope": "server", "externalId": "again-1", "membership": { "userName": "again" } }),
    );
    let first = invited(&project, &body).await;
    project
        .admin
        .delete(&path(&project, &first))
        .await
        .must(200);
    let second = invited(&project, &body).await;
    assert_ne!(first["id"], second["id"]);
    for same in ["user", "profile", "externalId", "userName"] {
        assert_eq!(first[same], second[same], "{same}");
    }
}

#[tokio::test]
async fn one_of_several_memberships_of_a_user_may_go() {
    let (project, first) = member().await;
    let again = with(
        alice(&address("alice", &project)),
        json!({ "forceNewMembership": true }),
    );
    let second = invited(&project, &again).await;
    project
        .admin
        .delete(&path(&project, &first))
        .await
        .must(200);
    project.admin.get(&path(&project, &second)).await.must(200);
    let plain = alice(&address("alice", &project));
    project.invite(&project.admin, &plain).await.must(409);
    project
        .admin
        .delete(&path(&project, &second))
        .await
        .must(200);
    project.invite(&project.admin, &plain).await.must(200);
}

/// Whether the caller, by secret and by token, still gets in.
async fn status_of(callers: &[&Client]) -> Vec<u16> {
    let mut all = Vec::new();
    for caller in callers {
        all.push(caller.get("/auth/me").await.status);
    }
    all
}

#[tokio::test]
async fn the_next_call_of_who_was_removed_or_deactivated_is_401() {
    for remove in [true, false] {
        let (project, _) = member().await;
        let application = project.application("Short-lived").await;
        let token = application.token().await;
        assert_eq!(status_of(&[&application, &token]).await, [200, 200]);
        let own: Value = project
            .membership(&format!("ClientApplication/{}", application.id()))
            .await;
        if remove {
            project.admin.delete(&path(&project, &own)).await.must(200);
        } else {
            project
                .update(
                    &project.admin,
                    &with(own.clone(), json!({ "active": false })),
                )
                .await
                .must(200);
        }
        assert_eq!(status_of(&[&application, &token]).await, [401, 401]);
        if !remove {
            let own = with(own, json!({ "active": true }));
            project.update(&project.admin, &own).await.must(200);
            assert_eq!(status_of(&[&application]).await, [200]);
        }
    }
}

#[tokio::test]
async fn who_lost_the_right_keeps_the_session_but_not_the_routes() {
    let (project, _) = member().await;
    let second = project.administrator("Second").await;
    let token = second.token().await;
    token.get(&project.path("members/x")).await.must(404);
    let own = project
        .membership(&format!("ClientApplication/{}", second.id()))
        .await;
    project
        .update(&project.admin, &with(own, json!({ "admin": false })))
        .await
        .must(200);
    token.get(&project.path("members/x")).await.must(403);
    assert_eq!(status_of(&[&token]).await, [200]);
}
