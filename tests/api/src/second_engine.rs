//! What rests on the table alone, before Amazon's own DynamoDB Local: two engines that agree are a better proof than one.

use std::collections::BTreeSet;

use harness::proxy::{Fault, Plan};
use harness::second_engine::SecondEngine;
use harness::world::{Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::ledger::Ledger;
use crate::world::{at_once, options};

/// How many callers race.
const SEVERAL: usize = 16;

async fn amazon() -> (&'static World, MutexGuard<'static, ()>) {
    static ENGINE: OnceCell<SecondEngine> = OnceCell::const_new();
    static WORLD: OnceCell<World> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let start = async || SecondEngine::start().await.expect("DynamoDB Local");
    let engine = ENGINE.get_or_init(start).await;
    let start = async || {
        World::start_before(engine.url(), options(8, Plan::default()))
            .await
            .expect("the world starts")
    };
    (WORLD.get_or_init(start).await, turn)
}

fn person(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Homer", "lastName": "Simpson", "email": email })
}

async fn count(project: &Project, statuses: [(u16, usize); 2], body: impl Fn(usize) -> Value) {
    let answers = at_once(SEVERAL, |number| {
        let (project, body) = (project.clone(), body(number));
        async move { project.invite(&project.admin, &body).await }
    })
    .await;
    for (status, wanted) in statuses {
        let found = answers
            .iter()
            .filter(|answer| answer.status == status)
            .count();
        assert_eq!(found, wanted, "{status}: {answers:?}");
    }
}

#[tokio::test]
async fn on_the_second_engine_too_one_address_invited_at_once_becomes_one_member() {
    let (world, _turn) = amazon().await;
    let project = world.project("Second race").await;
    count(&project, [(200, 1), (409, SEVERAL - 1)], |_| {
        person("second@example.com")
    })
    .await;
    let upsert = |_| {
        let mut body = person("second.upsert@example.com");
        body["upsert"] = json!(true);
        body
    };
    count(&project, [(200, SEVERAL), (409, 0)], upsert).await;
    let external = |number| {
        let mut body = person(&format!("second.{number}@example.com"));
        body["externalId"] = json!("second-badge");
        body
    };
    count(&project, [(200, 1), (409, SEVERAL - 1)], external).await;
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 3);
}

#[tokio::test]
async fn on_the_second_engine_too_the_last_administrator_stays() {
    let (world, _turn) = amazon().await;
    let project = world.project("Second resignation").await;
    let mut admins = vec![project.admin.clone()];
    for number in 1..SEVERAL {
        admins.push(
            project
                .administrator(&format!("Administrator {number}"))
                .await,
        );
    }
    let mut own = Vec::new();
    for admin in &admins {
        let mut membership = project
            .membership(&format!("ClientApplication/{}", admin.id()))
            .await;
        membership["admin"] = json!(false);
        own.push(membership);
    }
    let answers = at_once(SEVERAL, |number| {
        let (project, admin, membership) =
            (project.clone(), admins[number].clone(), own[number].clone());
        async move { project.update(&admin, &membership).await }
    })
    .await;
    let stayed: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status != 200)
        .collect();
    let [last] = &stayed[..] else {
        panic!("one stays, not {stayed:?}")
    };
    assert_eq!(
        (last.status, last.issue_text()),
        (409, "A project must keep at least one active administrator")
    );
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.admins(&project.id), (1, 1));
}

#[tokio::test]
async fn on_the_second_engine_too_a_list_is_read_page_by_page_without_loss_or_repetition() {
    let (world, _turn) = amazon().await;
    let project = world.project("Second list").await;
    count(&project, [(200, SEVERAL), (409, 0)], |number| {
        person(&format!("page{number}@example.com"))
    })
    .await;
    let mut path =
        "/fhir/R4/ProjectMembership?profile-type:not=ClientApplication,Bot&_count=5".to_owned();
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page = project.admin.get(&path).await.must(200).body;
        pages += 1;
        for entry in page["entry"].as_array().into_iter().flatten() {
            let id = entry["resource"]["id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id), "{entry} came twice");
        }
        let links = page["link"].as_array().unwrap();
        let next = links.iter().find(|link| link["relation"] == "next");
        let Some(next) = next.and_then(|link| link["url"].as_str()) else {
            break;
        };
        path = next.strip_prefix(world.api()).unwrap_or(next).to_owned();
    }
    assert_eq!((seen.len(), pages), (SEVERAL, 4));
}

#[tokio::test]
async fn on_the_second_engine_too_a_member_is_changed_removed_and_gone() {
    let (world, _turn) = amazon().await;
    let project = world.project("Second life").await;
    let mut member = project
        .invite(&project.admin, &person("life@example.com"))
        .await
        .must(200)
        .body;
    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    member["admin"] = json!(true);
    let changed = project.update(&project.admin, &member).await.must(200).body;
    let stale = member["meta"]["versionId"].as_str().unwrap();
    let request = Request::new("POST", &path)
        .header("if-match", &format!("W/\"{stale}\""))
        .json(&changed);
    project.admin.send(request).await.must(412);
    let answers = at_once(SEVERAL, |_| {
        let (admin, path) = (project.admin.clone(), path.clone());
        async move { admin.delete(&path).await }
    })
    .await;
    let removed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(removed, 1, "{answers:?}");
    // A batch read is not isolated from a transaction: between two of its rows the member may go, and then neither he nor his
    // tombstone was seen. Whoever asks afterwards is told that he is gone.
    assert!(
        answers
            .iter()
            .all(|answer| [200, 404, 410].contains(&answer.status)),
        "{answers:?}"
    );
    project.admin.get(&path).await.must(410);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn on_the_second_engine_too_a_lost_answer_is_asked_for_again_and_applied_once() {
    let (world, _turn) = amazon().await;
    let project = world.project("Second answer").await;
    world
        .proxy()
        .lay(Plan::new(1).nth("invite/TransactWriteItems", 1, Fault::LostAnswer));
    let answer = project
        .invite(&project.admin, &person("lost@example.com"))
        .await;
    world.proxy().lay(Plan::default());
    answer.must(200);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 1);
}
