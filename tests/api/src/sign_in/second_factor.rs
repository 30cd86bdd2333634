//! The second factor, as an authenticator app shows it.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use harness::world::{Answer, Client};
use serde_json::{Value, json};

use super::{me, person, redeem, said, sign_in, tokens, wish};
use crate::ledger::Ledger;
use crate::world::{at_once, world};

/// What an app shows that has read the picture; `later` steps from now.
fn code(uri: &str, later: i64) -> String {
    let seed = uri
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let bits: String = seed
        .bytes()
        .map(|letter| {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
            let value = alphabet.iter().position(|own| *own == letter).unwrap();
            format!("{value:05b}")
        })
        .collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    let bytes: Vec<u8> = bytes
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let step = i64::try_from(now / 30).unwrap() + later;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// A code that is wrong at this moment and at the ones around it.
fn wrong(uri: &str) -> String {
    let near: Vec<String> = (-3..=3).map(|later| code(uri, later)).collect();
    let all = (0..).map(|number| format!("{number:06}"));
    all.into_iter().find(|code| !near.contains(code)).unwrap()
}

async fn verify(login: &Value, token: &str) -> Answer {
    let body = json!({ "login": login, "token": token });
    world()
        .await
        .anonymous()
        .post("/auth/mfa/verify", &body)
        .await
}

/// Enrols a person, with the code of now: that of the next step is still good.
async fn enrolled(email: &str) -> (Client, String) {
    let tokens = tokens(world().await, email).await;
    let caller = world()
        .await
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap());
    let status = caller.get("/auth/mfa/status").await.must(200).body;
    let uri = status["enrollUri"].as_str().unwrap().to_owned();
    let body = json!({ "token": code(&uri, 0) });
    caller.post("/auth/mfa/enroll", &body).await.must(200);
    (caller, uri)
}

#[tokio::test]
async fn a_person_enrols_with_the_first_code_of_an_app() {
    let world = world().await;
    let project = world.project("Enrol").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    let caller = world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap());
    let enrol = |token: String| {
        let caller = caller.clone();
        async move {
            caller
                .post("/auth/mfa/enroll", &json!({ "token": token }))
                .await
        }
    };
    said(&enrol("123456".into()).await, 400, "Secret not found");
    let status = caller.get("/auth/mfa/status").await.must(200).body;
    assert_eq!(status["enrolled"], false);
    let uri = status["enrollUri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/medplum.com:Medplum%20-%20"),
        "{uri}"
    );
    let picture = status["enrollQrCode"].as_str().unwrap();
    assert!(picture.starts_with("data:image/png;base64,"));
    assert_eq!(
        caller.get("/auth/mfa/status").await.must(200).body["enrollUri"],
        uri
    );
    said(&enrol(wrong(uri)).await, 400, "Invalid token");
    enrol(code(uri, 0)).await.must(200);
    said(&enrol(code(uri, 0)).await, 400, "Already enrolled");
    assert_eq!(
        caller.get("/auth/mfa/status").await.must(200).body,
        json!({ "enrolled": true })
    );
    assert_eq!(
        me(world, &tokens).await.must(200).body["security"]["mfaEnrolled"],
        true
    );
    let ledger = Ledger::read(world).await;
    let seed = uri
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(
        ledger
            .below("U#")
            .iter()
            .all(|row| !row.to_string().contains(seed))
    );
}

#[tokio::test]
async fn who_is_enrolled_gets_his_code_after_the_second_factor_and_each_code_is_good_once() {
    let world = world().await;
    let project = world.project("Verify").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let (_, uri) = enrolled(&email).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let login = &answer.body["login"];
    assert_eq!(answer.body, json!({ "login": login, "mfaRequired": true }));
    let status = world
        .anonymous()
        .get(&format!("/auth/login/{}", login.as_str().unwrap()))
        .await;
    assert_eq!(status.must(200).body, answer.body);
    said(&verify(login, "").await, 400, "Missing token");
    said(&verify(login, &wrong(&uri)).await, 400, "Invalid MFA token");
    let shown = code(&uri, 1);
    let verified = verify(login, &shown).await.must(200);
    said(&verify(login, &shown).await, 400, "Login already verified");
    redeem(world, verified.body["code"].as_str().unwrap())
        .await
        .must(200);
    said(&verify(login, &shown).await, 400, "Login granted");

    let again = sign_in(world, &wish(&email)).await.must(200);
    said(
        &verify(&again.body["login"], &shown).await,
        400,
        "Invalid MFA token",
    );
}

#[tokio::test]
async fn a_second_factor_that_is_awaited_cannot_be_gone_around() {
    let world = world().await;
    let project = world.project("Around").await;
    let (email, membership) = person(&project, "alice", json!({})).await;
    enrolled(&email).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let choice = json!({ "login": answer.body["login"], "profile": membership["id"] });
    let refused = world.anonymous().post("/auth/profile", &choice).await;
    said(&refused, 400, "Second factor required");
    let scope = json!({ "login": answer.body["login"], "scope": "openid" });
    let refused = world.anonymous().post("/auth/scope", &scope).await;
    said(&refused, 400, "Second factor required");
}

