//! An application's secret is rotated: a new one at once, the old one until it is dropped.

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::samples::FORM;
use crate::world::{at_once, world};

/// An application and its secret.
struct Robot {
    project: Project,
    id: String,
    secret: String,
}

impl Robot {
    async fn make() -> Self {
        let project = world().await.project("Robots").await;
        let made = project
            .admin
            .post(&project.path("client"), &json!({ "name": "Robot" }))
            .await
            .must(201);
        Self {
            id: made.id().to_owned(),
            secret: text(&made.body["secret"]),
            project,
        }
    }

    fn path(&self) -> String {
        format!("/fhir/R4/ClientApplication/{}/$rotate-secret", self.id)
    }

    async fn rotate(&self, body: Value) -> Answer {
        self.project.admin.post(&self.path(), &body).await
    }

    /// What the token route says to this secret.
    async fn token(&self, secret: &str) -> Answer {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={secret}",
            self.id
        );
        let request = Request::new("POST", "/oauth2/token").body(FORM, form);
        world().await.anonymous().send(request).await
    }

    async fn session(&self, secret: &str) -> Client {
        let token = self.token(secret).await.must(200);
        let token = text(&token.body["access_token"]);
        world().await.anonymous().bearer(&token)
    }

    fn basic(&self, secret: &str) -> Client {
        self.project.admin.clone().basic(&self.id, secret)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn who(caller: &Client) -> u16 {
    caller.get("/auth/me").await.status
}

#[tokio::test]
async fn a_rotated_secret_retires_and_both_get_tokens_until_it_is_dropped() {
    let robot = Robot::make().await;
    let first = robot.secret.clone();
    let before = robot.session(&first).await;
    let rotated = robot.rotate(json!({ "secret": first })).await.must(200);
    assert_eq!(rotated.body["resourceType"], "ClientApplication");
    assert_eq!(rotated.body["retiringSecret"], first.as_str());
    let second = text(&rotated.body["secret"]);
    assert_ne!(first, second);
    let read = format!("/fhir/R4/ClientApplication/{}", robot.id);
    let read = robot.project.admin.get(&read).await.must(200);
    assert_eq!(read.body, rotated.body);
    robot.token(&second).await.must(200);
    let between = robot.session(&first).await;
    assert_eq!((who(&before).await, who(&between).await), (200, 200));

    let dropped = robot
        .rotate(json!({ "retiringSecret": first }))
        .await
        .must(200);
    assert_eq!(dropped.body.get("retiringSecret"), None);
    assert_eq!(dropped.body["secret"], second.as_str());
    let refused = robot.token(&first).await.must(400);
    assert_eq!(refused.body["error_description"], "Invalid secret");
    assert_eq!((who(&before).await, who(&between).await), (401, 401));
    assert_eq!(who(&robot.session(&second).await).await, 200);
}

#[tokio::test]
async fn basic_credentials_are_the_current_secret_alone() {
    let robot = Robot::make().await;
    assert_eq!(who(&robot.basic(&robot.secret)).await, 200);
    let rotated = robot.rotate(json!({ "secret": robot.secret })).await;
    let second = text(&rotated.must(200).body["secret"]);
    assert_eq!(who(&robot.basic(&robot.secret)).await, 401);
    assert_eq!(who(&robot.basic(&second)).await, 200);
}

#[tokio::test]
async fn a_second_rotation_drops_the_secret_that_was_still_retiring() {
    let robot = Robot::make().await;
    let first = robot.secret.clone();
    let session = robot.session(&first).await;
    let second = robot.rotate(json!({ "secret": first })).await.must(200);
    let second = text(&second.body["secret"]);
    assert_eq!(who(&session).await, 200);
    let third = robot.rotate(json!({ "secret": second })).await.must(200);
    assert_eq!(third.body["retiringSecret"], second.as_str());
    assert_eq!(who(&session).await, 401);
    assert_eq!(robot.token(&first).await.status, 400);
    robot.token(&second).await.must(200);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_words_of_the_contract() {
    let robot = Robot::make().await;
    let none = "Secret to rotate must be provided";
    let mismatch = "Provided secret does not match client";
    let wrong = [
        (json!({}), none),
        (json!({ "secret": "" }), none),
        (
            json!({ "secret": robot.secret, "retiringSecret": "x" }),
            "Only one secret can be rotated at a time",
        ),
        (json!({ "secret": "x" }), mismatch),
        (json!({ "retiringSecret": "x" }), mismatch),
        (json!({ "retiringSecret": robot.secret }), mismatch),
    ];
    for (body, words) in wrong {
        let refused = robot.rotate(body).await.must(400);
        assert_eq!(refused.issue_text(), words);
    }
    let typed = robot.rotate(json!({ "secret": 1 })).await.must(400);
    assert_eq!(typed.expression(), "secret");
    robot.token(&robot.secret).await.must(200);
}

#[tokio::test]
async fn fhir_parameters_say_the_same_as_plain_json() {
    let robot = Robot::make().await;
    let parameters = json!({
        "resourceType": "Parameters",
        "parameter": [{ "name": "secret", "valueString": robot.secret }],
    });
    let rotated = robot.rotate(parameters).await.must(200);
    assert_eq!(rotated.body["retiringSecret"], robot.secret.as_str());
}

#[tokio::test]
async fn the_application_of_another_project_is_unknown_even_to_who_holds_its_secret() {
    let (own, other) = (Robot::make().await, Robot::make().await);
    let body = json!({ "secret": other.secret });
    let ask = async |id: &str| {
        let path = format!("/fhir/R4/ClientApplication/{id}/$rotate-secret");
        let answer = own.project.admin.post(&path, &body).await;
        let mut said = answer.body.clone();
        said.as_object_mut().unwrap().remove("extension");
        (answer.status, said)
    };
    let foreign = ask(&other.id).await;
    assert_eq!(foreign.0, 404);
    for id in ["11111111-2222-4333-8444-555555555555", "nope"] {
        assert_eq!(ask(id).await, foreign);
    }
    other.token(&other.secret).await.must(200);
    let plain = own.project.application("Plain").await;
    let refused = plain
        .post(&own.path(), &json!({ "secret": own.secret }))
        .await;
    refused.must(403);
    let root = world().await.root();
    root.post(&other.path(), &body).await.must(200);
}

#[tokio::test]
async fn a_rotation_is_recorded_where_the_application_lives_and_no_secret_stands_in_a_row() {
    let robot = Robot::make().await;
    let root = world().await.root();
    let body = json!({ "secret": robot.secret });
    let rotated = root.post(&robot.path(), &body).await.must(200);
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    let events = ledger.events(&robot.project.id).into_iter();
    let events: Vec<_> = events
        .filter(|event| event.to_string().contains("rotate-secret"))
        .collect();
    assert_eq!(events.len(), 1);
    let event = events[0].to_string();
    assert!(event.contains("retiringSecret"), "{event}");
    let rows = ledger.below("").into_iter();
    let rows: String = rows.map(Value::to_string).collect();
    let secrets = [&robot.secret, &text(&rotated.body["secret"])];
    assert!(!secrets.iter().any(|secret| rows.contains(secret.as_str())));
}

#[tokio::test]
async fn of_many_rotations_of_one_secret_at_once_one_happens() {
    let robot = Robot::make().await;
    let body = json!({ "secret": robot.secret });
    let answers = at_once(64, |_| {
        let (caller, path, body) = (robot.project.admin.clone(), robot.path(), body.clone());
        async move { caller.post(&path, &body).await }
    })
    .await;
    let done: Vec<_> = answers.iter().filter(|one| one.status == 200).collect();
    assert_eq!(done.len(), 1);
    for refused in answers.iter().filter(|one| one.status != 200) {
        assert!([400, 409].contains(&refused.status), "{}", refused.text);
    }
    robot.token(&robot.secret).await.must(200);
    robot.token(&text(&done[0].body["secret"])).await.must(200);
}

#[tokio::test]
async fn a_client_that_was_made_by_hand_has_a_secret_to_rotate_and_is_still_no_way_in() {
    let robot = Robot::make().await;
    let by_hand =
        json!({ "resourceType": "ClientApplication", "name": "Hand", "secret": "s3cret" });
    let made = robot
        .project
        .admin
        .post("/fhir/R4/ClientApplication", &by_hand);
    let made = made.await.must(201);
    let path = format!("/fhir/R4/ClientApplication/{}/$rotate-secret", made.id());
    let body = json!({ "secret": "s3cret" });
    let rotated = robot.project.admin.post(&path, &body).await.must(200);
    assert_eq!(rotated.body["retiringSecret"], "s3cret");
    let hand = Robot {
        id: made.id().to_owned(),
        ..robot
    };
    hand.token("s3cret").await.must(400);
}
