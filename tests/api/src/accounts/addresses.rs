//! Another e-mail address for a user.

use harness::world::{Answer, Client, Project};
use serde_json::{Value, json};

use super::{Link, invited_by_letter, letters, row_of};
use crate::ledger::Ledger;
use crate::world::{address, alice, invited, with, world};

const PASSWORD: &str = "correct-horse-9";

fn path(membership: &Value) -> String {
    let user = membership["user"]["reference"].as_str().unwrap();
    format!("/fhir/R4/{user}/$update-email")
}

/// A patient, whose user belongs to the project alone, invited without a letter.
async fn patient(project: &Project, email: &str) -> Value {
    let body = json!({ "resourceType": "Patient", "sendEmail": false });
    invited(project, &with(alice(email), body)).await
}

async fn moved(caller: &Client, membership: &Value, body: Value) -> Answer {
    caller.post(&path(membership), &body).await
}

async fn invite_again(project: &Project, email: &str) -> Answer {
    let body = json!({ "resourceType": "Patient", "sendEmail": false });
    project
        .invite(&project.admin, &with(alice(email), body))
        .await
}

#[tokio::test]
async fn a_new_address_is_normal_unverified_unproven_and_tells_nothing_secret() {
    let world = world().await;
    let project = world.project("Moving").await;
    let (old, new) = (address("alice", &project), address("alice.new", &project));
    let membership = patient(&project, &old).await;
    let set = json!({ "email": old, "password": PASSWORD });
    let forced = "/admin/projects/setpassword";
    project.admin.post(forced, &set).await.must(200);
    let body = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "email", "valueString": new.to_uppercase() }, { "name": "skipEmailVerification", "valueBoolean": true },
    ]});
    let answer = moved(&project.admin, &membership, body).await.must(200);
    assert_eq!(answer.body["email"], new);
    assert_eq!(answer.body["emailVerified"], false);
    assert_eq!(
        answer.header("etag"),
        format!(
            "W/\"{}\"",
            answer.body["meta"]["versionId"].as_str().unwrap()
        )
    );
    for hidden in ["password", "mfa", "epoch", "proven"] {
        assert!(!answer.text.contains(hidden), "{}", answer.text);
    }
    let row = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(
        (&row["address"]["N"], &row["provenAddress"]["N"]),
        (&json!("2"), &json!("0"))
    );
    assert_eq!(row["epoch"]["N"], "3");
    let letters = letters(world, &old, 1).await;
    assert!(
        !letters[0].contains(&new),
        "the former address does not learn the new one"
    );
    let all = world.mailbox().messages().into_iter();
    assert_eq!(all.filter(|letter| letter.to == new).count(), 0);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let events = ledger.events(&project.id);
    let event = events
        .iter()
        .find(|event| event["operation"] == "update-user-email")
        .unwrap();
    assert!(!event.to_string().contains('@'), "{event}");
}

