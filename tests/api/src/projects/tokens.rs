//! `client_credentials`, as recorded, and tokens that count for nothing.

use harness::world::{Answer, Project, Request};
use serde_json::{Value, json};

use crate::samples::FORM;
use crate::world::{create, world};

async fn ask(form: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::new("POST", "/oauth2/token").body(FORM, form.to_owned());
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    world().await.anonymous().send(request).await
}

/// A new application's id and secret.
async fn application(project: &Project) -> (String, String) {
    let made = project
        .admin
        .post(&project.path("client"), &json!({ "name": "App" }))
        .await
        .must(201);
    (
        made.id().to_owned(),
        made.body["secret"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_token_is_given_for_id_and_secret() {
    let project = world().await.project("Tokens").await;
    let (id, secret) = application(&project).await;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let answer = ask(&form, None).await.must(200);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 3600);
    assert_eq!(
        answer.body["project"],
        json!({ "reference": format!("Project/{}", project.id), "display": "Tokens" })
    );
    assert_eq!(
        answer.body["profile"]["reference"],
        format!("ClientApplication/{id}")
    );
    assert_eq!(answer.body.get("refresh_token"), None);
    let token = answer.body["access_token"].as_str().unwrap();
    world()
        .await
        .anonymous()
        .bearer(token)
        .get("/auth/me")
        .await
        .must(200);
    for other in ["id_token", "refresh_token"] {
        let other = answer.body[other].as_str().unwrap_or("none");
        world()
            .await
            .anonymous()
            .bearer(other)
            .get("/auth/me")
            .await
            .must(401);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_as_recorded() {
    let project = world().await.project("Tokens").await;
    let (id, _) = application(&project).await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let cases = [
        (
            format!("grant_type=client_credentials&client_id={id}&client_secret=bad"),
            "Invalid secret",
        ),
        (
            format!("grant_type=client_credentials&client_id={id}"),
            "Missing client_secret",
        ),
        (
            "grant_type=client_credentials&client_secret=x".to_owned(),
            "Missing client_id",
        ),
        (
            format!("grant_type=client_credentials&client_id={nobody}&client_secret=x"),
            "Invalid client",
        ),
        (
            "grant_type=client_credentials&client_id=nope&client_secret=x".to_owned(),
            "Invalid client",
        ),
        ("client_id=x".to_owned(), "Missing grant_type"),
        ("grant_type=xyz".to_owned(), "Unsupported grant_type"),
    ];
    for (form, text) in cases {
        let answer = ask(&form, None).await.must(400);
        assert_eq!(
            answer.body,
            json!({ "error": "invalid_request", "error_description": text }),
            "{form}"
        );
    }
}

#[tokio::test]
async fn an_authorization_header_that_names_nobody_is_refused_as_recorded() {
    let cases = [
        ("Basic !!!", "Missing client_id"),
        ("Basic bm8tY29sb24=", "Missing client_id"),
        ("Basic OnNlY3JldA==", "Missing client_id"),
        ("Basic aWQ6", "Missing client_secret"),
        ("Bearer x", "Invalid authorization header"),
    ];
    for (header, text) in cases {
        let answer = ask("grant_type=client_credentials", Some(header))
            .await
            .must(400);
        assert_eq!(answer.body["error_description"], text, "{header}");
    }
}

#[tokio::test]
async fn a_removed_application_is_no_client_any_more() {
    let project = world().await.project("Tokens").await;
    let (id, secret) = application(&project).await;
    let membership = project.membership(&format!("ClientApplication/{id}")).await;
    let path = project.path(&format!("members/{}", membership["id"].as_str().unwrap()));
    project.admin.delete(&path).await.must(200);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let answer = ask(&form, None).await.must(400);
    assert_eq!(answer.body["error_description"], "Invalid client");
}

#[tokio::test]
async fn the_published_key_is_the_one_that_signs_and_is_public() {
    let project = world().await.project("Tokens").await;
    let (id, secret) = application(&project).await;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let token = ask(&form, None).await.must(200).body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(token.split('.').count(), 3);
    let keys = world()
        .await
        .anonymous()
        .get("/.well-known/jwks.json")
        .await
        .must(200)
        .body;
    let key = &keys["keys"][0];
    assert_eq!(
        (
            key["kty"].as_str(),
            key["alg"].as_str(),
            key["use"].as_str()
        ),
        (Some("EC"), Some("ES256"), Some("sig"))
    );
    assert_eq!(key.get("d"), None);
}

#[tokio::test]
async fn an_application_made_by_hand_is_no_way_in() {
    let project = world().await.project("Tokens").await;
    let made = create(
        &project.admin,
        json!({ "resourceType": "ClientApplication", "name": "By hand", "secret": "s3cret" }),
    )
    .await;
    let by_hand = world()
        .await
        .anonymous()
        .basic(made["id"].as_str().unwrap(), "s3cret");
    let answer: Value = by_hand.get("/auth/me").await.must(401).body;
    assert_eq!(answer["issue"][0]["details"]["text"], "Unauthorized");
}
