//! Projects, applications, resources, and what the server says about itself.

mod owner;
mod resources;
mod start;
mod switches;
mod tokens;
mod web;

use harness::world::{Client, Project};
use serde_json::{Value, json};

use crate::world::world;

const PROJECT: &str = "/fhir/R4/Project";

async fn post(body: Value) -> harness::world::Answer {
    world().await.root().post(PROJECT, &body).await
}

#[tokio::test]
async fn a_super_admin_creates_a_bare_project() {
    let body = json!({ "resourceType": "Project", "name": "Bare", "description": "x", "strictMode": true });
    let made = post(body).await.must(201);
    let base = world().await.api();
    assert_eq!(
        made.header("location"),
        format!("{base}/fhir/R4/Project/{}", made.id())
    );
    assert_eq!(
        made.header("etag"),
        format!("W/\"{}\"", made.body["meta"]["versionId"].as_str().unwrap())
    );
    assert_eq!(
        (made.body["name"].as_str(), made.body.get("owner")),
        (Some("Bare"), None)
    );
    let list = format!("/fhir/R4/ProjectMembership?project=Project/{}", made.id());
    assert_eq!(
        world()
            .await
            .root()
            .get(&list)
            .await
            .must(200)
            .body
            .get("entry"),
        None
    );
}

#[tokio::test]
async fn a_project_that_does_not_fit_its_definition_is_refused_in_the_recorded_words() {
    let cases = [
        (
            json!({ "resourceType": "Project", "name": "X", "bogus": 1 }),
            "Invalid additional property \"bogus\"",
            "Project.bogus",
        ),
        (
            json!({ "resourceType": "Patient", "name": "X" }),
            "Incorrect resource type: expected Project, but found Patient",
            "",
        ),
        (
            json!({ "name": "X" }),
            "Incorrect resource type: expected Project, but found <EMPTY>",
            "",
        ),
        (
            json!({ "resourceType": "Project", "name": "X", "owner": { "reference": "User/00000000-0000-4000-8000-000000000000" } }),
            "Invalid reference (Not found)",
            "Project.owner",
        ),
    ];
    for (body, text, expression) in cases {
        let answer = post(body).await.must(400);
        assert_eq!(
            (answer.issue_text(), answer.expression()),
            (text, expression)
        );
    }
}

#[tokio::test]
async fn a_key_makes_one_project() {
    let body = json!({ "resourceType": "Project", "name": "Once" });
    let root = world().await.root();
    let key = format!("p-{}", world().await.project("Key").await.id);
    let send = async |body: &Value| {
        crate::world::post_with(root, PROJECT, body, ("idempotency-key", &key)).await
    };
    let (one, two) = (send(&body).await.must(201), send(&body).await.must(201));
    assert_eq!(one.body, two.body);
    send(&json!({ "resourceType": "Project", "name": "Other" }))
        .await
        .must(422);
}

#[tokio::test]
async fn an_application_gets_a_secret_with_which_it_is_a_member() {
    let project = world().await.project("Apps").await;
    let body =
        json!({ "name": "App", "description": "d", "redirectUri": "https://example.com/cb" });
    let made = project
        .admin
        .post(&project.path("client"), &body)
        .await
        .must(201);
    let secret = made.body["secret"].as_str().unwrap();
    assert!(
        secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{secret}"
    );
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&made.body[field], value, "{field}");
    }
    let application = world().await.anonymous().basic(made.id(), secret);
    application.get("/auth/me").await.must(200);
    application.get(&project.path("members/x")).await.must(403);
    let membership = project
        .membership(&format!("ClientApplication/{}", made.id()))
        .await;
    assert_eq!(membership["user"], membership["profile"]);
    let read = project
        .admin
        .get(&format!("/fhir/R4/ClientApplication/{}", made.id()))
        .await;
    assert_eq!(read.must(200).body["name"], "App");
}

#[tokio::test]
async fn an_application_needs_a_name() {
    let project = world().await.project("Nameless").await;
    for body in [json!({}), json!({ "name": "" }), json!({ "name": null })] {
        let answer = project
            .admin
            .post(&project.path("client"), &body)
            .await
            .must(400);
        assert_eq!(
            (answer.issue_text(), answer.expression()),
            ("Client name is required", "name")
        );
    }
}

async fn me(caller: &Client) -> Value {
    caller.get("/auth/me").await.must(200).body
}

#[tokio::test]
async fn an_application_learns_who_it_is() {
    let project: Project = world().await.project("Mirror").await;
    let answer = me(&project.admin).await;
    assert_eq!(answer["project"]["id"], project.id);
    assert_eq!(answer["project"]["name"], "Mirror");
    assert_eq!(answer["membership"]["admin"], true);
    assert_eq!(answer["profile"]["id"], project.admin.id());
    assert_eq!(answer["profile"]["resourceType"], "ClientApplication");
    assert_eq!(answer["accessPolicy"]["resourceType"], "AccessPolicy");
    assert_eq!(answer.get("user"), None);
    let titles = |me: &Value| -> Vec<String> {
        let menu = me["config"]["menu"].as_array().unwrap().iter();
        menu.map(|section| section["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(titles(&answer), ["Favorites", "Admin"]);
    let root = me(world().await.root()).await;
    assert_eq!(root["project"]["superAdmin"], true);
    assert_eq!(titles(&root), ["Favorites", "Admin", "Super Admin"]);
    let plain = me(&project.application("Plain").await).await;
    assert_eq!(titles(&plain), ["Favorites"]);
    assert_eq!(plain["profile"].get("secret"), None);
}
