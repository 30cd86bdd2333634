//! Copies and ends of projects whose workers fall again and again: the same as if nobody had. `ROSTER_LIFE_RESOURCES` says how many
//! resources (5,000 unless said), `ROSTER_LIFE_FALLS` how many falls of each (20 unless said), `ROSTER_LIFE_COUNTED` for how many
//! resources it is counted what they cost (400 unless said). `cargo bench -p roster-bench -- life 100000` runs this, too.

#![expect(clippy::print_stdout, reason = "the figures of tests/bench/README.md")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use harness::proxy::{Fault, Plan};
use harness::world::{Answer, World};
use serde_json::{Value, json};

use super::copies::Census;
use super::expunged::nothing_is_left;
use super::filling::fill;
use super::{counted, expunge, over, watched};
use crate::ledger::Ledger;
use crate::world::{post_with, start};

fn size(name: &str, unless_said: usize) -> usize {
    let said = std::env::var(name).ok();
    said.and_then(|text| text.parse().ok())
        .unwrap_or(unless_said)
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
    let (job, said) = watched(world.root(), asked, LOOK).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(world.proxy().struck(), times);
    world.proxy().lay(Plan::default());
    must_have_told(&said);
    job
}

/// Asking costs time, too, and some thousand resources take seconds.
const LOOK: Duration = Duration::from_millis(200);

/// What the stages of a life took, and what this process, which has the table and all that is recorded of it, held at most by then.
struct Figures(Instant);

impl Figures {
    fn begin(resources: usize, falls: usize) -> Self {
        println!("{resources} resources, {falls} falls of each job");
        Self(Instant::now())
    }

    fn stage(&mut self, what: &str) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let took = self.0.elapsed().as_secs_f64();
        println!("{what}: {took:.0} s, {}", held.unwrap_or_default().trim());
        self.0 = Instant::now();
    }
}

#[tokio::test]
async fn a_project_is_copied_and_ended_although_workers_fall() {
    let (count, times) = (
        size("ROSTER_LIFE_RESOURCES", 5_000),
        size("ROSTER_LIFE_FALLS", 20),
    );
    let world = start(4, Plan::default()).await;
    let project = world.project("Large").await;
    let mut figures = Figures::begin(count, times);
    let count = fill((&world, &project), count).await;
    figures.stage("made");
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let asked = post_with(world.root(), &path, &json!({}), ("prefer", "respond-async")).await;
    // A put for every resource, and what it takes to read and to write down.
    let job = fallen(&world, &asked.must(202), (7, times, count)).await;
    let outputs = job["output"]["parameter"].as_array().unwrap();
    let copy = outputs.iter().find(|it| it["name"] == "project").unwrap();
    let copy = copy["valueReference"]["reference"].as_str().unwrap();
    let copy = copy.trim_start_matches("Project/").to_owned();
    figures.stage("copied");
    let ledger = Ledger::read(&world).await;
    let (old, new) = (Census::of(&ledger, &project.id), Census::of(&ledger, &copy));
    assert_eq!(old.kinds(), new.kinds());
    assert!(old.here.is_disjoint(&new.here));
    assert_eq!(new.dangling(), Vec::<&String>::new());
    let manifest = counted(&job, "Patient") + counted(&job, "Observation");
    assert_eq!(manifest, u64::try_from(count).unwrap());
    ledger.must_hold();
    drop(ledger);
    figures.stage("table read and held against itself");

    // The end of the copy: at least a deletion for every twenty-five, and hardly more.
    let asked = expunge(world.root(), "Project", &copy).await.must(202);
    fallen(&world, &asked, (11, times, count / 25)).await;
    figures.stage("copy ended");
    let ledger = Ledger::read(&world).await;
    nothing_is_left(&ledger, &copy);
    ledger.must_hold();
    let still = Census::of(&ledger, &project.id);
    assert_eq!(still.kinds(), old.kinds());
    drop(ledger);
    figures.stage("table read and held against itself");
    // The end of the project itself: it has a record, and some of it a past.
    let asked = expunge(world.root(), "Project", &project.id).await;
    fallen(&world, &asked.must(202), (13, times, count / 25)).await;
    figures.stage("project ended");
    nothing_is_left(&Ledger::read(&world).await, &project.id);
    figures.stage("table read");
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
async fn a_copy_and_an_end_cost_a_few_units_for_each_resource() {
    let resources = size("ROSTER_LIFE_COUNTED", 400);
    let world = start(1, Plan::default()).await;
    let project = world.project("Counted").await;
    let left = fill((&world, &project), resources).await;
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
