//! What a person sees of his own sessions, and how they end.

use harness::world::{Client, Request};
use serde_json::{Value, json};

use super::{me, person, refresh, said, sign_in, tokens, wish};
use crate::samples::FORM;
use crate::world::{alice, create, invited, with, world};

async fn bearer(tokens: &Value) -> Client {
    let token = tokens["access_token"].as_str().unwrap();
    world().await.anonymous().bearer(token)
}

async fn introspect(token: &str) -> Value {
    let request = Request::new("POST", "/oauth2/introspect").body(FORM, format!("token={token}"));
    world().await.anonymous().send(request).await.must(200).body
}

#[tokio::test]
async fn who_asks_about_himself_sees_his_user_sessions_and_memberships() {
    let world = world().await;
    let project = world.project("Me").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    let first = tokens(world, &email).await;
    let second = tokens(world, &email).await;
    let seen = me(world, &second).await.must(200).body;
    assert_eq!(seen["user"]["email"], email);
    assert_eq!(seen["user"].as_object().unwrap().len(), 3);
    assert_eq!(seen["config"]["menu"][0]["title"], "Favorites");
    let security = &seen["security"];
    assert_eq!(security["mfaEnrolled"], false);
    let sessions = security["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["authMethod"], "password");
    assert_eq!(sessions[0]["remoteAddress"], "127.0.0.1");
    assert!(sessions[0]["lastUpdated"].is_string() && sessions[0]["browser"].is_string());
    let shown = json!([{
        "resourceType": "ProjectMembership", "id": membership["id"], "profile": membership["profile"],
    }]);
    let mut memberships = security["memberships"].clone();
    memberships[0].as_object_mut().unwrap().remove("admin");
    assert_eq!(memberships, shown);
    let forced = json!({ "forceNewMembership": true });
    let mut more = invited(&project, &with(alice(&email), forced)).await;
    let count = |seen: &Value| seen["security"]["memberships"].as_array().unwrap().len();
    assert_eq!(count(&me(world, &first).await.must(200).body), 2);
    more["active"] = json!(false);
    project.update(&project.admin, &more).await.must(200);
    assert_eq!(count(&me(world, &first).await.must(200).body), 1);
    let application = project.admin.get("/auth/me").await.must(200).body;
    assert_eq!(
        (application.get("user"), application.get("security")),
        (None, None)
    );
}

#[tokio::test]
async fn a_configuration_of_ones_own_replaces_the_usual_one_and_borrows_its_menu() {
    let world = world().await;
    let project = world.project("Menus").await;
    let (email, mut membership) = person(&project, "alice", json!({})).await;
    let menu = json!([{ "title": "Mine", "link": [{ "name": "Patient", "target": "/Patient" }] }]);
    for (own, title) in [(json!({ "menu": menu }), "Mine"), (json!({}), "Favorites")] {
        let configuration = create(
            &project.admin,
            with(
                json!({ "resourceType": "UserConfiguration", "name": "Own" }),
                own,
            ),
        )
        .await;
        let id = configuration["id"].as_str().unwrap();
        membership["userConfiguration"] = json!({ "reference": format!("UserConfiguration/{id}") });
        project.update(&project.admin, &membership).await.must(200);
        let seen = me(world, &tokens(world, &email).await).await.must(200).body;
        assert_eq!(seen["config"]["id"], id);
        assert_eq!(seen["config"]["menu"][0]["title"], title);
    }
}

#[tokio::test]
async fn a_session_that_is_revoked_is_dead_and_nobody_revokes_anothers() {
    let world = world().await;
    let project = world.project("Revoke").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let (other, _) = person(&project, "bob", json!({})).await;
    let (mine, lost) = (tokens(world, &email).await, tokens(world, &email).await);
    let theirs = tokens(world, &other).await;
    let seen = me(world, &lost).await.must(200).body;
    let sessions = seen["security"]["sessions"].as_array().unwrap().clone();
    // The newest comes first, and it is the one that is lost.
    let id = &sessions[0]["id"];
    let body = json!({ "loginId": id });
    bearer(&theirs)
        .await
        .post("/auth/revoke", &body)
        .await
        .must(404);
    let caller = bearer(&mine).await;
    caller.post("/auth/revoke", &body).await.must(200);
    me(world, &lost).await.must(401);
    let answer = refresh(world, lost["refresh_token"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(
        answer.body,
        json!({ "error": "invalid_grant", "error_description": "Token revoked" })
    );
    let left = me(world, &mine).await.must(200).body;
    assert_eq!(left["security"]["sessions"].as_array().unwrap().len(), 1);
    let unknown = json!({ "loginId": "00000000-0000-4000-8000-000000000000" });
    caller.post("/auth/revoke", &unknown).await.must(404);
    said(
        &caller
            .post("/auth/revoke", &json!({ "loginId": "x" }))
            .await,
        400,
        "Login ID is required.",
    );
}

#[tokio::test]
async fn after_signing_out_a_token_is_worth_nothing() {
    let world = world().await;
    let project = world.project("Out").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    let token = tokens["access_token"].as_str().unwrap();
    let worth = introspect(token).await;
    assert_eq!(
        (&worth["active"], &worth["scope"]),
        (&json!(true), &json!("openid offline"))
    );
    assert_eq!(
        worth["exp"].as_i64().unwrap() - worth["iat"].as_i64().unwrap(),
        3600
    );
    let caller = bearer(&tokens).await;
    let out = caller.post("/oauth2/logout", &json!({})).await.must(200);
    assert_eq!(out.body["id"], "ok");
    assert_eq!(introspect(token).await, json!({ "active": false }));
    caller.post("/oauth2/logout", &json!({})).await.must(401);
    caller.get("/oauth2/userinfo").await.must(401);
    refresh(world, tokens["refresh_token"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(introspect("nope").await, json!({ "active": false }));
    assert_eq!(
        introspect(tokens["id_token"].as_str().unwrap()).await,
        json!({ "active": false })
    );
    let request = Request::new("POST", "/oauth2/introspect").body(FORM, String::new());
    let answer = world.anonymous().send(request).await.must(400);
    assert_eq!(
        answer.body["error_description"],
        "Token to introspect must be provided"
    );
}

#[tokio::test]
async fn the_claims_about_a_person_follow_his_scope() {
    let world = world().await;
    let project = world.project("Claims").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    let profile = membership["profile"]["reference"].as_str().unwrap();
    let id = profile.trim_start_matches("Practitioner/");
    for (scope, expected) in [
        ("openid", json!({ "sub": id })),
        (
            "openid email",
            json!({ "sub": id, "email": email, "email_verified": false }),
        ),
        (
            "openid profile",
            json!({ "sub": id, "profile": profile, "name": "Alice Smith", "given_name": "Alice", "family_name": "Smith" }),
        ),
    ] {
        let body = with(wish(&email), json!({ "scope": scope }));
        let answer = sign_in(world, &body).await.must(200);
        let code = answer.body["code"].as_str().unwrap();
        let tokens = super::redeem(world, code).await.must(200).body;
        let mut info = bearer(&tokens)
            .await
            .get("/oauth2/userinfo")
            .await
            .must(200)
            .body;
        info.as_object_mut().unwrap().remove("updated_at");
        assert_eq!(info, expected, "{scope}");
    }
}

#[tokio::test]
async fn an_application_shows_its_welcome_to_those_who_sign_in_through_it() {
    let world = world().await;
    let project = world.project("Info").await;
    let app = project.application("App").await;
    let info = |id: String| async move {
        world
            .anonymous()
            .get(&format!("/auth/clientinfo/{id}"))
            .await
    };
    assert_eq!(info(app.id().to_owned()).await.must(200).body, json!({}));
    for unknown in ["zzz", "00000000-0000-4000-8000-000000000000"] {
        info(unknown.to_owned()).await.must(404);
    }
}
