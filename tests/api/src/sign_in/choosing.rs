//! Several memberships: the list, the choice, and what cannot be chosen.

use harness::world::Answer;
use serde_json::{Value, json};

use super::{me, person, redeem, said, sign_in, wish};
use crate::world::{alice, invited, with, world};

async fn choose(login: &Value, membership: &Value) -> Answer {
    let body = json!({ "login": login, "profile": membership });
    world().await.anonymous().post("/auth/profile", &body).await
}

async fn narrow(login: &Value, scope: &str) -> Answer {
    let body = json!({ "login": login, "scope": scope });
    world().await.anonymous().post("/auth/scope", &body).await
}

#[tokio::test]
async fn several_memberships_are_a_list_to_choose_from_once() {
    let world = world().await;
    let project = world.project("Chooser").await;
    let (email, first) = person(&project, "alice", json!({})).await;
    let again = json!({ "forceNewMembership": true, "membership": { "identifier": [{ "value": "second" }] } });
    let second = invited(&project, &with(alice(&email), again)).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    assert_eq!(answer.body.get("code"), None);
    let listed = answer.body["memberships"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let entry = listed
        .iter()
        .find(|entry| entry["id"] == second["id"])
        .unwrap();
    assert_eq!(entry["profile"], second["profile"]);
    assert_eq!(entry["identifier"], second["identifier"]);
    assert_eq!(entry["project"]["display"], "Chooser");

    let login = &answer.body["login"];
    let status = world
        .anonymous()
        .get(&format!("/auth/login/{}", login.as_str().unwrap()))
        .await;
    assert_eq!(status.must(200).body, answer.body);
    let unknown = json!("00000000-0000-4000-8000-000000000000");
    said(&choose(login, &unknown).await, 400, "Profile not found");
    said(
        &choose(login, &json!("nope")).await,
        400,
        "Profile not found",
    );
    let (_, other) = person(&project, "bob", json!({})).await;
    said(&choose(login, &other["id"]).await, 400, "Invalid profile");
    let elsewhere = world.project("Elsewhere").await;
    let (_, foreign) = person(&elsewhere, "carol", json!({})).await;
    said(
        &choose(login, &foreign["id"]).await,
        400,
        "Profile not found",
    );

    let chosen = choose(login, &second["id"]).await.must(200);
    said(
        &choose(login, &first["id"]).await,
        400,
        "Login profile already set",
    );
    let tokens = redeem(world, chosen.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(
        me(world, &tokens).await.must(200).body["membership"]["id"],
        second["id"]
    );
    said(&choose(login, &first["id"]).await, 400, "Login granted");
    let status = world
        .anonymous()
        .get(&format!("/auth/login/{}", login.as_str().unwrap()))
        .await;
    said(&status, 400, "Login already granted");
}

#[tokio::test]
async fn a_project_or_a_profile_type_narrows_the_choice() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let (email, first) = person(&one, "alice", json!({})).await;
    // Alice proves her mailbox in no way: what another project grants her does not count yet.
    invited(&two, &alice(&email)).await;
    assert!(sign_in(world, &wish(&email)).await.must(200).body["code"].is_string());
    let body = with(
        wish(&email),
        json!({ "resourceType": "Practitioner", "projectId": one.id }),
    );
    let answer = sign_in(world, &body).await.must(200);
    let tokens = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(tokens["profile"], first["profile"]);
}

#[tokio::test]
async fn what_is_missing_in_a_choice_is_said_as_recorded() {
    let world = world().await;
    let post =
        |path: &'static str, body: Value| async move { world.anonymous().post(path, &body).await };
    let id = "00000000-0000-4000-8000-000000000000";
    for (path, body, status, text) in [
        (
            "/auth/profile",
            json!({ "profile": id }),
            400,
            "Missing login",
        ),
        (
            "/auth/profile",
            json!({ "login": id }),
            400,
            "Missing profile",
        ),
        (
            "/auth/profile",
            json!({ "login": id, "profile": id }),
            404,
            "Not found",
        ),
        (
            "/auth/profile",
            json!({ "login": "x", "profile": id }),
            404,
            "Not found",
        ),
        (
            "/auth/scope",
            json!({ "scope": "openid" }),
            400,
            "Missing login",
        ),
        ("/auth/scope", json!({ "login": id }), 400, "Missing scope"),
        (
            "/auth/scope",
            json!({ "login": id, "scope": "openid" }),
            404,
            "Not found",
        ),
    ] {
        said(&post(path, body).await, status, text);
    }
    said(
        &world.anonymous().get("/auth/login/nope").await,
        400,
        "Login ID is required",
    );
    world
        .anonymous()
        .get(&format!("/auth/login/{id}"))
        .await
        .must(404);
    world.anonymous().get("/auth/login").await.must(405);
}

#[tokio::test]
async fn a_scope_can_be_narrowed_and_never_widened() {
    let world = world().await;
    let project = world.project("Scopes").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let asked = json!({ "scope": "openid patient/*.rs" });
    let answer = sign_in(world, &with(wish(&email), asked)).await.must(200);
    let login = &answer.body["login"];
    for wider in ["openid offline", "patient/*.cruds", "user/*.rs"] {
        said(&narrow(login, wider).await, 400, "Invalid scope");
    }
    let narrowed = narrow(login, "openid patient/Observation.r")
        .await
        .must(200);
    let old = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(old.body["error_description"], "Invalid code");
    let tokens = redeem(world, narrowed.body["code"].as_str().unwrap())
        .await
        .must(200);
    assert_eq!(tokens.body["scope"], "openid patient/Observation.r");
    assert_eq!(tokens.body.get("refresh_token"), None);
    said(&narrow(login, "openid").await, 400, "Login granted");
}
