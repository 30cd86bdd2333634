//! The letter that follows an invite.

use serde_json::json;

use super::{invite, project};
use crate::world::{address, alice, invited, with, world};

#[tokio::test]
async fn a_new_user_gets_one_letter_with_a_link_to_set_a_password() {
    let project = project().await;
    let email = address("alice", &project);
    let member = invite(&project, alice(&email.to_uppercase()))
        .await
        .must(200);
    let letter = world().await.letter_to(&email).await.unwrap();
    assert_eq!(letter.subject, "Welcome to Medplum");
    assert!(letter.text.contains("You were invited to Invites"));
    let link = letter
        .text
        .lines()
        .find(|line| line.starts_with("http"))
        .unwrap();
    let mut parts = link.rsplit('/');
    let (secret, request) = (parts.next().unwrap(), parts.next().unwrap());
    assert_eq!(parts.next(), Some("setpassword"));
    assert_eq!(request.len(), 36);
    assert!(
        secret.len() >= 43,
        "256 bits have at least 43 characters: {secret}"
    );
    assert!(!member.text.contains(secret));
    let all = world().await.mailbox().messages();
    let to_her = all.iter().filter(|letter| letter.to.contains(&email));
    assert_eq!(to_her.count(), 1);
}

#[tokio::test]
async fn nothing_is_mailed_when_that_is_not_wanted() {
    let project = project().await;
    let (quiet, loud) = (address("quiet", &project), address("loud", &project));
    invited(
        &project,
        &with(alice(&quiet), json!({ "sendEmail": false })),
    )
    .await;
    invited(&project, &alice(&loud)).await;
    // Letters go out in the order of the stream: when the later one is there, the earlier one is not coming.
    world().await.letter_to(&loud).await.unwrap();
    let all = world().await.mailbox().messages();
    assert!(!all.iter().any(|letter| letter.to.contains(&quiet)));
}

#[tokio::test]
async fn a_mail_that_fails_is_no_error_of_the_invite() {
    let project = project().await;
    let member = invite(&project, alice(&address("mailfail", &project)))
        .await
        .must(200);
    assert_eq!(member.body["resourceType"], "ProjectMembership");
}
