//! Searching the record of who did what.

use std::collections::BTreeSet;

use harness::world::{Answer, Client, Project, World};
use serde_json::{Value, json};

use super::found;
use crate::world::{address, alice, create, invited, reference, world};

const DAY: u64 = 86_400_000;

async fn events(caller: &Client, search: &str) -> Answer {
    caller
        .get(&format!("/fhir/R4/AuditEvent?{search}"))
        .await
        .must(200)
}

fn next(answer: &Answer) -> Option<String> {
    let links = answer.body["link"].as_array().unwrap();
    let link = links.iter().find(|link| link["relation"] == "next")?;
    Some(
        link["url"]
            .as_str()
            .unwrap()
            .split_once("AuditEvent?")
            .unwrap()
            .1
            .to_owned(),
    )
}

/// Every event that a search leads to, page by page, and on how many pages.
async fn walked(caller: &Client, search: &str) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut search) = (Vec::new(), 0, search.to_owned());
    loop {
        let page = events(caller, &search).await;
        all.extend(found(&page));
        pages += 1;
        match next(&page) {
            Some(query) => search = query,
            None => return (all, pages),
        }
    }
}

#[tokio::test]
async fn what_was_done_is_found_newest_first_by_what_who_and_when() {
    let project = world().await.project("Record").await;
    let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let admin = format!("ClientApplication/{}", project.admin.id());
    let of = async |search: &str| found(&events(&project.admin, search).await);
    let made = of(&format!("entity={}", reference(&patient))).await;
    assert_eq!(made.len(), 1);
    assert_eq!(
        (
            made[0]["action"].as_str(),
            made[0]["agent"][0]["who"]["reference"].as_str()
        ),
        (Some("C"), Some(admin.as_str()))
    );
    assert_eq!(
        of(&format!(
            "entity={}&agent={admin}&action=C",
            reference(&member)
        ))
        .await
        .len(),
        1
    );
    assert_eq!(
        of(&format!("entity={}&action=D", reference(&member)))
            .await
            .len(),
        0
    );
    let all = of("_count=100").await;
    let times: Vec<&str> = all
        .iter()
        .map(|event| event["recorded"].as_str().unwrap())
        .collect();
    assert!(
        times.len() >= 3 && times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );
    let day = &times[0][..10];
    assert_eq!(
        of(&format!("date={day}&_count=100")).await.len(),
        times.iter().filter(|it| it.starts_with(day)).count()
    );
    assert_eq!(of(&format!("date=gt{}", times[0])).await.len(), 0);
    assert_eq!(of("date=lt2020-01-01").await.len(), 0);
    let total = events(
        &project.admin,
        "_count=1&_total=accurate&_sort=-_lastUpdated",
    )
    .await;
    assert_eq!(total.body["total"], times.len());
    let id = made[0]["id"].as_str().unwrap();
    assert_eq!(of(&format!("_id={id}")).await, made);
    let path = format!("/fhir/R4/AuditEvent/{id}");
    let mut read = project.admin.get(&path).await.must(200).body;
    read["meta"].as_object_mut().unwrap().remove("x");
    assert_eq!(read, made[0]);
}

#[tokio::test]
async fn a_super_admin_reads_the_record_of_the_project_he_names() {
    let project = world().await.project("Named record").await;
    let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let search = format!("_project={}&entity={}", project.id, reference(&patient));
    assert_eq!(found(&events(world().await.root(), &search).await).len(), 1);
}

#[tokio::test]
async fn nobody_writes_an_event_by_hand() {
    let project = world().await.project("Read only").await;
    for caller in [&project.admin, world().await.root()] {
        let event = json!({ "resourceType": "AuditEvent", "recorded": "2026-11-21T20:35:00Z" });
        let answer = caller.post("/fhir/R4/AuditEvent", &event).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
    }
}