#[tokio::test]
async fn who_must_have_a_second_factor_enrols_to_sign_in() {
    let world = world().await;
    let project = world.project("Must").await;
    let (email, _) = person(&project, "alice", json!({ "mfaRequired": true })).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    assert_eq!(answer.body["mfaEnrollRequired"], true);
    assert!(answer.body["enrollQrCode"].is_string() && answer.body.get("code").is_none());
    let uri = answer.body["enrollUri"].as_str().unwrap();
    said(
        &verify(&answer.body["login"], &code(uri, 0)).await,
        400,
        "User not enrolled in MFA",
    );
    let enrol = |token: String| {
        let body = json!({ "login": answer.body["login"], "token": token });
        async move {
            world
                .anonymous()
                .post("/auth/mfa/login-enroll", &body)
                .await
        }
    };
    said(&enrol(wrong(uri)).await, 400, "Invalid MFA token");
    let in_at_last = enrol(code(uri, 0)).await.must(200);
    redeem(world, in_at_last.body["code"].as_str().unwrap())
        .await
        .must(200);
    let next = sign_in(world, &wish(&email)).await.must(200);
    assert_eq!(next.body["mfaRequired"], true);
}

#[tokio::test]
async fn many_wrong_codes_make_the_right_one_wait_even_when_they_come_at_once() {
    let world = world().await;
    let project = world.project("Guesses").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let (_, uri) = enrolled(&email).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let login = &answer.body["login"];
    let mut heard = 0;
    for _ in 0..4 {
        let answers = at_once(16, |_| {
            let (login, wrong) = (login.clone(), wrong(&uri));
            async move { verify(&login, &wrong).await }
        })
        .await;
        assert!(
            answers
                .iter()
                .all(|answer| [400, 429].contains(&answer.status))
        );
        heard += answers.iter().filter(|answer| answer.status == 400).count();
    }
    assert!(heard <= 5, "{heard} guesses were answered");
    while heard < 5 {
        let answer = verify(login, &wrong(&uri)).await;
        said(&answer, 400, "Invalid MFA token");
        heard += 1;
    }
    said(
        &verify(login, &code(&uri, 1)).await,
        429,
        "Too Many Requests",
    );
}

#[tokio::test]
async fn an_administrator_takes_a_lost_second_factor_away_from_his_own_projects_users() {
    let world = world().await;
    let project = world.project("Lost").await;
    let patient = json!({ "resourceType": "Patient" });
    let (email, membership) = person(&project, "alice", patient).await;
    let here = crate::world::with(wish(&email), json!({ "projectId": project.id }));
    let answer = sign_in(world, &here).await.must(200);
    let tokens = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    let caller = world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap());
    let status = caller.get("/auth/mfa/status").await.must(200).body;
    let token = json!({ "token": code(status["enrollUri"].as_str().unwrap(), 0) });
    caller.post("/auth/mfa/enroll", &token).await.must(200);
    assert_eq!(
        sign_in(world, &here).await.must(200).body["mfaRequired"],
        true
    );
    let path = |membership: &Value| {
        project.path(&format!(
            "members/{}/mfa/reset",
            membership["id"].as_str().unwrap()
        ))
    };
    for _ in 0..2 {
        project
            .admin
            .post(&path(&membership), &json!({}))
            .await
            .must(200);
    }
    assert!(sign_in(world, &here).await.must(200).body["code"].is_string());

    let (email, server_scoped) = person(&project, "bob", json!({})).await;
    enrolled(&email).await;
    project
        .admin
        .post(&path(&server_scoped), &json!({}))
        .await
        .must(403);
    world
        .root()
        .post(&path(&server_scoped), &json!({}))
        .await
        .must(200);
    assert!(sign_in(world, &wish(&email)).await.must(200).body["code"].is_string());
}

#[tokio::test]
async fn a_second_factor_is_given_up_by_showing_it_once_more_and_its_seed_is_gone() {
    let world = world().await;
    let project = world.project("Give up").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    let early = world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap());
    said(
        &early.post("/auth/mfa/disable", &json!({})).await,
        400,
        "Secret not found",
    );
    let (caller, uri) = enrolled(&email).await;
    let disable = |body: Value| {
        let caller = caller.clone();
        async move { caller.post("/auth/mfa/disable", &body).await }
    };
    said(&disable(json!({})).await, 400, "Missing token");
    said(
        &disable(json!({ "token": wrong(&uri) })).await,
        400,
        "Invalid token",
    );
    disable(json!({ "token": code(&uri, 1) })).await.must(200);
    let status = caller.get("/auth/mfa/status").await.must(200).body;
    assert_eq!(status["enrolled"], false);
    assert_ne!(status["enrollUri"], uri);
    said(
        &disable(json!({ "token": "123456" })).await,
        400,
        "User not enrolled in MFA",
    );
    assert!(sign_in(world, &wish(&email)).await.must(200).body["code"].is_string());
}
