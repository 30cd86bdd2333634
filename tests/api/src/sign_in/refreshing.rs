//! Refresh tokens: who gets one, and that each is good once.

use serde_json::json;

use super::{me, person, redeem, refresh, sign_in, tokens, wish};
use crate::world::{with, world};

#[tokio::test]
async fn a_session_is_prolonged_by_a_token_that_changes_each_time() {
    let world = world().await;
    let project = world.project("Refresh").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    let mut now = tokens(world, &email).await;
    for _ in 0..3 {
        let next = refresh(world, now["refresh_token"].as_str().unwrap())
            .await
            .must(200)
            .body;
        assert_ne!(next["refresh_token"], now["refresh_token"]);
        assert_eq!(next["profile"], membership["profile"]);
        me(world, &next).await.must(200);
        now = next;
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session_of_everybody_who_has_a_part_of_it() {
    let world = world().await;
    let project = world.project("Replay").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let first = tokens(world, &email).await;
    let old = first["refresh_token"].as_str().unwrap();
    let next = refresh(world, old).await.must(200).body;
    let replayed = refresh(world, old).await.must(400);
    let wanted = json!({ "error": "invalid_request", "error_description": "Invalid token" });
    assert_eq!(replayed.body, wanted);
    me(world, &next).await.must(401);
    let dead = refresh(world, next["refresh_token"].as_str().unwrap())
        .await
        .must(400);
    let wanted = json!({ "error": "invalid_grant", "error_description": "Token revoked" });
    assert_eq!(dead.body, wanted);
}

#[tokio::test]
async fn only_who_asked_for_it_can_prolong_his_session() {
    let world = world().await;
    let project = world.project("Offline").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    for (more, expected) in [
        (json!({ "scope": "openid" }), false),
        (json!({ "scope": "openid offline" }), true),
        (json!({ "scope": "openid offline_access" }), true),
        (json!({ "scope": "openid", "remember": true }), true),
        (json!({ "scope": "openid", "remember": false }), false),
    ] {
        let answer = sign_in(world, &with(wish(&email), more.clone()))
            .await
            .must(200);
        let tokens = redeem(world, answer.body["code"].as_str().unwrap())
            .await
            .must(200)
            .body;
        assert_eq!(tokens.get("refresh_token").is_some(), expected, "{more}");
    }
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_as_recorded() {
    let world = world().await;
    let project = world.project("No refresh").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    for other in [
        "",
        "nope",
        "a.b.c",
        tokens["access_token"].as_str().unwrap(),
        tokens["id_token"].as_str().unwrap(),
    ] {
        let answer = refresh(world, other).await.must(400);
        let wanted =
            json!({ "error": "invalid_request", "error_description": "Invalid refresh token" });
        assert_eq!(answer.body, wanted, "{other}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_membership_and_with_its_password() {
    let world = world().await;
    let project = world.project("Ends").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    let removed = tokens(world, &email).await;
    let path = project.path(&format!("members/{}", membership["id"].as_str().unwrap()));
    project.admin.delete(&path).await.must(200);
    me(world, &removed).await.must(401);
    refresh(world, removed["refresh_token"].as_str().unwrap())
        .await
        .must(400);

    let (email, _) = person(&project, "bob", json!({})).await;
    let replaced = tokens(world, &email).await;
    let body = json!({ "email": email, "password": "another password" });
    world
        .root()
        .post("/admin/super/setpassword", &body)
        .await
        .must(200);
    me(world, &replaced).await.must(401);
    let answer = refresh(world, replaced["refresh_token"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(answer.body["error"], "invalid_grant");
    let body = with(wish(&email), json!({ "password": "another password" }));
    sign_in(world, &body).await.must(200);
}
