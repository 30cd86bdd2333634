//! The authorization endpoint: what an application may ask for, where an answer goes, and who is not asked for his password again.

mod command_line;
mod discovery;
mod launches;
mod sessions;

use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::samples::FORM;
use crate::sign_in::{VERIFIER, encoded, person, sign_in, wish};
use crate::world::{with, world};

/// An address that the application of these tests has registered; it asks something already.
const BACK: &str = "https://app.example.com/back?keep=1";
const SECOND: &str = "com.example.app:/back";

/// An application that people sign in through, and one of them.
struct Scene {
    world: &'static World,
    project: Project,
    app: String,
    secret: String,
    email: String,
}

impl Scene {
    async fn set(name: &str) -> Self {
        Self::with(name, json!({})).await
    }

    /// The same with more fields of the application.
    async fn with(name: &str, more: Value) -> Self {
        let world = world().await;
        let project = world.project(name).await;
        let body = with(
            json!({ "name": "App", "redirectUris": [BACK, SECOND] }),
            more,
        );
        let made = project.admin.post(&project.path("client"), &body).await;
        let made = made.must(201);
        let (email, _) = person(&project, "alice", json!({})).await;
        Self {
            world,
            app: made.id().to_owned(),
            secret: made.body["secret"].as_str().unwrap().to_owned(),
            project,
            email,
        }
    }

    /// A good request for authorization, with these parameters over it; an empty one is left out.
    fn asks(&self, more: &[(&str, &str)]) -> String {
        let mut all = vec![
            ("client_id", self.app.as_str()),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "a state & more"),
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ];
        for (name, value) in more {
            all.retain(|(of, _)| of != name);
            all.push((name, value));
        }
        all.retain(|(_, value)| !value.is_empty());
        encoded(&all)
    }

    async fn ask(&self, more: &[(&str, &str)], cookie: Option<&str>) -> Answer {
        let path = format!("/oauth2/authorize?{}", self.asks(more));
        let mut request = Request::new("GET", &path);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        self.world.anonymous().send(request).await
    }

    /// Signs Alice in through the application: the cookie that her browser keeps, and the answer.
    async fn signed_in(&self) -> (String, Answer) {
        let body = with(wish(&self.email), json!({ "clientId": self.app }));
        let answer = sign_in(self.world, &body).await.must(200);
        let cookie = answer.header("set-cookie");
        let (kept, _) = cookie.split_once(';').expect("a cookie with attributes");
        (kept.to_owned(), answer)
    }

    async fn redeem(&self, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("client_id", &self.app),
        ];
        crate::sign_in::ask_tokens(self.world, &form).await
    }

    /// What somebody gets who signs in through the application.
    async fn tokens(&self) -> Value {
        let (_, answer) = self.signed_in().await;
        let code = answer.body["code"].as_str().unwrap();
        self.redeem(code).await.must(200).body
    }

    fn bearer(&self, tokens: &Value) -> Client {
        let token = tokens["access_token"].as_str().unwrap();
        self.world.anonymous().bearer(token)
    }
}

/// A parameter of the address that an answer sends to.
fn sent(answer: &Answer, name: &str) -> Option<String> {
    let (_, query) = answer.header("location").split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs.find_map(|(of, value)| (of == name).then_some(value))
}

