//! Codes: who may redeem one, and that it is once.

use serde_json::json;

use super::{VERIFIER, ask_tokens, me, person, redeem, sign_in, wish};
use crate::world::{with, world};

#[tokio::test]
async fn what_is_wrong_with_a_redemption_is_said_as_recorded_and_uses_nothing_up() {
    let world = world().await;
    let project = world.project("Codes").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let grant = ("grant_type", "authorization_code");
    let app = project.application("App").await;
    let forged = format!("{}x", &code[..code.len() - 1]);
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[grant], "Missing code"),
        (&[grant, ("code", "zzz")], "Invalid code"),
        (&[grant, ("code", &forged)], "Invalid code"),
        (&[grant, ("code", code)], "Missing code verifier"),
        (
            &[grant, ("code", code), ("code_verifier", "wrong")],
            "Invalid code verifier",
        ),
        (
            &[
                grant,
                ("code", code),
                ("code_verifier", VERIFIER),
                ("client_id", app.id()),
            ],
            "Invalid client",
        ),
    ];
    for (form, text) in cases {
        let answer = ask_tokens(world, form).await.must(400);
        let wanted = json!({ "error": "invalid_request", "error_description": text });
        assert_eq!(answer.body, wanted);
    }
    redeem(world, code).await.must(200);
}

#[tokio::test]
async fn a_code_that_is_redeemed_again_ends_the_session() {
    let world = world().await;
    let project = world.project("Reuse").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let tokens = redeem(world, code).await.must(200).body;
    me(world, &tokens).await.must(200);
    let again = redeem(world, code).await.must(400);
    let wanted = json!({ "error": "invalid_grant", "error_description": "Token already granted" });
    assert_eq!(again.body, wanted);
    me(world, &tokens).await.must(401);
}

#[tokio::test]
async fn a_challenge_is_met_by_its_verifier_and_its_absence_by_nothing() {
    let world = world().await;
    let project = world.project("Proof").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    // RFC 7636, appendix B.
    let (verifier, challenge) = (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    let hashed = json!({ "codeChallenge": challenge, "codeChallengeMethod": "S256" });
    let answer = sign_in(world, &with(wish(&email), hashed)).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", verifier),
    ];
    ask_tokens(world, &form).await.must(200);

    let none = json!({ "codeChallenge": null, "codeChallengeMethod": null });
    let answer = sign_in(world, &with(wish(&email), none)).await.must(200);
    let refused = redeem(world, answer.body["code"].as_str().unwrap())
        .await
        .must(400);
    assert_eq!(
        refused.body["error_description"],
        "Missing verification context"
    );
}

#[tokio::test]
async fn a_sign_in_through_an_application_is_its_own() {
    let world = world().await;
    let project = world.project("Through").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let app = project.application("App").await;
    let body = with(wish(&email), json!({ "clientId": app.id() }));
    let answer = sign_in(world, &body).await.must(200);
    let code = answer.body["code"].as_str().unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("client_id", app.id()),
    ];
    let with_secret: Vec<_> = form
        .iter()
        .copied()
        .chain([("client_secret", "wrong")])
        .collect();
    let refused = ask_tokens(world, &with_secret).await.must(400);
    assert_eq!(refused.body["error_description"], "Invalid secret");
    let tokens = ask_tokens(world, &form).await.must(200).body;
    me(world, &tokens).await.must(200);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let other = project.application("Other").await;
    let stranger: Vec<_> = grant
        .iter()
        .copied()
        .chain([("client_id", other.id())])
        .collect();
    let refused = ask_tokens(world, &stranger).await.must(400);
    let wanted = json!({ "error": "invalid_grant", "error_description": "Incorrect client" });
    assert_eq!(refused.body, wanted);
    ask_tokens(world, &grant).await.must(200);
}
