//! Transactions that meet.

use serde_json::json;

use super::{arena, only, with_status};
use crate::ledger::Ledger;
use crate::transactions::{atomic, named, post, put, send, urn};
use crate::world::{at_once, reference};

#[tokio::test]
async fn of_many_transactions_that_make_one_thing_unless_it_is_there_one_makes_it() {
    let (world, _turn) = arena().await;
    let project = world.project("Made once").await;
    atomic(world.root(), &project, json!({})).await;
    let request = json!({ "method": "POST", "url": "Patient", "ifNoneExist": "identifier=race" });
    let patient = json!({ "resourceType": "Patient", "identifier": [{ "value": "race" }] });
    let about = json!({ "resourceType": "Basic", "code": { "text": "x" }, "subject": { "reference": urn(1) } });
    let entries = [
        post(&about),
        named(1, json!({ "request": request, "resource": patient })),
    ];
    let answers = at_once(16, |_| {
        let (admin, entries) = (project.admin.clone(), entries.clone());
        async move { send(&admin, &entries).await }
    })
    .await;
    only(&answers, &[200]);
    let made = answers
        .iter()
        .filter(|answer| answer.body["entry"][1]["response"]["status"] == "201");
    assert_eq!(made.count(), 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.resources(&project.id, "Patient").len(), 1);
    let patient = reference(&answers[0].body["entry"][1]["resource"]);
    let abouts = ledger.resources(&project.id, "Basic");
    assert_eq!(abouts.len(), 16);
    for about in abouts {
        assert_eq!(about["body"]["subject"]["reference"], patient);
    }
}

#[tokio::test]
async fn administrators_who_demote_each_other_by_transactions_never_leave_none() {
    let (world, _turn) = arena().await;
    for round in 0..8 {
        let project = world.project(&format!("Duel {round}")).await;
        atomic(world.root(), &project, json!({})).await;
        let clients = [project.admin.clone(), project.administrator("Other").await];
        let mut others = Vec::new();
        for client in clients.iter().rev() {
            let user = format!("ClientApplication/{}", client.id());
            others.push(project.membership(&user).await);
        }
        let made = json!({ "resourceType": "Patient" });
        let answers = at_once(2, |number| {
            let client = clients[number].clone();
            let demote = put(&others[number], json!({ "admin": false }));
            let entries = [post(&made), demote];
            async move { send(&client, &entries).await }
        })
        .await;
        only(&answers, &[200, 403, 409]);
        let ledger = Ledger::read(world).await;
        ledger.must_hold();
        let done = with_status(&answers, 200);
        assert_eq!(ledger.admins(&project.id).1, 2 - done);
        assert!(done <= 1);
        assert_eq!(ledger.resources(&project.id, "Patient").len(), done);
    }
}

#[tokio::test]
async fn of_many_transactions_that_change_two_things_none_changes_one() {
    let (world, _turn) = arena().await;
    let project = world.project("Pairs").await;
    atomic(world.root(), &project, json!({})).await;
    let one = post(&json!({ "resourceType": "Organization", "name": "0" }));
    let made = send(&project.admin, &[one.clone(), one]).await.must(200);
    let pair = [0, 1].map(|at| made.body["entry"][at]["resource"].clone());
    let answers = at_once(16, |number| {
        let name = json!({ "name": format!("by {number}") });
        let mut entries = [put(&pair[0], name.clone()), put(&pair[1], name)];
        if number % 2 == 0 {
            entries.reverse();
        }
        let admin = project.admin.clone();
        async move { send(&admin, &entries).await }
    })
    .await;
    only(&answers, &[200, 409]);
    let done = with_status(&answers, 200);
    assert!(done >= 1);
    let ledger = Ledger::read(world).await;
    let rows = ledger.resources(&project.id, "Organization");
    assert_eq!(rows[0]["body"]["name"], rows[1]["body"]["name"]);
    for one in &pair {
        let past = format!(
            "P#{}#H#Organization#{}",
            project.id,
            one["id"].as_str().unwrap()
        );
        assert_eq!(ledger.partition(&past).len(), done);
    }
}
