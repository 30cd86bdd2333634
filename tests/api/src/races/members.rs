//! One membership in many hands.

use std::collections::BTreeSet;

use harness::world::{Answer, Project, Request};
use serde_json::{Value, json};

use super::{MANY, arena, only, with_status};
use crate::ledger::{Ledger, text};
use crate::world::at_once;

async fn member(project: &Project, email: &str) -> Value {
    let body = json!({
        "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "email": email, "sendEmail": false,
    });
    project.invite(&project.admin, &body).await.must(200).body
}

#[tokio::test]
async fn of_many_changes_of_one_membership_at_once_none_is_lost_from_its_history() {
    let (world, _turn) = arena().await;
    let project = world.project("Many pens").await;
    let alice = member(&project, "alice.pens@example.com").await;
    let answers = at_once(MANY, |number| {
        let (project, mut changed) = (project.clone(), alice.clone());
        changed["userName"] = json!(format!("alice-{number}"));
        async move { project.update(&project.admin, &changed).await }
    })
    .await;
    only(&answers, &[200, 409]);
    let changed = with_status(&answers, 200);
    assert!(changed >= 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let id = alice["id"].as_str().unwrap();
    let kept = ledger.partition(&format!("P#{}#H#ProjectMembership#{id}", project.id));
    let current = ledger.persons(&project.id)[0];
    assert_eq!(kept.len(), changed, "one version is kept for each change");
    let kept = kept
        .into_iter()
        .map(|row| text(row, "SK").replace("V#", ""));
    let stored: BTreeSet<_> = kept.chain([text(current, "ver")]).collect();
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let version = answer.body["meta"]["versionId"].as_str().unwrap();
        assert!(
            stored.contains(version),
            "{version} was answered and is not stored"
        );
    }
}

#[tokio::test]
async fn of_many_changes_with_the_same_version_in_hand_only_one_is_made() {
    let (world, _turn) = arena().await;
    let project = world.project("One pen").await;
    let alice = member(&project, "alice.pen@example.com").await;
    let seen = format!("W/\"{}\"", alice["meta"]["versionId"].as_str().unwrap());
    let path = project.path(&format!("members/{}", alice["id"].as_str().unwrap()));
    let answers = at_once(MANY, |number| {
        let mut changed = alice.clone();
        changed["userName"] = json!(format!("smith-{number}"));
        let request = Request::new("POST", &path)
            .header("if-match", &seen)
            .json(&changed);
        let admin = project.admin.clone();
        async move { admin.send(request).await }
    })
    .await;
    only(&answers, &[200, 412]);
    assert_eq!(with_status(&answers, 200), 1);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn of_many_removals_of_one_member_at_once_one_succeeds_and_the_others_find_him_gone() {
    let (world, _turn) = arena().await;
    let project = world.project("Everybody fires Alice").await;
    let alice = member(&project, "alice.fired@example.com").await;
    let mut admin = alice.clone();
    admin["admin"] = json!(true);
    project.update(&project.admin, &admin).await.must(200);
    let path = project.path(&format!("members/{}", alice["id"].as_str().unwrap()));
    let answers = at_once(MANY, |_| {
        let (admin, path) = (project.admin.clone(), path.clone());
        async move { admin.delete(&path).await }
    })
    .await;
    only(&answers, &[200, 410]);
    assert_eq!(with_status(&answers, 200), 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert!(ledger.persons(&project.id).is_empty());
    assert_eq!(
        ledger.users("alice.fired@example.com").len(),
        1,
        "the user stays"
    );
}

#[tokio::test]
async fn changes_and_a_removal_at_once_leave_either_a_member_or_nothing() {
    let (world, _turn) = arena().await;
    let project = world.project("Hire and fire").await;
    let alice = member(&project, "alice.both@example.com").await;
    let path = project.path(&format!("members/{}", alice["id"].as_str().unwrap()));
    let answers = at_once(MANY, |number| {
        let (project, path, mut changed) = (project.clone(), path.clone(), alice.clone());
        changed["externalId"] = json!(format!("badge-{number}"));
        async move {
            match number % 8 {
                7 => project.admin.delete(&path).await,
                _ => project.update(&project.admin, &changed).await,
            }
        }
    })
    .await;
    only(&answers, &[200, 409, 410]);
    let removed: Vec<&Answer> = answers.iter().skip(7).step_by(8).collect();
    let gone = removed.iter().filter(|answer| answer.status == 200).count();
    assert!(gone <= 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 1 - gone);
}
