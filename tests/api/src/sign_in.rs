//! Sign-in of persons: passwords, the choice of a membership, codes, tokens, and what ends a session.

mod choosing;
mod codes;
mod refreshing;
mod second_factor;
mod sessions;
mod strangers;

use harness::world::{Answer, Project, Request, World};
use serde_json::{Value, json};

use crate::samples::FORM;
use crate::world::{address, alice, invited, with, world};

const PASSWORD: &str = "correct horse 9";
pub(crate) const VERIFIER: &str = "a-verifier-that-only-this-client-knows";

/// Invites Alice Smith with a password, as a new user; answers her address and her membership.
pub(crate) async fn person(project: &Project, name: &str, more: Value) -> (String, Value) {
    let email = address(name, project);
    let body = with(
        alice(&email),
        json!({ "password": PASSWORD, "sendEmail": false }),
    );
    let membership = invited(project, &with(body, more)).await;
    (email, membership)
}

/// What a client sends that will redeem the code itself.
pub(crate) fn wish(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "scope": "openid offline", "codeChallenge": VERIFIER,
        "codeChallengeMethod": "plain",
    })
}

pub(crate) async fn sign_in(world: &World, body: &Value) -> Answer {
    world.anonymous().post("/auth/login", body).await
}

pub(crate) async fn ask_tokens(world: &World, form: &[(&str, &str)]) -> Answer {
    let request = Request::new("POST", "/oauth2/token").body(FORM, encoded(form));
    world.anonymous().send(request).await
}

pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    body.finish()
}

pub(crate) async fn redeem(world: &World, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("client_id", ""),
    ];
    ask_tokens(world, &form).await
}

