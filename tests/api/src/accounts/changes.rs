//! Passwords that people change, and addresses that they prove, in a session of their own.

use harness::world::{Client, Project, World};
use serde_json::{Value, json};

use super::{Link, invited_by_letter, row_of};
use crate::ledger::Ledger;
use crate::sign_in::{me, redeem, sign_in, wish};
use crate::world::{address, alice, invited, with, world};

const FIRST: &str = "correct-horse-9";
const SECOND: &str = "battery-staple-9";

/// What signing in with this password is answered.
async fn entry(world: &World, email: &str, password: &str) -> harness::world::Answer {
    sign_in(world, &with(wish(email), json!({ "password": password }))).await
}

/// The token response of a person who signs in with this password.
async fn tokens(world: &World, email: &str, password: &str) -> Value {
    let answer = entry(world, email, password).await.must(200);
    let code = answer.body["code"].as_str().unwrap().to_owned();
    redeem(world, &code).await.must(200).body
}

fn bearer(world: &World, tokens: &Value) -> Client {
    world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap())
}

/// Somebody who has accepted an invitation: his address and his membership.
async fn member(world: &World, project: &Project, name: &str) -> (String, Value) {
    let email = address(name, project);
    let (membership, link) = invited_by_letter(world, project, &email).await;
    link.set(world, FIRST).await.must(200);
    (email, membership)
}

#[tokio::test]
async fn who_accepts_an_invitation_signs_in_with_the_password_that_he_has_set() {
    let world = world().await;
    let project = world.project("Accepted").await;
    let email = address("alice", &project);
    let (membership, link) = invited_by_letter(world, &project, &email).await;
    entry(world, &email, FIRST).await.must(400);
    link.set(world, FIRST).await.must(200);
    let tokens = tokens(world, &email, FIRST).await;
    let seen = me(world, &tokens).await.must(200).body;
    assert_eq!(seen["membership"]["id"], membership["id"]);
}

#[tokio::test]
async fn a_changed_password_ends_every_session_but_the_one_that_changed_it() {
    let world = world().await;
    let project = world.project("Changed").await;
    let (email, membership) = member(world, &project, "alice").await;
    let (here, elsewhere) = (
        tokens(world, &email, FIRST).await,
        tokens(world, &email, FIRST).await,
    );
    let body = json!({ "oldPassword": FIRST, "newPassword": SECOND, "confirmPassword": SECOND });
    let done = bearer(world, &here)
        .post("/auth/changepassword", &body)
        .await;
    assert_eq!(done.must(200).issue_text(), "All OK");
    me(world, &here).await.must(200);
    me(world, &elsewhere).await.must(401);
    entry(world, &email, FIRST).await.must(400);
    me(world, &tokens(world, &email, SECOND).await)
        .await
        .must(200);
    let row = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(row["epoch"]["N"], "3");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_said_as_recorded() {
    let world = world().await;
    let project = world.project("Unchanged").await;
    let (email, _) = member(world, &project, "alice").await;
    let person = bearer(world, &tokens(world, &email, FIRST).await);
    let cases = [
        (
            json!({ "oldPassword": "nope", "newPassword": SECOND }),
            "Incorrect password",
            "oldPassword",
        ),
        (
            json!({ "oldPassword": FIRST, "newPassword": "x" }),
            "Invalid password, must be at least 8 characters",
            "newPassword",
        ),
        (
            json!({ "oldPassword": FIRST, "newPassword": "breached-password" }),
            "Password found in breach database",
            "newPassword",
        ),
        (
            json!({ "newPassword": SECOND }),
            "Missing oldPassword",
            "oldPassword",
        ),
    ];
    for (body, text, field) in cases {
        let answer = person.post("/auth/changepassword", &body).await.must(400);
        assert_eq!((answer.issue_text(), answer.expression()), (text, field));
    }
    entry(world, &email, FIRST).await.must(200);
}

#[tokio::test]
async fn a_reset_ends_every_session() {
    let world = world().await;
    let project = world.project("Reset").await;
    let (email, _) = member(world, &project, "alice").await;
    let session = tokens(world, &email, FIRST).await;
    let forgotten = json!({ "email": email });
    let nobody = world.anonymous();
    nobody
        .post("/auth/resetpassword", &forgotten)
        .await
        .must(200);
    me(world, &session).await.must(200);
    let letter = super::letters(world, &email, 2).await.remove(1);
    Link::read(&letter, "setpassword")
        .set(world, SECOND)
        .await
        .must(200);
    me(world, &session).await.must(401);
    entry(world, &email, SECOND).await.must(200);
}

#[tokio::test]
async fn a_verification_inside_the_users_own_session_proves_the_address_and_elsewhere_it_does_not()
{
    let world = world().await;
    let project = world.project("Own session").await;
    for (name, own, proven) in [("alice", true, "2"), ("bob", false, "0")] {
        let email = address(name, &project);
        let body = json!({ "resourceType": "Patient", "sendEmail": false, "password": FIRST });
        let membership = invited(&project, &with(alice(&email), body)).await;
        let user = membership["user"]["reference"].as_str().unwrap();
        let new = address(&format!("{name}.new"), &project);
        let path = format!("/fhir/R4/{user}/$update-email");
        project
            .admin
            .post(&path, &json!({ "email": new }))
            .await
            .must(200);
        let link = Link::read(&world.letter_to(&new).await.unwrap().text, "verifyemail");
        let wish = with(
            wish(&new),
            json!({ "password": FIRST, "projectId": project.id }),
        );
        let entered = sign_in(world, &wish).await.must(200);
        let own_tokens = redeem(world, entered.body["code"].as_str().unwrap())
            .await
            .must(200)
            .body;
        let caller = if own {
            bearer(world, &own_tokens)
        } else {
            project.admin.clone()
        };
        let body = json!({ "id": link.id, "secret": link.secret });
        caller.post("/auth/verifyemail", &body).await.must(200);
        let row = row_of(world, &membership, "USER").await.unwrap();
        assert_eq!(row["provenAddress"]["N"], proven, "{name}");
        me(world, &own_tokens).await.must(200);
    }
    Ledger::read(world).await.must_hold();
}
