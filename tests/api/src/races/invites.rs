//! Invitations into one project, and of one person into several.

use std::collections::BTreeSet;

use harness::world::{Answer, Project};
use serde_json::{Value, json};

use super::{MANY, arena, winners, with_status};
use crate::ledger::Ledger;
use crate::world::at_once;

fn person(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Homer", "lastName": "Simpson", "email": email })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

async fn invite_at_once(project: &Project, body: impl Fn(usize) -> Value) -> Vec<Answer> {
    at_once(MANY, |number| {
        let (project, body) = (project.clone(), body(number));
        async move { project.invite(&project.admin, &body).await }
    })
    .await
}

#[tokio::test]
async fn one_address_invited_by_many_at_once_becomes_one_member_with_one_letter() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for one seat").await;
    let email = "homer.race@example.com";
    let answers = invite_at_once(&project, |_| person(email)).await;
    winners(&answers, 1, "User is already a member of this project");
    let text = "User is already a member of this project";
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 || answer.issue_text() == text)
    );
    world.letter_to(email).await.expect("the winner's letter");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.users(email).len(), 1);
    assert_eq!(ledger.resources(&project.id, "Practitioner").len(), 1);
    assert_eq!(ledger.persons(&project.id).len(), 1);
    assert_eq!(ledger.invitations(&project.id).len(), 1);
    let letters = world.mailbox().messages().into_iter();
    assert_eq!(letters.filter(|letter| letter.to == email).count(), 1);
}

#[tokio::test]
async fn many_upserts_of_one_address_at_once_all_succeed_with_one_membership() {
    let (world, _turn) = arena().await;
    let project = world.project("Race of upserts").await;
    let email = "marge.race@example.com";
    let answers = invite_at_once(&project, |_| with(person(email), "upsert", true)).await;
    winners(&answers, MANY, "");
    let ids: BTreeSet<_> = answers.iter().map(Answer::id).collect();
    assert_eq!(ids.len(), 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.users(email).len(), 1);
    assert_eq!(ledger.persons(&project.id).len(), 1);
    assert_eq!(ledger.resources(&project.id, "Practitioner").len(), 1);
}

#[tokio::test]
async fn many_people_invited_at_once_all_come_in() {
    let (world, _turn) = arena().await;
    let project = world.project("Race of a crowd").await;
    let email = |number| format!("guest{number}.race@example.com");
    let answers = invite_at_once(&project, |number| person(&email(number))).await;
    winners(&answers, MANY, "");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), MANY);
    for number in 0..MANY {
        world
            .letter_to(&email(number))
            .await
            .expect("a letter for everybody");
    }
}

#[tokio::test]
async fn one_external_id_for_many_people_at_once_is_given_once_and_leaves_nothing_of_the_others() {
    let (world, _turn) = arena().await;
    let project = world.project("Race for an external id").await;
    let email = |number| format!("external{number}.race@example.com");
    let answers = invite_at_once(&project, |number| {
        with(person(&email(number)), "externalId", "badge-1")
    })
    .await;
    winners(&answers, 1, "already exists");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let users: usize = (0..MANY)
        .map(|number| ledger.users(&email(number)).len())
        .sum();
    assert_eq!(users, 1);
    assert_eq!(ledger.resources(&project.id, "Practitioner").len(), 1);
    assert_eq!(ledger.invitations(&project.id).len(), 1);
}

#[tokio::test]
async fn two_projects_that_invite_one_new_person_at_once_share_one_user() {
    let (world, _turn) = arena().await;
    let projects = [
        world.project("Springfield").await,
        world.project("Shelbyville").await,
    ];
    for round in 0..8 {
        let email = format!("wanderer{round}.race@example.com");
        let answers = at_once(2, |number| {
            let (project, body) = (projects[number].clone(), person(&email));
            async move { project.invite(&project.admin, &body).await }
        })
        .await;
        assert_eq!(with_status(&answers, 200), 2, "{answers:?}");
        assert_eq!(
            answers[0].body["user"]["reference"],
            answers[1].body["user"]["reference"]
        );
        assert_eq!(Ledger::read(world).await.users(&email).len(), 1);
    }
    Ledger::read(world).await.must_hold();
}
