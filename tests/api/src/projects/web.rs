//! Discovery, browsers and the small print of HTTP.

use harness::world::{Answer, Request};
use serde_json::{Value, json};

use crate::world::world;

const APP: &str = "http://localhost:3000";

async fn from(origin: &str, method: &str, path: &str) -> Answer {
    let request = Request::new(method, path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,x-medplum,content-type",
        );
    world().await.anonymous().send(request).await
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let anonymous = world().await.anonymous();
    assert_eq!(anonymous.get("/").await.must(200).text, "OK");
    assert_eq!(
        anonymous.get("/healthcheck").await.must(200).body["ok"],
        true
    );
    assert!(
        anonymous
            .get("/robots.txt")
            .await
            .must(200)
            .text
            .contains("Disallow: /")
    );
    let base = format!("{}/", world().await.api());
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let said = anonymous.get(path).await.must(200).body;
        assert_eq!(said["issuer"], base);
        assert_eq!(said["token_endpoint"], format!("{base}oauth2/token"));
        assert_eq!(said["jwks_uri"], format!("{base}.well-known/jwks.json"));
    }
}

#[tokio::test]
async fn the_prefix_api_and_a_slash_at_the_end_change_nothing() {
    let project = world().await.project("Prefix").await;
    let plain = project.admin.get("/auth/me").await.must(200).body;
    for path in ["/api/auth/me", "/auth/me/", "/api/auth/me/"] {
        assert_eq!(
            project.admin.get(path).await.must(200).body,
            plain,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_web_apps_pages_may_call_and_others_may_not() {
    for path in [
        "/auth/me",
        "/fhir/R4/ProjectMembership",
        "/oauth2/token",
        "/admin/projects/x/invite",
        "/.well-known/jwks.json",
    ] {
        let answer = from(APP, "OPTIONS", path).await.must(204);
        assert_eq!(answer.header("access-control-allow-origin"), APP, "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization,x-medplum,content-type"
        );
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(
                answer
                    .header("access-control-allow-methods")
                    .contains(method),
                "{method}"
            );
        }
        let stranger = from("https://evil.example.com", "OPTIONS", path).await;
        assert_eq!(stranger.header("access-control-allow-origin"), "", "{path}");
    }
    let refused = from(APP, "GET", "/auth/me").await.must(401);
    assert_eq!(refused.header("access-control-allow-origin"), APP);
    for exposed in ["Content-Location", "ETag", "Last-Modified", "Location"] {
        assert!(
            refused
                .header("access-control-expose-headers")
                .contains(exposed),
            "{exposed}"
        );
    }
    assert!(refused.header("vary").contains("Origin"));
    let root = from(APP, "GET", "/").await.must(200);
    assert_eq!(root.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_minimal_answer_has_headers_and_no_body() {
    let project = world().await.project("Minimal").await;
    let request = Request::new("POST", "/fhir/R4/Patient")
        .json(&json!({ "resourceType": "Patient" }))
        .header("prefer", "return=minimal");
    let answer = project.admin.send(request).await.must(201);
    assert_eq!(answer.text, "");
    assert!(
        answer.header("location").contains("/fhir/R4/Patient/")
            && !answer.header("etag").is_empty()
    );
    let refused = Request::new("GET", "/fhir/R4/Patient/x").header("prefer", "return=minimal");
    assert_eq!(
        project.admin.send(refused).await.must(404).issue_text(),
        "Not found"
    );
}

#[tokio::test]
async fn pretty_answers_are_indented_and_mean_the_same() {
    let project = world().await.project("Pretty").await;
    let plain = project.admin.get("/auth/me").await.must(200);
    let pretty = project.admin.get("/auth/me?_pretty=true").await.must(200);
    assert_eq!(plain.body, pretty.body);
    assert!(pretty.text.contains("\n  \"") && !plain.text.contains('\n'));
}

#[tokio::test]
async fn no_answer_may_be_kept_by_a_cache() {
    let project = world().await.project("Cache").await;
    let answers = [
        project.admin.get("/auth/me").await,
        project.admin.get("/nope").await,
        world().await.anonymous().get("/auth/me").await,
    ];
    for answer in answers {
        assert_eq!(
            answer.header("cache-control"),
            "no-store, no-cache, must-revalidate"
        );
        let tracing: &Value = &answer.body["extension"][0]["url"];
        assert!(
            answer.status == 200
                || tracing == "https://medplum.com/fhir/StructureDefinition/tracing"
        );
    }
}
