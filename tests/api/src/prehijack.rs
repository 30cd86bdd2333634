//! Somebody takes another's address before its owner comes: by registering it, by inviting it with a password of his, by following a
//! link, or by keeping a session of before. Nothing that is granted to the address becomes his, and the owner loses nothing.

use harness::world::{Client, Project, World};
use serde_json::{Value, json};

use crate::accounts::arrivals::{account, login, new_project};
use crate::accounts::{Link, letters};
use crate::ledger::Ledger;
use crate::sign_in::{me, redeem, sign_in, wish};
use crate::world::{address, alice, invited, with, world};

/// The attacker's password, which registration and invitations bring.
const HIS: &str = "correct-horse-9";
const HERS: &str = "battery-staple-9";

/// Tokens of whoever knows the password; the membership in `project`, or his only one.
async fn enter(world: &World, email: &str, password: &str, project: Option<&str>) -> Option<Value> {
    let body = with(
        wish(email),
        json!({ "password": password, "projectId": project }),
    );
    let answer = sign_in(world, &body).await;
    let code = answer.body["code"].as_str()?.to_owned();
    Some(redeem(world, &code).await.must(200).body)
}

fn bearer(world: &World, tokens: &Value) -> Client {
    world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap())
}

/// The clinic invites the address as an administrator; answers membership and link.
async fn invite(world: &World, clinic: &Project, email: &str) -> (Value, Link) {
    let sent = world.mailbox().messages().into_iter();
    let sent = sent.filter(|letter| letter.to == email).count();
    let membership = invited(clinic, &with(alice(email), json!({ "admin": true }))).await;
    let letter = letters(world, email, sent + 1).await.remove(sent);
    (membership, Link::read(&letter, "setpassword"))
}

/// Whether a session opens the clinic, by any of its doors.
async fn opens(world: &World, tokens: &Value, clinic: &Project, membership: &Value) -> bool {
    let caller = bearer(world, tokens);
    let profile = membership["profile"]["reference"].as_str().unwrap();
    let member = clinic.path(&format!("members/{}", membership["id"].as_str().unwrap()));
    let mut open = caller.get(&format!("/fhir/R4/{profile}")).await.status == 200;
    open |= caller.get(&member).await.status == 200;
    let seen = me(world, tokens).await;
    open | (seen.body["membership"]["id"] == membership["id"])
}

