//! Invitations as a product: seen by status, sent again, taken back.

use harness::world::Project;
use serde_json::{Value, json};

use crate::world::{address, alice, invited, with, world};

async fn list(project: &Project, status: &str) -> Vec<Value> {
    let path = format!("{}?status={status}", project.path("invitations"));
    let page = project.admin.get(&path).await.must(200);
    page.body["invitations"].as_array().unwrap().clone()
}

fn invitation_of(project: &Project, membership: &Value) -> String {
    project.path(&format!(
        "members/{}/invitation",
        membership["id"].as_str().unwrap()
    ))
}

fn link(text: &str) -> String {
    text.lines()
        .find(|line| line.contains("/setpassword/"))
        .unwrap()
        .to_owned()
}

/// The letters to an address, once there are `count` of them.
async fn letters(email: &str, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let mailbox = world().await.mailbox().messages();
        let found: Vec<String> = mailbox
            .into_iter()
            .filter(|letter| letter.to == email)
            .map(|letter| letter.text)
            .collect();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {count} letters to {email}")
}

#[tokio::test]
async fn an_invitation_is_pending_and_shows_what_became_of_its_letter_but_no_secret() {
    let project = world().await.project("Pending").await;
    let email = address("alice", &project);
    let membership = invited(&project, &alice(&email)).await;
    letters(&email, 1).await;
    let pending = list(&project, "pending").await;
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0]["user"]["display"], email);
    assert_eq!(
        pending[0]["membership"]["reference"].as_str().unwrap(),
        crate::world::reference(&membership)
    );
    assert!(!pending[0].to_string().to_lowercase().contains("secret"));
    assert_eq!(list(&project, "accepted").await, Vec::<Value>::new());
    let bogus = format!("{}?status=bogus", project.path("invitations"));
    assert_eq!(
        project.admin.get(&bogus).await.must(400).expression(),
        "status"
    );
}

#[tokio::test]
async fn a_letter_sent_again_has_a_new_link_and_the_older_one_is_dead() {
    let project = world().await.project("Again").await;
    let email = address("alice", &project);
    let membership = invited(&project, &alice(&email)).await;
    letters(&email, 1).await;
    let path = format!("{}/resend", invitation_of(&project, &membership));
    let again = project.admin.post(&path, &json!({})).await.must(200);
    assert_eq!(
        (&again.body["status"], &again.body["letters"]),
        (&json!("pending"), &json!(2))
    );
    let both = letters(&email, 2).await;
    let (older, newer) = (link(&both[0]), link(&both[1]));
    assert_ne!(older, newer);
    let request = format!("REQUEST#{}", membership["id"].as_str().unwrap());
    let hash_of = |link: &str| {
        let secret = link.rsplit('/').next().unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let rows = world().await.rows(&request).await;
    assert_eq!(
        rows[0]["secretHash"]["S"].as_str().unwrap(),
        hash_of(&newer)
    );
}

#[tokio::test]
async fn a_revoked_invitation_is_dead_and_its_member_stays_unless_the_request_says_otherwise() {
    let project = world().await.project("Revoked").await;
    let (kept, gone) = (address("kept", &project), address("gone", &project));
    let quiet = json!({ "sendEmail": false });
    let kept = invited(&project, &with(alice(&kept), quiet.clone())).await;
    let gone = invited(&project, &with(alice(&gone), quiet)).await;
    project
        .admin
        .delete(&invitation_of(&project, &kept))
        .await
        .must(200);
    let with_member = format!("{}?membership=remove", invitation_of(&project, &gone));
    project.admin.delete(&with_member).await.must(200);
    let member = |membership: &Value| {
        project.path(&format!("members/{}", membership["id"].as_str().unwrap()))
    };
    project.admin.get(&member(&kept)).await.must(200);
    project.admin.get(&member(&gone)).await.must(410);
    assert_eq!(list(&project, "revoked").await.len(), 2);
    let again = format!("{}/resend", invitation_of(&project, &kept));
    let refused = project.admin.post(&again, &json!({})).await.must(409);
    assert_eq!(refused.issue_text(), "The invitation was revoked");
    project
        .admin
        .delete(&invitation_of(&project, &kept))
        .await
        .must(409);
}

#[tokio::test]
async fn who_was_not_invited_or_has_no_address_gets_no_letter() {
    let project = world().await.project("Nobody").await;
    let client = project
        .membership(&format!("ClientApplication/{}", project.admin.id()))
        .await;
    let path = format!("{}/resend", invitation_of(&project, &client));
    project.admin.post(&path, &json!({})).await.must(404);
    let body = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson", "externalId": "x-1" });
    let silent = invited(&project, &body).await;
    let path = format!("{}/resend", invitation_of(&project, &silent));
    let refused = project.admin.post(&path, &json!({})).await.must(409);
    assert_eq!(
        refused.issue_text(),
        "The invited user has no email address"
    );
}
