//! Copies and ends of projects whose workers fall again and again: the same as if nobody had. `ROSTER_LIFE_RESOURCES` says how many
//! resources (5,000 unless said), `ROSTER_LIFE_FALLS` how many falls of each (20 unless said), `ROSTER_LIFE_COUNTED` for how many
//! resources it is counted what they cost (400 unless said).

use std::collections::BTreeSet;

use harness::proxy::{Fault, Plan};
use harness::world::{Answer, Client, Project, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::copies::Census;
use super::expunged::nothing_is_left;
use super::{counted, expunge, over, watched};
use crate::ledger::Ledger;
use crate::world::{post_with, start};

fn size(name: &str, unless_said: usize) -> usize {
    let said = std::env::var(name).ok();
    said.and_then(|text| text.parse().ok())
        .unwrap_or(unless_said)
}

/// How many resources are made in one request.
const AT_ONCE: usize = 100;
/// How many requests are under way at once.
const LANES: usize = 4;

/// Patients, each with observations that name him; some are changed afterwards, and some deleted. Says how many are left.
async fn fill(project: &Project, count: usize) -> usize {
    let lane = |lane: usize| {
        let admin = project.admin.clone();
        async move {
            let mut places = Vec::new();
            for first in (lane * AT_ONCE..count).step_by(LANES * AT_ONCE) {
                places.extend(made(&admin, count.min(first + AT_ONCE) - first).await);
            }
            places
        }
    };
    let under_way: JoinSet<_> = (0..LANES).map(lane).collect();
    let places = under_way.join_all().await.concat();
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
    let left = count - deleted.len();
    let entries = changed.chain(deleted).collect();
    batch(&project.admin, entries).await;
    left
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

/// A plan by which the workers of jobs fall so often, spread over about so many calls.
fn falls(seed: u64, times: usize, calls: usize) -> Plan {
    let mut plan = Plan::new(seed);
    let step = (calls / times.max(1)).max(1);
    for fall in 0..times {
        let jitter = (seed as usize).wrapping_mul(31).wrapping_add(fall * 17) % step;
        let at = u64::try_from(fall * step + jitter + 2).unwrap();
        let fault = match fall % 2 {
            0 => Fault::CrashAfter,
            _ => Fault::CrashBefore,
        };
        plan = plan.nth("run-job/*", at, fault);
    }
    plan
}

/// How far a job had come each time that it was asked: it never went back, and it told so on the way.
fn must_have_told(said: &[Value]) {
    let of = |job: &Value| counted(job, "Patient") + counted(job, "Observation");
    let numbers: Vec<u64> = said.iter().map(of).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let steps: BTreeSet<u64> = numbers.into_iter().collect();
    assert!(steps.len() > 2, "{steps:?}");
}

/// The job once it is over, although its workers fall so often.
async fn fallen(world: &World, asked: &Answer, (seed, times, calls): (u64, usize, usize)) -> Value {
    world.proxy().lay(falls(seed, times, calls));
    let (job, said) = watched(world.root(), asked).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(world.proxy().struck(), times);
    world.proxy().lay(Plan::default());
    must_have_told(&said);
    job
}

#[tokio::test]
async fn a_project_is_copied_and_ended_although_workers_fall() {
    let (count, times) = (
        size("ROSTER_LIFE_RESOURCES", 5_000),
        size("ROSTER_LIFE_FALLS", 20),
    );
    let world = start(4, Plan::default()).await;
    let project = world.project("Large").await;
    let count = fill(&project, count).await;
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    // A put for every resource, and what it takes to read and to write down.
    let job = fallen(&world, &asked.must(202), (7, times, count)).await;
    let outputs = job["output"]["parameter"].as_array().unwrap();
    let copy = outputs.iter().find(|it| it["name"] == "project").unwrap();
    let copy = copy["valueReference"]["reference"].as_str().unwrap();
    let copy = copy.trim_start_matches("Project/").to_owned();
    let ledger = Ledger::read(&world).await;
    let (old, new) = (Census::of(&ledger, &project.id), Census::of(&ledger, &copy));
    assert_eq!(old.kinds(), new.kinds());
    assert!(old.here.is_disjoint(&new.here));
    assert_eq!(new.dangling(), Vec::<&String>::new());
    let manifest = counted(&job, "Patient") + counted(&job, "Observation");
    assert_eq!(manifest, u64::try_from(count).unwrap());
    ledger.must_hold();

    // The end of the copy: hardly more than a deletion for every twenty-five.
    let asked = expunge(world.root(), "Project", &copy).await.must(202);
    fallen(&world, &asked, (11, times, count / 15)).await;
    let ledger = Ledger::read(&world).await;
    nothing_is_left(&ledger, &copy);
    ledger.must_hold();
    let still = Census::of(&ledger, &project.id);
    assert_eq!(still.kinds(), old.kinds());
    // The end of the project itself: it has a record, and some of it a past.
    let asked = expunge(world.root(), "Project", &project.id).await;
    fallen(&world, &asked.must(202), (13, times, count / 15)).await;
    nothing_is_left(&Ledger::read(&world).await, &project.id);
}

/// What jobs consumed: calls, read units, write units of the table and of its indexes.
fn consumed(recording: &harness::proxy::Recording) -> (usize, f64, f64, f64) {
    let mut sum = (0, 0.0, 0.0, 0.0);
    for call in recording.calls.iter().filter(|it| it.function == "run-job") {
        let units = call.consumed;
        sum.0 += 1;
        sum.1 += units.base_read + units.index_read;
        sum.2 += units.base_write;
        sum.3 += units.index_write;
    }
    sum
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures of tests/bench/README.md")]
async fn a_copy_and_an_end_cost_a_few_units_for_each_resource() {
    let resources = size("ROSTER_LIFE_COUNTED", 400);
    let world = start(1, Plan::default()).await;
    let project = world.project("Counted").await;
    let left = fill(&project, resources).await;
    assert!(left > resources / 10 * 9);
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let recorder = world.proxy().record();
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    over(world.root(), &asked.must(202)).await;
    let copied = consumed(&recorder.finish());
    let recorder = world.proxy().record();
    let asked = expunge(world.root(), "Project", &project.id).await;
    over(world.root(), &asked.must(202)).await;
    let ended = consumed(&recorder.finish());
    let of = |units: f64| units / resources as f64;
    println!(
        "for each of {resources} resources: calls, read units, write units, index write units"
    );
    for (what, (calls, read, write, index)) in [("copy", copied), ("end", ended)] {
        let calls = of(calls as f64);
        println!(
            "{what}: {calls:.2} {:.2} {:.2} {:.2}",
            of(read),
            of(write),
            of(index)
        );
    }
    assert!(of(copied.2) < 1.3 && of(copied.3) < 3.4, "{copied:?}");
    // Every resource has an event of its creation, which goes, too.
    assert!(of(ended.2) < 2.6 && of(ended.3) < 3.4, "{ended:?}");
}
