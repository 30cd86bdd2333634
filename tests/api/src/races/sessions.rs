//! One code and one refresh token, shown by many at once.

use harness::world::Answer;
use serde_json::json;

use super::{MANY, arena, with_status};
use crate::ledger::Ledger;
use crate::sign_in::{me, person, redeem, refresh, sign_in, tokens, wish};
use crate::world::at_once;

/// The one token response, and nothing but OAuth's refusals beside it.
fn winner(answers: &[Answer]) -> &Answer {
    assert_eq!(with_status(answers, 200), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    answers.iter().find(|answer| answer.status == 200).unwrap()
}

#[tokio::test]
async fn a_code_that_many_redeem_at_once_opens_one_session_which_ends() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for a code").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let code = answer.body["code"].as_str().unwrap().to_owned();
    let answers = at_once(MANY, |_| {
        let code = code.clone();
        async move { redeem(world, &code).await }
    })
    .await;
    let won = winner(&answers);
    me(world, &won.body).await.must(401);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_refresh_token_that_many_show_at_once_has_one_successor_and_ends_the_session() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for a refresh").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let tokens = tokens(world, &email).await;
    let token = tokens["refresh_token"].as_str().unwrap().to_owned();
    let answers = at_once(MANY, |_| {
        let token = token.clone();
        async move { refresh(world, &token).await }
    })
    .await;
    let won = winner(&answers);
    me(world, &won.body).await.must(401);
    me(world, &tokens).await.must(401);
}

#[tokio::test]
async fn a_login_that_many_bind_at_once_is_bound_once() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for a login").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let again = json!({ "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "email": email, "forceNewMembership": true });
    project.invite(&project.admin, &again).await.must(200);
    let answer = sign_in(world, &wish(&email)).await.must(200);
    let login = answer.body["login"].clone();
    let ids: Vec<_> = answer.body["memberships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].clone())
        .collect();
    let answers = at_once(MANY, |number| {
        let body = json!({ "login": login, "profile": ids[number % 2] });
        async move { world.anonymous().post("/auth/profile", &body).await }
    })
    .await;
    let won = winner(&answers);
    redeem(world, won.body["code"].as_str().unwrap())
        .await
        .must(200);
}
