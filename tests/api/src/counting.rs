//! Totals of large projects: counters that follow the table's stream, whatever the stream does.

use std::time::{Duration, Instant};

use harness::proxy::{Fault, Plan};
use harness::world::{Request, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{
    address, alice, create, invited, measured_world, reference, start, with, world,
};

/// How long the stream may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the counters of a project say for one profile type.
pub(crate) async fn counted(world: &World, project: &str, kind: &str) -> i64 {
    let rows = world.rows(&format!("P#{project}#C")).await;
    let of_kind = rows
        .iter()
        .filter(|row| row["SK"]["S"].as_str().unwrap().starts_with(kind));
    of_kind
        .map(|row| {
            row["members"]["N"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        })
        .sum()
}

/// Waits until the counters say so.
pub(crate) async fn must_count(world: &World, project: &str, kind: &str, members: i64) {
    let begin = Instant::now();
    loop {
        let found = counted(world, project, kind).await;
        if found == members {
            return;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "{kind}: {found} and not {members}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Records of a membership that came and went `times` times in a project that is not there, and whether it is there in the end.
fn life(project: &str, number: u64, times: u64, stays: bool) -> Vec<Value> {
    let record = |name: &str, version: u64| {
        let image = json!({ "ver": { "S": format!("00000000-0000-7000-8000-{version:012x}") } });
        let keys = json!({ "PK": { "S": format!("P#{project}#M") },
                           "SK": { "S": format!("H#Patient#00000000-0000-4000-8000-{number:012x}") } });
        json!({ "eventName": name, "dynamodb": {
            "SequenceNumber": format!("{number}{version}"), "Keys": keys, "NewImage": image, "OldImage": image } })
    };
    let mut records = Vec::new();
    for version in 0..times {
        records.push(record("INSERT", version));
        if !stays || version + 1 < times {
            records.push(record("REMOVE", version));
        }
    }
    records
}

/// A project's worth of lives: of every three members two stay.
fn lives(project: &str, members: u64) -> Vec<Value> {
    let all = (0..members).map(|n| life(project, n, n % 3 + 1, n % 3 > 0));
    all.flatten().collect()
}

/// The records in an order of their own, each as often as `copies` says.
fn shuffled(records: &[Value], copies: usize, seed: usize) -> Vec<Value> {
    let mut all: Vec<Value> = (0..copies).flat_map(|_| records.to_vec()).collect();
    let mut state = seed as u64 * 2 + 1;
    for at in (1..all.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let other = usize::try_from(state >> 33).unwrap() % (at + 1);
        all.swap(at, other);
    }
    all
}

/// Hands records to the function until it takes them all.
async fn deliver(world: &World, records: Vec<Value>) {
    let mut event = json!({ "Records": records });
    for _ in 0..20 {
        let Ok(answer) = world.host().invoke("count-members", &event).await else {
            continue;
        };
        let failed = answer["batchItemFailures"].as_array().unwrap().clone();
        if failed.is_empty() {
            return;
        }
        let again = records_of(&event).into_iter().filter(|record| {
            let number = &record["dynamodb"]["SequenceNumber"];
            failed.iter().any(|it| it["itemIdentifier"] == *number)
        });
        event = json!({ "Records": again.collect::<Vec<_>>() });
    }
    panic!("the records were never taken");
}

fn records_of(event: &Value) -> Vec<Value> {
    event["Records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn whoever_comes_and_goes_is_counted_by_the_type_of_his_profile() {
    let world = world().await;
    let project = world.project("Counted").await;
    let mut members = Vec::new();
    for n in 0..3 {
        members.push(invited(&project, &alice(&address(&format!("p{n}"), &project))).await);
    }
    let patient = with(
        alice(&address("bart", &project)),
        json!({ "resourceType": "Patient" }),
    );
    invited(&project, &patient).await;
    must_count(world, &project.id, "Practitioner", 3).await;
    must_count(world, &project.id, "Patient", 1).await;
    let path = project.path(&format!("members/{}", members[0]["id"].as_str().unwrap()));
    project.admin.delete(&path).await.must(200);
    must_count(world, &project.id, "Practitioner", 2).await;
    // Another profile type is another place: one goes, one comes.
    let other = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let moved = with(
        members[1].clone(),
        json!({ "profile": { "reference": reference(&other) } }),
    );
    project.update(&project.admin, &moved).await.must(200);
    must_count(world, &project.id, "Practitioner", 1).await;
    must_count(world, &project.id, "Patient", 2).await;
}

#[tokio::test]
async fn records_that_come_again_and_in_any_order_count_once() {
    let world = world().await;
    for seed in 0..4_u32 {
        let project = world.project(&format!("Seed {seed}")).await.id;
        let records = shuffled(&lives(&project, 30), 3, seed as usize);
        for batch in records.chunks(17) {
            deliver(world, batch.to_vec()).await;
        }
        assert_eq!(counted(world, &project, "Patient").await, 20, "seed {seed}");
    }
}

#[tokio::test]
async fn records_that_come_at_once_on_several_ways_count_once() {
    let world = world().await;
    let project = world.project("Ways").await.id;
    let records = shuffled(&lives(&project, 30), 1, 7);
    let event = json!({ "Records": records });
    let mut ways = JoinSet::new();
    for _ in 0..4 {
        let event = event.clone();
        ways.spawn(async move { world.host().invoke("count-members", &event).await });
    }
    ways.join_all().await;
    deliver(world, records).await;
    assert_eq!(counted(world, &project, "Patient").await, 20);
}

#[tokio::test]
async fn a_counter_that_dies_or_loses_its_answers_counts_nobody_twice() {
    let world = start(2, Plan::default()).await;
    let faults = [
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Throttle,
        Fault::ServerError,
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Unprocessed,
    ];
    for fault in faults {
        let project = world.project("Faults").await.id;
        world
            .proxy()
            .lay(Plan::new(9).sometimes("count-members/*", 0.3, fault));
        for batch in lives(&project, 12).chunks(5) {
            deliver(&world, batch.to_vec()).await;
        }
        world.proxy().lay(Plan::default());
        assert_eq!(counted(&world, &project, "Patient").await, 8, "{fault:?}");
    }
}

#[tokio::test]
async fn the_total_of_five_thousand_members_costs_one_trip_and_says_where_it_comes_from() {
    let world = measured_world().await;
    let project = world.project("Five thousand").await;
    invited(&project, &alice(&address("alice", &project))).await;
    crate::budgets::multiply(world, &project, 5_000).await;
    must_count(world, &project.id, "Practitioner", 5_001).await;
    let admin = project.admin.token().await;
    let mut costs = Vec::new();
    for (form, total) in [
        ("", 5_002),
        ("&profile-type=Practitioner", 5_001),
        ("&profile-type:not=ClientApplication,Bot", 5_001),
        ("&profile-type:not=Practitioner", 1),
    ] {
        let (answer, trips, units) =
            asked(world, &admin, &format!("_count=20&_total=accurate{form}")).await;
        assert_eq!(answer.body["total"], total, "{form}");
        let by = answer.header("roster-total-by");
        assert_eq!(by, if total > 1 { "counters" } else { "" }, "{form}");
        assert_eq!(trips, 1, "{form}");
        costs.push(units);
    }
    crate::budgets::multiply_from(world, &project, 5_000, 1_000).await;
    must_count(world, &project.id, "Practitioner", 6_001).await;
    let (_, _, more) = asked(world, &admin, "_count=20&_total=accurate").await;
    assert!((more - costs[0]).abs() < 1.0, "{more} and {costs:?}");
    let (answer, trips, _) = asked(world, &admin, "_count=100&_sort=name&_total=accurate").await;
    assert_eq!((answer.body["total"].as_u64(), trips), (Some(6_002), 2));
}

/// An answer, its round trips and its read units.
async fn asked(
    world: &World,
    admin: &harness::world::Client,
    query: &str,
) -> (harness::world::Answer, usize, f64) {
    let recorder = world.proxy().record();
    let path = format!("/fhir/R4/ProjectMembership?{query}");
    let answer = admin.send(Request::new("GET", &path)).await.must(200);
    let recording = recorder.finish().of(answer.request_id());
    (answer, recording.trips(), recording.rru())
}
