//! Figures of the release build: sizes, cold starts, CPU per request, and what a page costs in a large project.
//!
//! `cargo bench -p roster-bench` prints the tables of `tests/bench/README.md`. A number after `--` sets the size of the large
//! project (100,000 unless said). `-- life` copies and ends a project of that size instead.

#![expect(clippy::print_stdout, reason = "what a benchmark prints is its result")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark stops where it cannot measure"
)]

mod cpu;
mod life;
mod members;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::proxy::Plan;
use harness::world::{Client, Options, Project, World};
use serde_json::{Value, json};

/// Starts measured per function; the middle one counts.
const STARTS: usize = 20;
/// Requests over which CPU time is averaged: the kernel counts it in hundredths of a second.
const REQUESTS: usize = 400;

#[tokio::main]
async fn main() {
    let large = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(100_000);
    if std::env::args().any(|word| word == "life") {
        return life::copied_and_ended(large);
    }
    let folder = harness::build::functions()
        .await
        .expect("the functions build")
        .to_owned();
    sizes(&folder);
    let routes = gateway::ROUTES
        .iter()
        .map(|route| (route.method, route.path, route.function));
    let options = Options {
        routes: routes.collect(),
        instances: 1,
        plan: Plan::new(1),
        environment: Vec::new(),
    };
    let world = World::start(options).await.expect("a world");
    cold_starts(&world).await;
    let project = world.project("Bench").await;
    let admin = project.admin.token().await;
    invites(&project, &admin).await;
    lists(&world, &project, &admin, large).await;
}

/// What is uploaded: the binary, and the archive that Lambda unpacks.
fn sizes(folder: &Path) {
    println!("\n| Function | Binary, kB | gzip -9, kB |\n|---|---|---|");
    let mut functions: Vec<&str> = gateway::ROUTES.iter().map(|route| route.function).collect();
    functions.extend(["deliver-mail", gateway::NOT_FOUND]);
    functions.sort_unstable();
    functions.dedup();
    for function in functions {
        let path = folder.join(function);
        let bytes = std::fs::metadata(&path).unwrap().len();
        let zipped = Command::new("gzip")
            .args(["-9", "-c"])
            .arg(&path)
            .output()
            .unwrap()
            .stdout
            .len();
        println!("| {function} | {} | {} |", bytes / 1000, zipped / 1000);
    }
}

/// From the start of the process to its first answer, which includes reading the system's keys.
async fn cold_starts(world: &World) {
    println!("\n| Cold start | median, ms | fastest | slowest |\n|---|---|---|---|");
    for (function, path) in [
        ("discovery", "/"),
        ("me", "/auth/me"),
        ("list-members", "/fhir/R4/ProjectMembership"),
    ] {
        let mut times = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            times.push(
                world
                    .host()
                    .cold_start(function, &event(path))
                    .await
                    .expect("an answer"),
            );
        }
        times.sort_unstable();
        let [fastest, median, slowest] =
            [times[0], times[STARTS / 2], times[STARTS - 1]].map(millis);
        println!("| {function} | {median:.1} | {fastest:.1} | {slowest:.1} |");
    }
}

fn event(path: &str) -> Value {
    let context = json!({ "http": { "method": "GET", "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1",
        "userAgent": "bench" }, "requestId": "bench", "stage": "$default", "routeKey": "$default",
        "accountId": "0", "apiId": "bench", "domainName": "localhost", "domainPrefix": "bench",
        "time": "21/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_219_200_000_i64 });
    json!({ "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {},
        "requestContext": context, "isBase64Encoded": false })
}

async fn invites(project: &Project, admin: &Client) {
    println!(
        "\n| Invite, sendEmail false, one caller | requests | CPU of the function, ms each |\n|---|---|---|"
    );
    for (kind, round) in [("Patient", 0), ("Practitioner", 1)] {
        let invite = |n: usize| {
            json!({ "resourceType": kind, "firstName": "Homer", "lastName": "Simpson", "sendEmail": false,
                "email": format!("homer-{round}-{n}@example.com") })
        };
        project.invite(admin, &invite(REQUESTS)).await.must(200);
        let before = cpu::of("invite");
        for n in 0..REQUESTS {
            project.invite(admin, &invite(n)).await.must(200);
        }
        println!("| {kind} | {REQUESTS} | {:.2} |", each(before, "invite"));
    }
}

async fn lists(world: &World, project: &Project, admin: &Client, large: usize) {
    println!(
        "\n| List | members | entries | CPU of the function, ms each | trips | read units |\n|---|---|---|---|---|---|"
    );
    for size in [1_000, 10_000, large] {
        members::fill(world, project, size);
        for (what, query) in [
            ("20 plain", "?_count=20"),
            (
                "100 humans",
                "?_count=100&profile-type:not=ClientApplication,Bot",
            ),
        ] {
            let path = format!("/fhir/R4/ProjectMembership{query}");
            let first = admin.get(&path).await.must(200);
            let entries = first.body["entry"].as_array().map_or(0, Vec::len);
            let before = cpu::of("list-members");
            for _ in 0..REQUESTS {
                admin.get(&path).await.must(200);
            }
            let each = each(before, "list-members");
            let recorder = world.proxy().record();
            admin.get(&path).await.must(200);
            let cost = recorder.finish();
            println!(
                "| {what} | {size} | {entries} | {each:.2} | {} | {} |",
                cost.trips(),
                cost.rru()
            );
        }
    }
}

fn each(before: Duration, function: &str) -> f64 {
    millis(cpu::of(function).saturating_sub(before)) / REQUESTS as f64
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
