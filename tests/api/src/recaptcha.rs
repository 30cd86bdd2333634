//! Who registers, or wants a letter, shows that he is a person, where somebody wants to know. The service is stood in for at its socket.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use harness::proxy::Plan;
use harness::world::{Answer, World};
use serde_json::{Value, json};

use crate::world::{options, with};

/// Takes a token `person-of-{secret}` for a person.
async fn service() -> String {
    let answer = |form: String| async move {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes())
            .into_owned()
            .collect();
        let value = |name: &str| pairs.iter().find(|(of, _)| of == name).unwrap().1.clone();
        let success = value("response") == format!("person-of-{}", value("secret"));
        (
            [(CONTENT_TYPE, "application/json")],
            json!({ "success": success }).to_string(),
        )
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let pages = Router::new().route("/", post(answer));
    tokio::spawn(async move { axum::serve(listener, pages).await });
    url
}

async fn asking_world() -> World {
    let mut options = options(1, Plan::default());
    options.environment = vec![
        ("ROSTER_RECAPTCHA_URL".to_owned(), service().await),
        ("ROSTER_RECAPTCHA_SITE_KEY".to_owned(), "server".to_owned()),
        (
            "ROSTER_RECAPTCHA_SECRET_KEY".to_owned(),
            "own-secret".to_owned(),
        ),
    ];
    World::start(options).await.unwrap()
}

fn newcomer(number: u32, more: Value) -> Value {
    let base = json!({
        "firstName": "Alice", "lastName": "Smith", "email": format!("alice{number}@example.com"), "password": "correct horse 9",
    });
    with(base, more)
}

fn said(answer: &Answer, text: &str) {
    assert_eq!(
        (answer.status, answer.issue_text()),
        (400, text),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn the_installation_asks_everybody_who_registers_or_wants_a_letter() {
    let world = asking_world().await;
    let anonymous = world.anonymous();
    let letter = json!({ "email": "admin@example.com", "sendEmail": false });
    for (path, body) in [
        ("/auth/newuser", newcomer(1, json!({}))),
        ("/auth/resetpassword", letter),
    ] {
        let with_token = |token: &str| with(body.clone(), json!({ "recaptchaToken": token }));
        let none = anonymous.post(path, &body).await;
        said(&none, "Recaptcha token is required");
        let empty = anonymous.post(path, &with_token("")).await;
        said(&empty, "Recaptcha token is required");
        let wrong = anonymous.post(path, &with_token("a program")).await;
        said(&wrong, "Recaptcha failed");
        let named = with(
            with_token("person-of-own-secret"),
            json!({ "recaptchaSiteKey": "server" }),
        );
        anonymous.post(path, &named).await.must(200);
    }
    // What is badly formed is said before anybody is asked.
    let short = newcomer(2, json!({ "password": "short" }));
    let refused = anonymous.post("/auth/newuser", &short).await;
    said(&refused, "Password must be between 8 and 72 characters");
}

#[tokio::test]
async fn a_projects_site_asks_in_its_own_name() {
    let world = asking_world().await;
    let project = world.project("Sites").await;
    let other = world.project("Other").await;
    let sites = json!([
        { "name": "Portal", "domain": ["example.com"], "recaptchaSiteKey": "portal", "recaptchaSecretKey": "portal-secret" },
        { "name": "Bare", "domain": ["example.org"], "recaptchaSiteKey": "bare" },
    ]);
    let path = project.path("sites");
    project.admin.post(&path, &sites).await.must(200);
    let ask = |key: &str, id: &str| {
        let fields = json!({ "recaptchaSiteKey": key, "projectId": id, "recaptchaToken": "person-of-portal-secret" });
        let body = newcomer(1, fields);
        let anonymous = world.anonymous();
        async move { anonymous.post("/auth/newuser", &body).await }
    };
    said(
        &ask("unknown", &project.id).await,
        "Invalid recaptchaSiteKey",
    );
    said(&ask("portal", &other.id).await, "Invalid recaptchaSiteKey");
    said(&ask("portal", "new").await, "Invalid recaptchaSiteKey");
    said(
        &ask("bare", &project.id).await,
        "Invalid recaptchaSecretKey",
    );
    said(
        &ask("portal", &project.id).await,
        "Project does not allow open registration",
    );
    let letter = json!({
        "email": "nobody@example.com", "projectId": project.id, "recaptchaSiteKey": "portal",
        "recaptchaToken": "person-of-portal-secret",
    });
    let letter = world.anonymous().post("/auth/resetpassword", &letter).await;
    letter.must(200);
}