#[tokio::test]
async fn walking_back_meets_every_event_of_busy_and_of_quiet_days_once() {
    let world = world().await;
    let project = world.project("Long record").await;
    create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let template = row(world, &project).await;
    let now = moment(template["SK"]["S"].as_str().unwrap());
    let mut ids = BTreeSet::new();
    // Three hundred events on one day, a few on others, with a month of silence between.
    for (days, count) in [(2, 300), (3, 1), (40, 5), (41, 40)] {
        for n in 0..count {
            ids.insert(record(world, &project, &template, now - days * DAY, n));
        }
    }
    found_earlier(world, &project, now - 60 * DAY).await;
    for search in [
        "_count=7",
        "_count=100",
        "_count=1000",
        "_count=50&outcome=0",
    ] {
        let (all, pages) = walked(&project.admin, search).await;
        let times: Vec<&str> = all
            .iter()
            .map(|it| it["recorded"].as_str().unwrap())
            .collect();
        assert!(
            times.is_sorted_by(|newer, older| newer >= older),
            "{search}"
        );
        let met: BTreeSet<String> = all
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(met.len(), all.len(), "{search}: an event came twice");
        assert!(met.is_superset(&ids), "{search}");
        // The project was made sixty days ago: nothing is looked for before that.
        assert!(pages <= ids.len() / 7 + 10, "{search}: {pages} pages");
    }
    let day = "date=ge2020-01-01&_count=1000";
    assert!(walked(&project.admin, day).await.0.len() >= ids.len());
}

/// Some event of the project, as it is stored.
async fn row(world: &World, project: &Project) -> Value {
    let version = project_version(world, project).await;
    let day = civil(moment(&version)).replace('-', "");
    for shard in 0..16 {
        let rows = world
            .rows(&format!("P#{}#A#{day}#{shard:x}", project.id))
            .await;
        if let Some(row) = rows.into_iter().next() {
            return row;
        }
    }
    panic!("nothing was recorded today");
}

async fn project_version(world: &World, project: &Project) -> String {
    let rows = world.rows(&format!("P#{}", project.id)).await;
    let meta = rows.iter().find(|row| row["SK"]["S"] == "META").unwrap();
    meta["ver"]["S"].as_str().unwrap().to_owned()
}

/// The time in a time-ordered id, in milliseconds.
fn moment(id: &str) -> u64 {
    u64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap()
}

fn id_at(time: u64, n: u64) -> String {
    let digits = format!("{time:012x}");
    format!(
        "{}-{}-7{:03x}-8000-{:012x}",
        &digits[..8],
        &digits[8..],
        n % 4096,
        n * 7
    )
}

fn civil(time: u64) -> String {
    let date = jiff::Timestamp::from_millisecond(i64::try_from(time).unwrap()).unwrap();
    date.strftime("%Y-%m-%d").to_string()
}

/// Puts a copy of an event into the table as if it had happened then, and returns its id.
fn record(world: &World, project: &Project, template: &Value, time: u64, n: u64) -> String {
    let id = id_at(time + n % 3, n);
    let shard = id.chars().last().unwrap();
    let stamp = jiff::Timestamp::from_millisecond(i64::try_from(time + n % 3).unwrap()).unwrap();
    let mut row = template.clone();
    row["PK"] =
        json!({ "S": format!("P#{}#A#{}#{shard}", project.id, civil(time).replace('-', "")) });
    row["SK"] = json!({ "S": id });
    row["recorded"] = json!({ "S": format!("{stamp:.3}") });
    put(world, &row);
    id
}

/// Gives the project a first version that is older than it is.
async fn found_earlier(world: &World, project: &Project, time: u64) {
    let pk = format!("P#{}#H#Project#{}", project.id, project.id);
    put(
        world,
        &json!({ "PK": { "S": pk }, "SK": { "S": format!("V#{}", id_at(time, 1)) } }),
    );
}

fn put(world: &World, row: &Value) {
    let request = json!({ "TableName": local::TABLE_NAME, "Item": row });
    let request = serde_json::from_value(request).unwrap();
    world.engine().database().put_item(request).unwrap();
}
