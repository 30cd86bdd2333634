//! Sessions that the authorization endpoint knows again.

use serde_json::json;

use super::{Scene, sent};
use crate::sign_in::{me, sign_in, wish};
use crate::world::with;

const SILENTLY: [(&str, &str); 1] = [("prompt", "none")];

#[tokio::test]
async fn a_browser_keeps_a_cookie_that_no_script_and_no_other_endpoint_gets() {
    let scene = Scene::set("Cookie").await;
    let body = with(wish(&scene.email), json!({ "clientId": scene.app }));
    let answer = sign_in(scene.world, &body).await.must(200);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with(&format!("medplum-{}=", scene.app)),
        "{cookie}"
    );
    for attribute in [
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/oauth2/",
        "; Max-Age=3600",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let without = sign_in(scene.world, &wish(&scene.email)).await.must(200);
    assert_eq!(without.header("set-cookie"), "");
    // It is no access token, and no other token is a cookie.
    let (_, rest) = cookie.split_once('=').unwrap();
    let (token, _) = rest.split_once(';').unwrap();
    let bearer = scene.world.anonymous().bearer(token);
    bearer.get("/auth/me").await.must(401);
    let tokens = scene.tokens().await;
    for kind in ["access_token", "refresh_token", "id_token"] {
        let forged = format!("medplum-{}={}", scene.app, tokens[kind].as_str().unwrap());
        let answer = scene.ask(&SILENTLY, Some(&forged)).await.must(302);
        assert_eq!(
            sent(&answer, "error").as_deref(),
            Some("login_required"),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn who_signed_in_lately_gets_a_code_without_a_password_and_its_tokens_are_his_own() {
    let scene = Scene::set("Again").await;
    let (cookie, _) = scene.signed_in().await;
    let more = [
        ("prompt", "none"),
        ("scope", "openid email"),
        ("nonce", "n-1"),
    ];
    let answer = scene.ask(&more, Some(&cookie)).await.must(302);
    assert!(
        answer
            .header("location")
            .starts_with("https://app.example.com/back?keep=1&")
    );
    assert_eq!(sent(&answer, "state").as_deref(), Some("a state & more"));
    let code = sent(&answer, "code").unwrap();
    let tokens = scene.redeem(&code).await.must(200).body;
    assert_eq!(tokens["scope"], "openid email");
    let seen = me(scene.world, &tokens).await.must(200).body;
    assert_eq!(seen["user"]["email"], scene.email);
    // Once.
    let again = scene.redeem(&code).await.must(400);
    assert_eq!(again.body["error_description"], "Token already granted");
}

#[tokio::test]
async fn without_prompt_none_the_person_is_asked_to_consent() {
    let scene = Scene::set("Consent").await;
    let (cookie, _) = scene.signed_in().await;
    let answer = scene.ask(&[("scope", "openid email")], Some(&cookie)).await;
    let answer = answer.must(302);
    assert!(
        answer
            .header("location")
            .starts_with("http://localhost:3000/oauth?")
    );
    let login = sent(&answer, "login").unwrap();
    let narrower = json!({ "login": login, "scope": "openid" });
    let anonymous = scene.world.anonymous();
    let chosen = anonymous.post("/auth/scope", &narrower).await.must(200);
    let code = chosen.body["code"].as_str().unwrap();
    assert_eq!(scene.redeem(code).await.must(200).body["scope"], "openid");
}

#[tokio::test]
async fn a_session_that_is_too_old_ended_or_not_wanted_starts_over() {
    let scene = Scene::set("Over").await;
    let (cookie, answer) = scene.signed_in().await;
    for more in [
        [("max_age", "0"), ("prompt", "none")],
        [("prompt", "login"), ("nonce", "n")],
    ] {
        let answer = scene.ask(&more, Some(&cookie)).await.must(302);
        assert_eq!(
            (sent(&answer, "code"), sent(&answer, "login")),
            (None, None)
        );
    }
    let code = answer.body["code"].as_str().unwrap();
    let tokens = scene.redeem(code).await.must(200).body;
    let out = scene
        .bearer(&tokens)
        .post("/oauth2/logout", &json!({}))
        .await
        .must(200);
    let forgotten = out.header("set-cookie");
    assert!(
        forgotten.starts_with(&format!("medplum-{}=;", scene.app)),
        "{forgotten}"
    );
    assert!(forgotten.contains("Max-Age=0"), "{forgotten}");
    let answer = scene.ask(&SILENTLY, Some(&cookie)).await.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
    let asked = scene.ask(&[], Some(&cookie)).await.must(302);
    assert_eq!(sent(&asked, "login"), None);
}

#[tokio::test]
async fn who_signs_out_of_a_continued_session_is_signed_out_of_the_one_behind_it() {
    let scene = Scene::set("Behind").await;
    let (cookie, _) = scene.signed_in().await;
    let answer = scene.ask(&SILENTLY, Some(&cookie)).await.must(302);
    let code = sent(&answer, "code").unwrap();
    let tokens = scene.redeem(&code).await.must(200).body;
    scene
        .bearer(&tokens)
        .post("/oauth2/logout", &json!({}))
        .await
        .must(200);
    let answer = scene.ask(&SILENTLY, Some(&cookie)).await.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn a_new_password_or_a_lost_membership_ends_what_a_browser_keeps() {
    let scene = Scene::set("Lost").await;
    let (cookie, _) = scene.signed_in().await;
    let members = scene
        .project
        .admin
        .get("/fhir/R4/ProjectMembership?profile-type=Practitioner");
    let mut members = members.await.must(200);
    let mut membership = members.body["entry"][0]["resource"].take();
    membership["active"] = json!(false);
    scene
        .project
        .update(&scene.project.admin, &membership)
        .await
        .must(200);
    let answer = scene.ask(&SILENTLY, Some(&cookie)).await.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn an_id_token_of_the_same_application_stands_for_the_cookie_and_for_nobody_else() {
    let scene = Scene::set("Hint").await;
    let tokens = scene.tokens().await;
    let hint = tokens["id_token"].as_str().unwrap();
    let more = [("prompt", "none"), ("id_token_hint", hint)];
    let answer = scene.ask(&more, None).await.must(302);
    scene
        .redeem(&sent(&answer, "code").unwrap())
        .await
        .must(200);
    let other = Scene::set("Other hint").await;
    let (cookie, _) = other.signed_in().await;
    // Not through another application; and not beside the cookie of somebody else.
    let answer = other.ask(&more, None).await.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
    let access = tokens["access_token"].as_str().unwrap();
    let wrong = [("prompt", "none"), ("id_token_hint", access)];
    let answer = scene.ask(&wrong, None).await.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
    let mine = other.ask(&SILENTLY, Some(&cookie)).await.must(302);
    assert!(sent(&mine, "code").is_some());
}
