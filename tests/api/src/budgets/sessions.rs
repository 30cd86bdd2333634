//! What signing in and staying signed in cost.

use harness::world::Request;
use serde_json::json;

use super::meter::Meter;
use crate::samples::FORM;
use crate::sign_in::{VERIFIER, encoded, person, sign_in, wish};
use crate::world::{alice, invited, measured_world, with};

#[tokio::test]
async fn signing_in_and_staying_signed_in_stay_within_their_budgets() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let mut meter = Meter::of(world);
    let nobody = world.anonymous();
    let login = |body| Request::new("POST", "/auth/login").json(&body);
    meter
        .run(
            "sign in, from a new address",
            &nobody,
            login(wish(&email)),
            counted(4, 8.0),
        )
        .await;
    meter
        .run("sign in", &nobody, login(wish(&email)), counted(4, 6.0))
        .await;
    let app = project.application("App").await;
    let through = with(wish(&email), json!({ "clientId": app.id() }));
    meter
        .run(
            "sign in, through an application",
            &nobody,
            login(through),
            counted(5, 8.0),
        )
        .await;

    let form = |pairs: &[(&str, &str)]| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        Request::new("POST", "/oauth2/token").body(FORM, form.finish())
    };
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let redeem = form(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
    ]);
    meter
        .run("redeem a code", &nobody, redeem, counted(2, 2.0))
        .await;
    let tokens = crate::sign_in::tokens(world, &email).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refresh = form(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
    meter
        .run("refresh", &nobody, refresh, counted(2, 2.0))
        .await;
    let (id, secret) = application(&project).await;
    let portal = json!({ "name": "Portal", "redirectUris": ["https://app.example.com/"] });
    let portal = project.admin.post(&project.path("client"), &portal).await;
    let portal = portal.must(201);
    let through = with(wish(&email), json!({ "clientId": portal.id() }));
    let answer = sign_in(world, &through).await.must(200);
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let asked = encoded(&[
        ("client_id", portal.id()),
        ("redirect_uri", "https://app.example.com/"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("prompt", "none"),
    ]);
    let silently = Request::new("GET", &format!("/oauth2/authorize?{asked}"));
    let silently = silently.header("cookie", cookie);
    meter
        .run(
            "continue a session for an application",
            &nobody,
            silently,
            counted(3, 6.0),
        )
        .await;
    let credentials = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &id),
        ("client_secret", &secret),
    ]);
    meter
        .run("client_credentials", &nobody, credentials, counted(3, 2.0))
        .await;

    let again = with(alice(&email), json!({ "forceNewMembership": true }));
    let second = invited(&project, &again).await;
    meter
        .run(
            "sign in, with a choice",
            &nobody,
            login(wish(&email)),
            counted(4, 2.0),
        )
        .await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let choice = json!({ "login": answer.body["login"], "profile": second["id"] });
    let choose = Request::new("POST", "/auth/profile").json(&choice);
    meter
        .run("choose a membership", &nobody, choose, counted(4, 6.0))
        .await;
    meter.print();
}

/// The calls of an address are counted in the table where anybody may call: one trip and one unit before everything else.
fn counted(trips: usize, units: f64) -> (usize, f64) {
    (trips + 1, units + 1.0)
}

async fn application(project: &harness::world::Project) -> (String, String) {
    let body = json!({ "name": "App" });
    let made = project
        .admin
        .post(&project.path("client"), &body)
        .await
        .must(201);
    (
        made.id().to_owned(),
        made.body["secret"].as_str().unwrap().to_owned(),
    )
}