pub(crate) async fn refresh(world: &World, token: &str) -> Answer {
    ask_tokens(
        world,
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
    .await
}

/// The token response of somebody who signs in.
pub(crate) async fn tokens(world: &World, email: &str) -> Value {
    let answer = sign_in(world, &wish(email)).await.must(200);
    redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body
}

pub(crate) async fn me(world: &World, tokens: &Value) -> Answer {
    let token = tokens["access_token"].as_str().unwrap();
    world.anonymous().bearer(token).get("/auth/me").await
}

fn said(answer: &Answer, status: u16, text: &str) {
    assert_eq!(
        (answer.status, answer.issue_text()),
        (status, text),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn who_knows_the_password_of_one_membership_gets_a_code_and_with_it_tokens() {
    let world = world().await;
    let project = world.project("Sign in").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    let tokens = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(
        (&tokens["expires_in"], &tokens["scope"]),
        (&json!(3600), &json!("openid offline"))
    );
    assert_eq!(tokens["profile"], membership["profile"]);
    let own = json!({ "reference": format!("Project/{}", project.id), "display": "Sign in" });
    assert_eq!(tokens["project"], own);
    assert_eq!(tokens["need_patient_banner"], false);
    let style = format!("{}/fhir/R4/.well-known/smart-styles.json", world.api());
    assert_eq!(tokens["smart_style_url"], style);
    let seen = me(world, &tokens).await.must(200).body;
    assert_eq!(seen["membership"]["id"], membership["id"]);
    for other in ["id_token", "refresh_token"] {
        let bearer = world.anonymous().bearer(tokens[other].as_str().unwrap());
        bearer.get("/auth/me").await.must(401);
    }
}

#[tokio::test]
async fn the_first_administrator_signs_in_and_gets_nothing_that_prolongs_his_session() {
    let world = world().await;
    let body = with(
        wish("admin@example.com"),
        json!({ "password": "roster_admin", "remember": true }),
    );
    let answer = sign_in(world, &body).await.must(200);
    let tokens = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(tokens.get("refresh_token"), None);
    let seen = me(world, &tokens).await.must(200).body;
    assert_eq!(seen["project"]["superAdmin"], true);
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_in_is_said_as_recorded() {
    let world = world().await;
    let project = world.project("Refused").await;
    let other = world.project("Elsewhere").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let nobody = address("nobody", &project);
    let app = project.application("App").await;
    let cases = [
        (json!({ "email": nobody }), 400, "User not found"),
        (
            json!({ "password": "wrong password" }),
            400,
            "Email or password is invalid",
        ),
        (json!({ "projectId": other.id }), 400, "User not found"),
        (json!({ "projectId": "nope" }), 400, "User not found"),
        (json!({ "resourceType": "Patient" }), 400, "User not found"),
        (json!({ "clientId": "nope" }), 404, "Not found"),
        (
            json!({ "clientId": "00000000-0000-4000-8000-000000000000" }),
            404,
            "Not found",
        ),
        (
            json!({ "clientId": app.id(), "projectId": other.id }),
            400,
            "Invalid projectId",
        ),
        (
            json!({ "email": "nope" }),
            400,
            "Valid email address is required",
        ),
        (
            json!({ "password": "x" }),
            400,
            "Invalid password, must be at least 5 characters",
        ),
        (
            json!({ "codeChallengeMethod": null }),
            400,
            "Invalid code challenge method",
        ),
        (
            json!({ "codeChallengeMethod": "S512" }),
            400,
            "Invalid code challenge method",
        ),
        (
            json!({ "codeChallenge": "" }),
            400,
            "Invalid code challenge",
        ),
    ];
    for (more, status, text) in cases {
        let body = with(wish(&email), more);
        said(&sign_in(world, &body).await, status, text);
    }
    let empty = sign_in(world, &json!({})).await.must(400);
    assert_eq!(empty.body["issue"].as_array().unwrap().len(), 2);
    assert_eq!(empty.body["issue"][1]["expression"][0], "password");
}

#[tokio::test]
async fn an_address_is_the_same_in_capitals_and_projects_keep_accounts_of_their_own() {
    let world = world().await;
    let project = world.project("Accounts").await;
    let (email, membership) = person(&project, "alice", json!({ "resourceType": "Patient" })).await;
    said(&sign_in(world, &wish(&email)).await, 400, "User not found");
    let here = json!({ "projectId": project.id, "email": email.to_uppercase() });
    let answer = sign_in(world, &with(wish(&email), here)).await.must(200);
    let tokens = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(tokens["profile"], membership["profile"]);
    let id = membership["profile"]["reference"].as_str().unwrap();
    assert_eq!(tokens["patient"], id.trim_start_matches("Patient/"));
}

#[tokio::test]
async fn a_sign_in_to_register_a_project_has_a_login_and_no_code() {
    let world = world().await;
    let project = world.project("New").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let body = with(wish(&email), json!({ "projectId": "new" }));
    let answer = sign_in(world, &body).await.must(200);
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
    let login = answer.body["login"].as_str().unwrap();
    let status = world
        .anonymous()
        .get(&format!("/auth/login/{login}"))
        .await
        .must(200);
    assert_eq!(status.body, answer.body);
}

#[tokio::test]
async fn how_an_address_signs_in_is_told_without_telling_whether_it_is_known() {
    let world = world().await;
    let ask = |email: &str| {
        let body = json!({ "email": email });
        async move { world.anonymous().post("/auth/method", &body).await }
    };
    assert_eq!(ask("admin@example.com").await.must(200).body, json!({}));
    assert_eq!(ask("nobody@example.com").await.must(200).body, json!({}));
    let answer = ask("nope").await;
    said(&answer, 400, "Valid email address is required");
    assert_eq!(answer.expression(), "email");
}

#[tokio::test]
async fn a_membership_that_is_switched_off_is_no_way_in_and_its_tokens_die() {
    let world = world().await;
    let project = world.project("Off").await;
    let (email, mut membership) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    membership["active"] = json!(false);
    project.update(&project.admin, &membership).await.must(200);
    said(
        &sign_in(world, &wish(&email)).await,
        400,
        "Profile not active",
    );
    me(world, &tokens).await.must(401);
    let answer = refresh(world, tokens["refresh_token"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(answer.body["error"], "invalid_grant");
}
