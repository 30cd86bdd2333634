//! Copies and ends of projects whose workers fall again and again: the same as if nobody had. `ROSTER_LIFE_RESOURCES` says how many
//! resources (1,000 unless said), `ROSTER_LIFE_FALLS` how many falls of each (10 unless said).

use harness::proxy::{Fault, Plan};
use harness::world::{Project, World};
use serde_json::json;
use tokio::task::JoinSet;

use super::copies::Census;
use super::expunged::nothing_is_left;
use super::{counted, expunge, over};
use crate::ledger::Ledger;
use crate::world::{create, post_with, start};

fn size(name: &str, unless_said: usize) -> usize {
    let said = std::env::var(name).ok();
    said.and_then(|text| text.parse().ok())
        .unwrap_or(unless_said)
}

/// Patients and, for each, observations that name him.
async fn fill(project: &Project, count: usize) {
    let mut under_way = JoinSet::new();
    for lane in 0..16 {
        let admin = project.admin.clone();
        under_way.spawn(async move {
            let mut patient = String::new();
            for n in (lane..count).step_by(16) {
                let resource = if n / 16 % 5 == 0 {
                    json!({ "resourceType": "Patient", "name": [{ "family": format!("P{n}") }] })
                } else {
                    json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" },
                            "subject": { "reference": patient } })
                };
                let made = create(&admin, resource).await;
                if made["resourceType"] == "Patient" {
                    patient = format!("Patient/{}", made["id"].as_str().unwrap());
                }
            }
        });
    }
    under_way.join_all().await;
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

async fn calls_of_jobs(world: &World, deed: impl Future<Output = ()>) -> usize {
    let recorder = world.proxy().record();
    deed.await;
    let recording = recorder.finish();
    let calls = recording.calls.iter();
    calls.filter(|call| call.function == "run-job").count()
}

#[tokio::test]
async fn a_project_is_copied_and_ended_although_workers_fall() {
    let (count, times) = (
        size("ROSTER_LIFE_RESOURCES", 1_000),
        size("ROSTER_LIFE_FALLS", 10),
    );
    let world = start(4, Plan::default()).await;
    let project = world.project("Large").await;
    fill(&project, count).await;
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    // A put for every resource, and what it takes to read and to write down.
    world.proxy().lay(falls(7, times, count));
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    let job = over(world.root(), &asked.must(202)).await;
    assert_eq!(job["status"], "completed", "{job}");
    let outputs = job["output"]["parameter"].as_array().unwrap();
    let copy = outputs.iter().find(|it| it["name"] == "project").unwrap();
    let copy = copy["valueReference"]["reference"].as_str().unwrap();
    let copy = copy.trim_start_matches("Project/").to_owned();
    world.proxy().lay(Plan::default());
    let (old, new) = (
        Census::of(&world, &project.id).await,
        Census::of(&world, &copy).await,
    );
    assert_eq!(old.kinds(), new.kinds());
    assert!(old.here.is_disjoint(&new.here));
    assert_eq!(new.dangling(), Vec::<&String>::new());
    let manifest = counted(&job, "Patient") + counted(&job, "Observation");
    assert_eq!(manifest, u64::try_from(count).unwrap());
    Ledger::read(&world).await.must_hold();

    // The end of the copy: a query for the past of every resource, and deletions by the batch.
    world.proxy().lay(falls(11, times, count));
    let asked = expunge(world.root(), "Project", &copy).await.must(202);
    let job = over(world.root(), &asked).await;
    assert_eq!(job["status"], "completed", "{job}");
    world.proxy().lay(Plan::default());
    nothing_is_left(&world, &copy).await;
    Ledger::read(&world).await.must_hold();
    let still = Census::of(&world, &project.id).await;
    assert_eq!(still.kinds(), old.kinds());
    let end = async {
        let asked = expunge(world.root(), "Project", &project.id)
            .await
            .must(202);
        over(world.root(), &asked).await;
    };
    let calls = calls_of_jobs(&world, end).await;
    assert!(calls > count / 2, "{calls} calls");
    nothing_is_left(&world, &project.id).await;
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
    const RESOURCES: usize = 400;
    let world = start(1, Plan::default()).await;
    let project = world.project("Counted").await;
    fill(&project, RESOURCES).await;
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let recorder = world.proxy().record();
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    over(world.root(), &asked.must(202)).await;
    let copied = consumed(&recorder.finish());
    let recorder = world.proxy().record();
    let asked = expunge(world.root(), "Project", &project.id).await;
    over(world.root(), &asked.must(202)).await;
    let ended = consumed(&recorder.finish());
    let of = |units: f64| units / RESOURCES as f64;
    println!(
        "for each of {RESOURCES} resources: calls, read units, write units, index write units"
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
    assert!(of(copied.2) < 1.3 && of(copied.3) < 3.0, "{copied:?}");
    // Every resource has an event of its creation, which goes, too.
    assert!(of(ended.2) < 2.6 && of(ended.3) < 3.0, "{ended:?}");
}
