//! The link of an invitation's letter.

use serde_json::{Value, json};

use super::{Link, invited_by_letter, letters, row_of};
use crate::ledger::Ledger;
use crate::world::{address, alice, invited, with, world};

const PASSWORD: &str = "correct-horse-9";

async fn status(project: &harness::world::Project, membership: &Value) -> String {
    let page = project
        .admin
        .get(&project.path("invitations"))
        .await
        .must(200);
    let all = page.body["invitations"].as_array().unwrap().clone();
    let own = all
        .iter()
        .find(|it| it["membership"]["reference"] == crate::world::reference(membership))
        .unwrap();
    own["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_link_sets_the_password_proves_the_address_and_accepts_the_invitation() {
    let world = world().await;
    let project = world.project("Accepting").await;
    let (membership, link) = invited_by_letter(world, &project, &address("alice", &project)).await;
    let before = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(before["provenAddress"]["N"], "0");
    assert!(
        !before["body"]["S"]
            .as_str()
            .unwrap()
            .contains("emailVerified")
    );
    assert_eq!(row_of(world, &membership, "CRED").await, None);
    assert_eq!(status(&project, &membership).await, "pending");
    let done = link.set(world, PASSWORD).await.must(200);
    assert_eq!(
        (done.body["id"].as_str(), done.issue_text()),
        (Some("ok"), "All OK")
    );
    let after = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(after["provenAddress"]["N"], "1");
    assert_eq!(after["epoch"]["N"], "2");
    let body = after["body"]["S"].as_str().unwrap();
    assert!(body.contains("\"emailVerified\":true"), "{body}");
    assert_ne!(after["ver"], before["ver"]);
    let stored = row_of(world, &membership, "CRED").await.unwrap();
    let stored = stored["password"]["S"].as_str().unwrap().to_owned();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    assert_eq!(status(&project, &membership).await, "accepted");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let events = ledger.events(&project.id);
    let accepted = events
        .iter()
        .find(|event| event["operation"] == "accept-invitation")
        .unwrap();
    assert_eq!(
        accepted["who"]["reference"],
        membership["user"]["reference"]
    );
}

#[tokio::test]
async fn the_link_works_once() {
    let world = world().await;
    let project = world.project("Once").await;
    let (_, link) = invited_by_letter(world, &project, &address("alice", &project)).await;
    link.set(world, PASSWORD).await.must(200);
    let again = link.set(world, "another-horse-9").await.must(400);
    assert_eq!(again.issue_text(), "Already used");
}

#[tokio::test]
async fn the_older_link_of_an_invitation_that_was_sent_again_is_dead() {
    let world = world().await;
    let project = world.project("Superseded").await;
    let email = address("alice", &project);
    let (membership, older) = invited_by_letter(world, &project, &email).await;
    let resend = project.path(&format!(
        "members/{}/invitation/resend",
        membership["id"].as_str().unwrap()
    ));
    project.admin.post(&resend, &json!({})).await.must(200);
    let newer = Link::read(&letters(world, &email, 2).await[1], "setpassword");
    let refused = older.set(world, PASSWORD).await.must(400);
    assert_eq!(refused.issue_text(), "Incorrect secret");
    newer.set(world, PASSWORD).await.must(200);
}

#[tokio::test]
async fn a_link_that_was_taken_back_is_dead() {
    let world = world().await;
    let project = world.project("Taken back").await;
    let (membership, link) = invited_by_letter(world, &project, &address("alice", &project)).await;
    let invitation = project.path(&format!(
        "members/{}/invitation",
        membership["id"].as_str().unwrap()
    ));
    project.admin.delete(&invitation).await.must(200);
    let refused = link.set(world, PASSWORD).await.must(400);
    assert_eq!(refused.issue_text(), "Incorrect secret");
    assert_eq!(row_of(world, &membership, "CRED").await, None);
}

#[tokio::test]
async fn a_link_whose_time_is_over_is_refused_although_its_row_is_still_there() {
    let world = world().await;
    let project = world.project("Too late").await;
    let (membership, link) = invited_by_letter(world, &project, &address("alice", &project)).await;
    let place = format!("REQUEST#{}", link.id);
    let past = json!({ "N": "1700000000" });
    world.age((&place, "REQUEST"), "expiresAt", past).await;
    let refused = link.set(world, PASSWORD).await.must(400);
    assert_eq!(refused.issue_text(), "The link has expired");
    assert_eq!(row_of(world, &membership, "CRED").await, None);
}

#[tokio::test]
async fn a_link_from_before_another_change_of_the_credential_is_dead() {
    let world = world().await;
    let project = world.project("Moved on").await;
    let email = address("homer", &project);
    let patient = with(alice(&email), json!({ "resourceType": "Patient" }));
    let membership = invited(&project, &patient).await;
    let link = Link::read(&letters(world, &email, 1).await[0], "setpassword");
    let forced = json!({ "email": email, "password": "forced-horse-9" });
    let path = "/admin/projects/setpassword";
    project.admin.post(path, &forced).await.must(200);
    let refused = link.set(world, PASSWORD).await.must(400);
    assert_eq!(refused.issue_text(), "The link is no longer valid");
    // A letter that is sent from now on speaks for the credential of now.
    let resend = project.path(&format!(
        "members/{}/invitation/resend",
        membership["id"].as_str().unwrap()
    ));
    project.admin.post(&resend, &json!({})).await.must(200);
    let newer = Link::read(&letters(world, &email, 2).await[1], "setpassword");
    newer.set(world, PASSWORD).await.must(200);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn an_invitation_made_after_a_forced_password_brings_a_link_that_works() {
    let world = world().await;
    let (first, second) = (world.project("First").await, world.project("Second").await);
    let email = address("alice", &first);
    invited(&first, &with(alice(&email), json!({ "sendEmail": false }))).await;
    let forced = json!({ "email": email, "password": "forced-horse-9" });
    let path = "/admin/super/setpassword";
    world.root().post(path, &forced).await.must(200);
    let (_, link) = invited_by_letter(world, &second, &email).await;
    link.set(world, PASSWORD).await.must(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_link_or_a_password_is_said_in_the_words_that_pages_know() {
    let world = world().await;
    let project = world.project("Wrong").await;
    let (_, link) = invited_by_letter(world, &project, &address("alice", &project)).await;
    let whole = json!({ "id": link.id, "secret": link.secret, "password": PASSWORD });
    let nobody = "00000000-0000-4000-8000-000000000000";
    let cases = [
        (json!({ "id": "zz" }), 400, "Invalid request ID", "id"),
        (json!({ "id": "" }), 400, "Invalid request ID", "id"),
        (json!({ "id": 7 }), 400, "Invalid request ID", "id"),
        (json!({ "secret": "" }), 400, "Missing secret", "secret"),
        (
            json!({ "password": "x" }),
            400,
            "Invalid password, must be at least 8 characters",
            "password",
        ),
        (
            json!({ "password": "é".repeat(37) }),
            400,
            "Password must be between 8 and 72 characters",
            "password",
        ),
        (
            json!({ "password": "breached-password" }),
            400,
            "Password found in breach database",
            "password",
        ),
        (json!({ "secret": "wrong" }), 400, "Incorrect secret", ""),
        (json!({ "id": nobody }), 404, "Not found", ""),
    ];
    for (change, status, text, field) in cases {
        let body = with(whole.clone(), change.clone());
        let answer = world.anonymous().post("/auth/setpassword", &body).await;
        let answer = answer.must(status);
        assert_eq!(answer.issue_text(), text, "{change}");
        assert_eq!(answer.expression(), field, "{change}");
    }
    let nothing = world
        .anonymous()
        .post("/auth/setpassword", &json!({}))
        .await;
    assert_eq!(nothing.must(400).body["issue"].as_array().unwrap().len(), 3);
    let verify = json!({ "id": link.id, "secret": link.secret });
    let wrong = world.anonymous().post("/auth/verifyemail", &verify).await;
    let text = "Invalid user security request type";
    assert_eq!(wrong.must(400).issue_text(), text);
    link.set(world, PASSWORD).await.must(200);
}