#[tokio::test]
async fn the_former_address_is_free_again_and_the_new_one_is_taken() {
    let world = world().await;
    let project = world.project("Freed").await;
    let (old, new) = (address("alice", &project), address("alice.new", &project));
    let membership = patient(&project, &old).await;
    let body = json!({ "email": new, "updateProfileTelecom": true });
    moved(&project.admin, &membership, body).await.must(200);
    let other = invite_again(&project, &old).await.must(200).body;
    assert_ne!(other["user"], membership["user"]);
    assert_ne!(
        other["profile"]["reference"],
        membership["profile"]["reference"]
    );
    let same = invite_again(&project, &new).await.must(409);
    assert_eq!(
        same.issue_text(),
        "User is already a member of this project"
    );
    let back = moved(&project.admin, &membership, json!({ "email": old }))
        .await
        .must(409);
    assert_eq!(back.issue_text(), "Email already registered");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn the_profile_gets_the_new_address_for_work_and_keeps_the_former_one_as_old() {
    let world = world().await;
    let project = world.project("Telecom").await;
    let (old, new) = (address("alice", &project), address("alice.new", &project));
    let membership = patient(&project, &old).await;
    let profile = format!(
        "/fhir/R4/{}",
        membership["profile"]["reference"].as_str().unwrap()
    );
    let before = project.admin.get(&profile).await.must(200).body;
    let body = json!({ "email": new, "updateProfileTelecom": true, "skipEmailVerification": true });
    moved(&project.admin, &membership, body).await.must(200);
    let after = project.admin.get(&profile).await.must(200).body;
    assert_eq!(
        after["telecom"],
        json!([
            { "system": "email", "use": "old", "value": old },
            { "use": "work", "system": "email", "value": new },
        ])
    );
    assert_ne!(after["meta"]["versionId"], before["meta"]["versionId"]);
    assert_eq!(after["name"], before["name"]);
    let ledger = Ledger::read(world).await;
    assert_eq!(ledger.below(&format!("P#{}#X#email#", project.id)).len(), 1);
}

#[tokio::test]
async fn the_link_in_the_letter_to_the_new_address_verifies_it_once_and_proves_nothing() {
    let world = world().await;
    let project = world.project("Verify").await;
    let (old, new) = (address("alice", &project), address("alice.new", &project));
    let membership = patient(&project, &old).await;
    moved(&project.admin, &membership, json!({ "email": new }))
        .await
        .must(200);
    let letter = world.letter_to(&new).await.unwrap();
    assert_eq!(letter.subject, "Medplum Email Address Updated");
    let link = Link::read(&letter.text, "verifyemail");
    let verify = |secret: &str| {
        let body = json!({ "id": link.id, "secret": secret });
        async move { world.anonymous().post("/auth/verifyemail", &body).await }
    };
    assert_eq!(
        verify("wrong").await.must(400).issue_text(),
        "Incorrect secret"
    );
    let as_password = link.set(world, PASSWORD).await.must(400);
    assert_eq!(as_password.issue_text(), "Invalid request type");
    assert_eq!(verify(&link.secret).await.must(200).issue_text(), "All OK");
    assert_eq!(
        verify(&link.secret).await.must(400).issue_text(),
        "Already used"
    );
    let row = row_of(world, &membership, "USER").await.unwrap();
    assert!(
        row["body"]["S"]
            .as_str()
            .unwrap()
            .contains("\"emailVerified\":true")
    );
    assert_eq!(row["provenAddress"]["N"], "0", "anybody may follow a link");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_letter_about_an_address_that_is_no_longer_the_users_verifies_nothing() {
    let world = world().await;
    let project = world.project("Two moves").await;
    let membership = patient(&project, &address("alice", &project)).await;
    let (first, second) = (address("alice.1", &project), address("alice.2", &project));
    moved(&project.admin, &membership, json!({ "email": first }))
        .await
        .must(200);
    let link = Link::read(&world.letter_to(&first).await.unwrap().text, "verifyemail");
    moved(&project.admin, &membership, json!({ "email": second }))
        .await
        .must(200);
    let body = json!({ "id": link.id, "secret": link.secret });
    let late = world
        .anonymous()
        .post("/auth/verifyemail", &body)
        .await
        .must(400);
    assert_eq!(late.issue_text(), "The link is no longer valid");
}

#[tokio::test]
async fn links_to_the_former_address_are_dead_and_an_invitation_sent_again_goes_to_the_new_one() {
    let world = world().await;
    let project = world.project("Followed").await;
    let (old, new) = (address("alice", &project), address("alice.new", &project));
    let body = with(alice(&old), json!({ "resourceType": "Patient" }));
    let membership = invited(&project, &body).await;
    let link = Link::read(&letters(world, &old, 1).await[0], "setpassword");
    let quietly = json!({ "email": new, "skipEmailVerification": true });
    moved(&project.admin, &membership, quietly).await.must(200);
    let dead = link.set(world, PASSWORD).await.must(400);
    assert_eq!(dead.issue_text(), "The link is no longer valid");
    let resend = format!(
        "members/{}/invitation/resend",
        membership["id"].as_str().unwrap()
    );
    project
        .admin
        .post(&project.path(&resend), &json!({}))
        .await
        .must(200);
    let link = Link::read(&letters(world, &new, 1).await[0], "setpassword");
    link.set(world, PASSWORD).await.must(200);
    let row = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(row["provenAddress"]["N"], "2");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn an_administrator_changes_the_users_of_his_project_and_learns_nothing_of_others() {
    let world = world().await;
    let (project, other) = (world.project("Mine").await, world.project("Theirs").await);
    let own = patient(&project, &address("alice", &project)).await;
    let foreign = patient(&other, &address("homer", &other)).await;
    let (staff, _) = invited_by_letter(world, &project, &address("staff", &project)).await;
    let (stranger, _) = invited_by_letter(world, &other, &address("stranger", &other)).await;
    let body =
        |name: &str| json!({ "email": address(name, &project), "skipEmailVerification": true });
    let plain = project.application("Plain").await;
    moved(&plain, &own, body("a")).await.must(403);
    let known = moved(&project.admin, &staff, body("b")).await.must(403);
    assert_eq!(known.issue_text(), "Forbidden");
    let unknown = json!({ "user": { "reference": "User/00000000-0000-4000-8000-000000000000" } });
    let malformed = json!({ "user": { "reference": "User/nope" } });
    for user in [&foreign, &stranger, &unknown, &malformed] {
        let refused = moved(&project.admin, user, body("c")).await.must(404);
        assert_eq!(refused.issue_text(), "Not found");
    }
    moved(world.root(), &foreign, body("d")).await.must(200);
    moved(world.root(), &staff, body("e")).await.must(200);
    let with_profile = with(body("f"), json!({ "updateProfileTelecom": true }));
    let refused = moved(world.root(), &staff, with_profile).await.must(400);
    assert_eq!(
        refused.issue_text(),
        "Cannot update profile of server-scoped User"
    );
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_said() {
    let project = world().await.project("Faults").await;
    let membership = patient(&project, &address("alice", &project)).await;
    let nothing = moved(&project.admin, &membership, json!({}))
        .await
        .must(400);
    assert_eq!(
        nothing.issue_text(),
        "Expected at least 1 value(s) for required input parameter 'email'"
    );
    for email in [json!("nope"), json!(7), json!(["a@example.com"])] {
        let answer = moved(&project.admin, &membership, json!({ "email": email })).await;
        assert_eq!(answer.must(400).expression(), "email");
    }
}