#[tokio::test]
async fn an_answer_goes_to_an_address_that_the_application_has_registered_or_to_nobody() {
    let scene = Scene::set("Addresses").await;
    let nobody = "00000000-0000-4000-8000-00000000000f";
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[("client_id", "")], "Client not found"),
        (&[("client_id", "x")], "Client not found"),
        (&[("client_id", nobody)], "Client not found"),
        (&[("redirect_uri", "")], "Missing redirect URI"),
        (&[("redirect_uri", "back")], "Invalid redirect URI"),
        (
            &[("redirect_uri", "//app.example.com/back?keep=1")],
            "Invalid redirect URI",
        ),
        (
            &[("redirect_uri", "https://app.example.com/back")],
            "Invalid redirect URI",
        ),
        (
            &[("redirect_uri", "https://app.example.com/back?keep=1&more=2")],
            "Invalid redirect URI",
        ),
        (
            &[("redirect_uri", "https://app.example.com/back?keep=1#x")],
            "Invalid redirect URI",
        ),
        (
            &[(
                "redirect_uri",
                "https://app.example.com/other/../back?keep=1",
            )],
            "Invalid redirect URI",
        ),
        (
            &[(
                "redirect_uri",
                "https://app.example.com.evil.test/back?keep=1",
            )],
            "Invalid redirect URI",
        ),
        (
            &[(
                "redirect_uri",
                "https://app.example.com@evil.test/back?keep=1",
            )],
            "Invalid redirect URI",
        ),
        (
            &[("redirect_uri", "HTTPS://app.example.com/back?keep=1")],
            "Invalid redirect URI",
        ),
        (
            &[("redirect_uri", "javascript:alert(1)")],
            "Invalid redirect URI",
        ),
    ];
    for (more, text) in cases {
        let answer = scene.ask(more, None).await.must(400);
        assert_eq!(answer.text, text, "{more:?}");
        assert_eq!(answer.header("location"), "", "{more:?}");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    let other = scene.ask(&[("redirect_uri", SECOND)], None).await;
    other.must(302);
    // Two are none: which of them the application reads nobody knows.
    for (twice, text) in [
        ("redirect_uri", "Invalid redirect URI"),
        ("state", "Invalid redirect URI"),
        ("client_id", "Client not found"),
    ] {
        let path = format!("/oauth2/authorize?{}&{twice}=x", scene.asks(&[]));
        let answer = scene.world.anonymous().get(&path).await.must(400);
        assert_eq!(answer.text, text, "{twice}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_application_with_its_state() {
    let scene = Scene::set("Objections").await;
    let long = "x".repeat(2_000);
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[("scope", "")], "invalid_request"),
        (&[("scope", &long)], "invalid_request"),
        (&[("response_type", "")], "unsupported_response_type"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (&[("request", "x.y.z")], "request_not_supported"),
        (
            &[("request_uri", "https://169.254.169.254/")],
            "request_uri_not_supported",
        ),
        (&[("aud", "https://elsewhere.test/")], "invalid_request"),
        (&[("aud", "x")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
    ];
    for (more, error) in cases {
        let answer = scene.ask(more, None).await.must(302);
        assert_eq!(sent(&answer, "error").as_deref(), Some(error), "{more:?}");
        assert!(sent(&answer, "error_description").is_some(), "{more:?}");
        assert_eq!(sent(&answer, "state").as_deref(), Some("a state & more"));
        assert_eq!(sent(&answer, "keep").as_deref(), Some("1"));
        assert!(
            answer
                .header("location")
                .starts_with("https://app.example.com/back?")
        );
        assert_eq!(sent(&answer, "code"), None, "{more:?}");
    }
    let launch = scene.ask(&[("launch", "x")], None).await.must(302);
    assert_eq!(sent(&launch, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn whoever_has_not_signed_in_is_sent_to_the_page_with_all_that_was_asked_but_no_login_of_others()
 {
    let scene = Scene::with("Page", json!({ "defaultScope": ["openid", "profile"] })).await;
    let strange = [
        ("login", "00000000-0000-4000-8000-000000000001"),
        ("code", "c"),
        ("nonce", "n"),
    ];
    let answer = scene.ask(&strange, None).await.must(302);
    assert!(
        answer
            .header("location")
            .starts_with("http://localhost:3000/oauth?")
    );
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    for (name, value) in [
        ("client_id", scene.app.as_str()),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "a state & more"),
        ("nonce", "n"),
        ("code_challenge", VERIFIER),
    ] {
        assert_eq!(sent(&answer, name).as_deref(), Some(value));
    }
    assert_eq!(
        (sent(&answer, "login"), sent(&answer, "code")),
        (None, None)
    );
    let usual = scene.ask(&[("scope", "")], None).await.must(302);
    assert_eq!(sent(&usual, "scope").as_deref(), Some("openid profile"));
    let form = Request::new("POST", "/oauth2/authorize").body(FORM, scene.asks(&[]));
    let by_form = scene.world.anonymous().send(form).await.must(302);
    assert_eq!(sent(&by_form, "client_id"), Some(scene.app.clone()));
    let silent = scene.ask(&[("prompt", "none")], None).await.must(302);
    assert_eq!(sent(&silent, "error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn an_application_that_is_of_another_project_or_off_gets_nobody() {
    let scene = Scene::set("Off").await;
    let other = Scene::set("Elsewhere").await;
    let (cookie, _) = scene.signed_in().await;
    // The cookie of one application, under the name of another.
    let (_, token) = cookie.split_once('=').unwrap();
    let forged = format!("medplum-{}={token}", other.app);
    let answer = other.ask(&[("prompt", "none")], Some(&forged)).await;
    let answer = answer.must(302);
    assert_eq!(sent(&answer, "error").as_deref(), Some("login_required"));
    assert!(!scene.secret.is_empty() && scene.project.id != other.project.id);
}