/// The owner follows the link: the clinic is hers, and whatever the attacker has is dead.
async fn owner_comes(
    world: &World,
    (clinic, email): (&Project, &str),
    (membership, link): (&Value, &Link),
    session: Option<&Value>,
) {
    link.set(world, HERS).await.must(200);
    if let Some(session) = session {
        me(world, session).await.must(401);
    }
    let with_his = with(wish(email), json!({ "password": HIS }));
    sign_in(world, &with_his).await.must(400);
    let hers = enter(world, email, HERS, Some(&clinic.id)).await.unwrap();
    assert!(opens(world, &hers, clinic, membership).await);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn who_has_registered_an_address_first_gets_nothing_that_is_granted_to_it() {
    let world = world().await;
    let clinic = world.project("Clinic").await;
    let email = address("victim", &clinic);
    let first = login(world, &account(&email)).await;
    let made = new_project(world, &first).await.must(200);
    let his = redeem(world, made.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    me(world, &his).await.must(200);
    let (membership, link) = invite(world, &clinic, &email).await;
    assert!(
        !opens(world, &his, &clinic, &membership).await,
        "his session of before"
    );
    let again = enter(world, &email, HIS, None).await.unwrap();
    assert!(
        !opens(world, &again, &clinic, &membership).await,
        "his own project only"
    );
    assert_eq!(enter(world, &email, HIS, Some(&clinic.id)).await, None);
    let choice = json!({ "projectId": "new" });
    let pending = sign_in(
        world,
        &with(with(wish(&email), json!({ "password": HIS })), choice),
    )
    .await;
    let chosen = json!({ "login": pending.must(200).body["login"], "profile": membership["id"] });
    let refused = world
        .anonymous()
        .post("/auth/profile", &chosen)
        .await
        .must(400);
    assert!(
        refused.issue_text().starts_with("Profile not found")
            || refused.issue_text() == "Invalid profile"
    );
    owner_comes(world, (&clinic, &email), (&membership, &link), Some(&his)).await;
    me(world, &again).await.must(401);
}

#[tokio::test]
async fn a_login_from_before_the_owner_came_makes_no_project() {
    let world = world().await;
    let clinic = world.project("Clinic").await;
    let email = address("victim", &clinic);
    let kept = login(world, &account(&email)).await;
    let (membership, link) = invite(world, &clinic, &email).await;
    owner_comes(world, (&clinic, &email), (&membership, &link), None).await;
    let late = new_project(world, &kept).await.must(400);
    assert_eq!(late.issue_text(), "Login revoked");
}

#[tokio::test]
async fn who_has_registered_an_address_within_the_project_gets_nothing_that_is_granted_to_it() {
    let world = world().await;
    let clinic = world.project("Clinic").await;
    let email = address("victim", &clinic);
    login(
        world,
        &with(account(&email), json!({ "projectId": clinic.id })),
    )
    .await;
    let patient = json!({ "resourceType": "Patient" });
    let membership = invited(&clinic, &with(alice(&email), patient)).await;
    assert_eq!(enter(world, &email, HIS, Some(&clinic.id)).await, None);
    let link = Link::read(&letters(world, &email, 1).await[0], "setpassword");
    link.set(world, HERS).await.must(200);
    assert_eq!(enter(world, &email, HIS, Some(&clinic.id)).await, None);
    let hers = enter(world, &email, HERS, Some(&clinic.id)).await.unwrap();
    assert_eq!(
        me(world, &hers).await.must(200).body["membership"]["id"],
        membership["id"]
    );
}

#[tokio::test]
async fn an_invite_with_a_password_by_another_project_opens_that_project_alone() {
    let world = world().await;
    let (clinic, attacker) = (
        world.project("Clinic").await,
        world.project("Attacker").await,
    );
    let email = address("victim", &clinic);
    let with_password = json!({ "password": HIS, "sendEmail": false });
    invited(&attacker, &with(alice(&email), with_password)).await;
    let his = enter(world, &email, HIS, None).await.unwrap();
    let (membership, link) = invite(world, &clinic, &email).await;
    assert!(!opens(world, &his, &clinic, &membership).await);
    assert_eq!(enter(world, &email, HIS, Some(&clinic.id)).await, None);
    owner_comes(world, (&clinic, &email), (&membership, &link), Some(&his)).await;
}

#[tokio::test]
async fn another_project_cannot_disturb_a_user_who_is_there() {
    let world = world().await;
    let (clinic, attacker) = (
        world.project("Clinic").await,
        world.project("Attacker").await,
    );
    let email = address("victim", &clinic);
    let (membership, link) = invite(world, &clinic, &email).await;
    link.set(world, HERS).await.must(200);
    let hers = enter(world, &email, HERS, Some(&clinic.id)).await.unwrap();
    let with_password = json!({ "password": HIS, "sendEmail": false, "mfaRequired": true });
    let other = invited(&attacker, &with(alice(&email), with_password)).await;
    assert_eq!(other["user"]["reference"], membership["user"]["reference"]);
    let forced = json!({ "email": email, "password": HIS });
    let path = "/admin/projects/setpassword";
    attacker.admin.post(path, &forced).await.must(400);
    let user = membership["user"]["reference"].as_str().unwrap();
    let moved = json!({ "email": address("attacker", &clinic) });
    let path = format!("/fhir/R4/{user}/$update-email");
    attacker.admin.post(&path, &moved).await.must(403);
    assert!(
        opens(world, &hers, &clinic, &membership).await,
        "her session goes on"
    );
    assert!(enter(world, &email, HERS, Some(&clinic.id)).await.is_some());
    assert_eq!(enter(world, &email, HIS, None).await, None);
}

#[tokio::test]
async fn an_open_invitation_survives_an_invite_by_another_project() {
    let world = world().await;
    let (clinic, attacker) = (
        world.project("Clinic").await,
        world.project("Attacker").await,
    );
    let email = address("victim", &clinic);
    let (membership, link) = invite(world, &clinic, &email).await;
    let quiet = json!({ "password": HIS, "sendEmail": false });
    invited(&attacker, &with(alice(&email), quiet)).await;
    assert_eq!(
        enter(world, &email, HIS, None).await,
        None,
        "a password for a new user only"
    );
    owner_comes(world, (&clinic, &email), (&membership, &link), None).await;
}

#[tokio::test]
async fn a_verification_that_anybody_may_follow_opens_nothing() {
    let world = world().await;
    let (clinic, attacker) = (
        world.project("Clinic").await,
        world.project("Attacker").await,
    );
    // The attacker's own patient user moves to the victim's address, and somebody follows the link in the victim's letter.
    let email = address("victim", &clinic);
    let body = json!({ "resourceType": "Patient", "password": HIS, "sendEmail": false });
    let own = invited(&attacker, &with(alice(&address("own", &attacker)), body)).await;
    let user = own["user"]["reference"].as_str().unwrap();
    let path = format!("/fhir/R4/{user}/$update-email");
    attacker
        .admin
        .post(&path, &json!({ "email": email }))
        .await
        .must(200);
    let link = Link::read(&letters(world, &email, 1).await[0], "verifyemail");
    let followed = json!({ "id": link.id, "secret": link.secret });
    world
        .anonymous()
        .post("/auth/verifyemail", &followed)
        .await
        .must(200);
    let (membership, link) = invite(world, &clinic, &email).await;
    assert_ne!(membership["user"]["reference"], user);
    assert_eq!(enter(world, &email, HIS, Some(&clinic.id)).await, None);
    owner_comes(world, (&clinic, &email), (&membership, &link), None).await;
}
