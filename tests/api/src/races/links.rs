//! One link, used by many at once; many links asked for at once.

use std::time::Duration;

use harness::proxy::{Fault, Plan};
use serde_json::json;

use super::{MANY, arena, only, with_status};
use crate::accounts::{Link, invited_by_letter, letters, row_of};
use crate::ledger::Ledger;
use crate::world::at_once;

#[tokio::test]
async fn one_link_used_by_many_at_once_sets_one_password() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for a link").await;
    let (membership, link) = invited_by_letter(world, &project, "link.race@example.com").await;
    let answers = at_once(MANY, |number| {
        let (link, password) = (link.clone(), format!("correct-horse-{number}"));
        async move { link.set(world, &password).await }
    })
    .await;
    only(&answers, &[200, 400]);
    assert_eq!(with_status(&answers, 200), 1);
    let refused = answers.iter().filter(|answer| answer.status == 400);
    for answer in refused {
        assert_eq!(answer.issue_text(), "Already used");
    }
    let user = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(user["epoch"]["N"], "2");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_link_used_between_two_looks_at_it_is_used_and_not_superseded() {
    let (world, _turn) = arena().await;
    let project = world.project("Two looks at a link").await;
    let (_, link) = invited_by_letter(world, &project, "two.looks@example.com").await;
    // Whoever comes first reads the link, and its user only after the other one is done.
    let late = Fault::Delay(Duration::from_secs(1));
    let calls = "recover-account/BatchGetItem";
    world
        .proxy()
        .lay(Plan::new(7).conflicts().nth(calls, 2, late));
    let answers = at_once(2, |number| {
        let (link, password) = (link.clone(), format!("correct-horse-{number}"));
        async move {
            tokio::time::sleep(Duration::from_millis(300 * number as u64)).await;
            link.set(world, &password).await
        }
    })
    .await;
    world.proxy().lay(Plan::new(7).conflicts());
    only(&answers, &[200, 400]);
    let refused = answers.iter().find(|answer| answer.status == 400).unwrap();
    assert_eq!(refused.issue_text(), "Already used");
}

#[tokio::test]
async fn of_many_resets_at_once_one_link_lives() {
    let (world, _turn) = arena().await;
    let project = world.project("Race of resets").await;
    let email = "reset.race@example.com";
    let (_, welcome) = invited_by_letter(world, &project, email).await;
    let many = 16;
    let answers = at_once(many, |_| {
        let anonymous = world.anonymous();
        async move {
            anonymous
                .post("/auth/resetpassword", &json!({ "email": email }))
                .await
        }
    })
    .await;
    only(&answers, &[200, 409]);
    let made = with_status(&answers, 200);
    let texts = letters(world, email, 1 + made).await;
    let mut living = 0;
    for text in &texts[1..] {
        let link = Link::read(text, "setpassword");
        let answer = link.set(world, "correct-horse-9").await;
        living += usize::from(answer.status == 200);
    }
    assert_eq!((texts.len(), living), (1 + made, 1));
    // The invitation was made before the password that one of them has set.
    welcome.set(world, "correct-horse-9").await.must(400);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn one_address_wanted_for_many_users_at_once_is_given_to_one() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for an address").await;
    let mut users = Vec::new();
    for number in 0..MANY {
        let body = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson", "sendEmail": false,
            "email": format!("homer{number}.move@example.com") });
        let member = project.invite(&project.admin, &body).await.must(200).body;
        users.push(member["user"]["reference"].as_str().unwrap().to_owned());
    }
    let answers = at_once(MANY, |number| {
        let (admin, user) = (project.admin.clone(), users[number].clone());
        let body = json!({ "email": "the.one.move@example.com", "skipEmailVerification": true });
        async move {
            admin
                .post(&format!("/fhir/R4/{user}/$update-email"), &body)
                .await
        }
    })
    .await;
    super::winners(&answers, 1, "Email already registered");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.users("the.one.move@example.com").len(), 1);
}
