//! A project with as many resources as are wanted: patients, each with observations that name him.

use std::collections::BTreeSet;

use harness::world::{Client, Project, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

/// So many come through the API at most. Those beyond have the same rows, written past it: what is measured is not how they came.
const THROUGH_THE_API: usize = 5_000;
/// A batch of the table takes so many rows.
const ROWS: usize = 25;

/// How many resources are made in one request.
const AT_ONCE: usize = 100;
/// How many requests are under way at once.
const LANES: usize = 4;

/// Makes as many, or as many whole thousands of five if they are more than that; some are changed afterwards, and some deleted. Says
/// how many are left.
pub(super) async fn fill((world, project): (&World, &Project), count: usize) -> usize {
    let original = count.min(THROUGH_THE_API);
    let lane = |lane: usize| {
        let admin = project.admin.clone();
        async move {
            let mut places = Vec::new();
            for first in (lane * AT_ONCE..original).step_by(LANES * AT_ONCE) {
                places.extend(made(&admin, original.min(first + AT_ONCE) - first).await);
            }
            places
        }
    };
    let under_way: JoinSet<_> = (0..LANES).map(lane).collect();
    let places = under_way.join_all().await.concat();
    let times = count / original.max(1);
    multiply(world, project, (&places, times)).await;
    original * times - alter(&project.admin, &places).await
}

/// Gives some of the resources a past, and deletes some; says how many.
async fn alter(admin: &Client, places: &[String]) -> usize {
    let patients = places.iter().filter(|place| place.starts_with("Patient/"));
    let changed = patients.step_by(20).map(|place| {
        let (_, id) = place.split_once('/').unwrap();
        let changed = json!({ "resourceType": "Patient", "id": id, "active": true });
        json!({ "request": { "method": "PUT", "url": place }, "resource": changed })
    });
    let observations = places.iter().filter(|it| it.starts_with("Observation/"));
    let deleted = observations.step_by(80);
    let deleted: Vec<Value> = deleted
        .map(|place| json!({ "request": { "method": "DELETE", "url": place } }))
        .collect();
    let gone = deleted.len();
    let entries: Vec<Value> = changed.chain(deleted).collect();
    for entries in entries.chunks(AT_ONCE) {
        batch(admin, entries.to_vec()).await;
    }
    gone
}

/// Writes the rows of these resources, and of the events of their making, again under other ids until there are `times` as many.
async fn multiply(world: &World, project: &Project, (places, times): (&[String], usize)) {
    let places: BTreeSet<&str> = places.iter().map(String::as_str).collect();
    let mut rows = world.rows(&format!("P#{}#R", project.id)).await;
    rows.retain(|row| {
        let place = row["SK"]["S"].as_str().unwrap().replacen('#', "/", 1);
        places.contains(place.as_str())
    });
    let record = format!("P#{}#A#", project.id);
    let is_event = |row: &Value| row["PK"]["S"].as_str().unwrap().starts_with(&record);
    let events = world.every_row().await.into_iter();
    rows.extend(events.filter(|row| is_event(row)).filter(|row| {
        let what = row["what"]["M"]["reference"]["S"].as_str();
        what.is_some_and(|what| places.contains(what))
    }));
    assert_eq!(rows.len(), 2 * places.len());
    for number in 1..times {
        let again: Vec<Value> = rows.iter().map(|row| another(row, number)).collect();
        for some in again.chunks(ROWS) {
            let puts = some.iter();
            let puts: Vec<Value> = puts
                .map(|row| json!({ "PutRequest": { "Item": row } }))
                .collect();
            let request = json!({ "RequestItems": { "roster": puts } });
            let request = serde_json::from_value(request).unwrap();
            let written = world.engine().database().batch_write_item(request);
            written.unwrap();
        }
    }
}

/// The same row with other ids of resources and events: the project, the author and the version stay, and the last digit, by which an
/// event has its place.
fn another(row: &Value, number: usize) -> Value {
    let mut row = row.clone();
    let own = row["SK"]["S"].as_str().unwrap();
    let own = own.rsplit('#').next().unwrap().to_owned();
    let named = ["body", "profP"].map(|name| row[name]["S"].as_str().unwrap_or_default());
    let what = row["what"]["M"]["reference"]["S"]
        .as_str()
        .unwrap_or_default();
    let named = named.into_iter().chain([what]);
    let mut ids: BTreeSet<String> = named.flat_map(patients_in).collect();
    ids.insert(own);
    let mut text = row.to_string();
    for id in ids {
        let other =
            Uuid::from_u128(id.parse::<Uuid>().unwrap().as_u128() ^ ((number as u128) << 16));
        text = text.replace(&id, &other.to_string());
    }
    row = serde_json::from_str(&text).unwrap();
    row
}

/// The ids in references to resources that are made again, too.
fn patients_in(text: &str) -> Vec<String> {
    let kinds = ["Patient/", "Observation/"];
    let ids = kinds
        .iter()
        .flat_map(|kind| text.match_indices(kind).map(|(at, _)| at + kind.len()));
    let ids = ids.filter_map(|at| text.get(at..at + 36));
    ids.filter(|id| id.parse::<Uuid>().is_ok())
        .map(str::to_owned)
        .collect()
}

async fn made(admin: &Client, count: usize) -> Vec<String> {
    let name = |n: usize| format!("urn:uuid:{:08}-1111-4111-8111-111111111111", n - n % 5);
    let entry = |n: usize| {
        let resource = match n % 5 {
            0 => json!({ "resourceType": "Patient", "name": [{ "family": format!("P{n}") }] }),
            _ => json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" },
                         "subject": { "reference": name(n) } }),
        };
        let request = json!({ "method": "POST", "url": resource["resourceType"] });
        let mut entry = json!({ "request": request, "resource": resource });
        if n.is_multiple_of(5) {
            entry["fullUrl"] = name(n).into();
        }
        entry
    };
    batch(admin, (0..count).map(entry).collect()).await
}

/// Carries many requests out as one; answers with the `Type/id` of each.
async fn batch(admin: &Client, entries: Vec<Value>) -> Vec<String> {
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    let answer = admin.post("/fhir/R4", &bundle).await.must(200);
    let done = answer.body["entry"].as_array().unwrap().iter();
    let place = |it: &Value| {
        let status = it["response"]["status"].as_str().unwrap();
        assert!(status.starts_with('2'), "{it}");
        let location = it["response"]["location"].as_str().unwrap_or_default();
        let place = location.split("fhir/R4/").last().unwrap();
        place.split("/_history").next().unwrap().to_owned()
    };
    done.map(place).collect()
}
