//! Medplum's command line is known to every installation by its name.

use serde_json::json;

use super::sent;
use crate::sign_in::{ask_tokens, encoded, me, person, sign_in, wish};
use crate::world::{with, world};

#[tokio::test]
async fn the_command_line_signs_a_person_in_by_browser_without_being_registered() {
    let world = world().await;
    let project = world.project("Command line").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let asked = encoded(&[
        ("client_id", "medplum-cli"),
        ("redirect_uri", "http://localhost:9615"),
        ("scope", "openid"),
        ("response_type", "code"),
        ("prompt", "login"),
    ]);
    let page = world
        .anonymous()
        .get(&format!("/oauth2/authorize?{asked}"))
        .await;
    let page = page.must(302);
    assert_eq!(sent(&page, "client_id").as_deref(), Some("medplum-cli"));
    // What the page does then, and the program with the code.
    let mut body = with(wish(&email), json!({ "clientId": "medplum-cli" }));
    for proof in ["codeChallenge", "codeChallengeMethod"] {
        body.as_object_mut().unwrap().remove(proof);
    }
    let answer = sign_in(world, &body).await.must(200);
    assert_eq!(answer.header("set-cookie"), "");
    let code = answer.body["code"].as_str().unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", "medplum-cli"),
        ("redirect_uri", "http://localhost:9615"),
        ("code_verifier", ""),
    ];
    let tokens = ask_tokens(world, &form).await.must(200).body;
    me(world, &tokens).await.must(200);
    let prolonged = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", "medplum-cli"),
    ];
    ask_tokens(world, &prolonged).await.must(200);
    // Whoever listens there gets no code without a password.
    let silently = encoded(&[
        ("client_id", "medplum-cli"),
        ("redirect_uri", "http://localhost:9615"),
        ("scope", "openid"),
        ("response_type", "code"),
        ("prompt", "none"),
        ("id_token_hint", tokens["id_token"].as_str().unwrap()),
    ]);
    let silently = format!("/oauth2/authorize?{silently}");
    let refused = world.anonymous().get(&silently).await.must(302);
    assert_eq!(sent(&refused, "error").as_deref(), Some("login_required"));
    let info = world.anonymous().get("/auth/clientinfo/medplum-cli").await;
    assert_eq!(info.must(200).body, json!({}));
}

#[tokio::test]
async fn its_codes_go_to_its_own_address_and_it_has_no_secret() {
    let world = world().await;
    for elsewhere in [
        "http://localhost:9616",
        "http://localhost:9615/x",
        "http://localhost:9615@evil.test",
    ] {
        let asked = encoded(&[
            ("client_id", "medplum-cli"),
            ("redirect_uri", elsewhere),
            ("scope", "openid"),
            ("response_type", "code"),
        ]);
        let answer = world
            .anonymous()
            .get(&format!("/oauth2/authorize?{asked}"))
            .await;
        assert_eq!(answer.must(400).text, "Invalid redirect URI");
    }
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "medplum-cli"),
        ("client_secret", "x"),
    ];
    let answer = ask_tokens(world, &form).await.must(400);
    assert_eq!(answer.body["error_description"], "Invalid client");
    let basic = world.anonymous().basic("medplum-cli", "x");
    basic.get("/auth/me").await.must(401);
}

#[tokio::test]
async fn who_registers_with_its_address_is_told_its_name_and_nobody_else_is_registered() {
    let anonymous = world().await.anonymous();
    let register = |addresses: serde_json::Value| {
        let anonymous = anonymous.clone();
        async move {
            let body = json!({ "redirect_uris": addresses });
            anonymous.post("/oauth2/register", &body).await
        }
    };
    let made = register(json!(["http://localhost:9615"])).await.must(201);
    assert_eq!(made.body["client_id"], "medplum-cli");
    assert!(made.body["client_id_issued_at"].is_i64());
    assert_eq!(made.body.get("client_secret"), None);
    for (addresses, text) in [
        (json!([]), "Redirect URI is required"),
        (json!("http://localhost:9615"), "Redirect URI is required"),
        (json!(["https://evil.test/"]), "Invalid redirect URI"),
        (
            json!(["http://localhost:9615", "https://evil.test/"]),
            "Invalid redirect URI",
        ),
    ] {
        let refused = register(addresses).await.must(400);
        let wanted = json!({ "error": "invalid_request", "error_description": text });
        assert_eq!(refused.body, wanted);
    }
}
