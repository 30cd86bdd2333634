//! Who calls too often waits, and nobody else does. Minutes are those of the clock: every test holds whichever of them it meets.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use harness::proxy::Plan;
use harness::world::{Answer, Client, Options, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::samples::FORM;
use crate::world::{at_once, options};

/// Requests a minute in the worlds below. Making a project takes one or two of each function.
const LIMIT: usize = 14;

/// As many as get past the limit of one minute and of the next, and one more.
const TOO_MANY: usize = 2 * LIMIT + 1;

static STRICT: OnceCell<World> = OnceCell::const_new();

/// A world that is strict with callers, and has one instance of each function, so that all calls are counted in one place.
async fn strict() -> &'static World {
    STRICT.get_or_init(|| limited(1, "ROSTER_RATE_LIMIT")).await
}

async fn limited(instances: usize, limit: &str) -> World {
    let limited = Options {
        environment: vec![(limit.to_owned(), LIMIT.to_string())],
        ..options(instances, Plan::default())
    };
    World::start(limited).await.unwrap()
}

/// Calls until it is too much.
async fn exhaust(caller: &Client, path: &str) -> Answer {
    for _ in 0..TOO_MANY {
        let answer = caller.get(path).await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("{TOO_MANY} calls were answered");
}

/// `r` and `t` of the header `RateLimit`.
fn left(answer: &Answer) -> (u32, u32) {
    let header = answer.header("ratelimit");
    let numbers = header.strip_prefix("\"requests\";r=").unwrap_or_default();
    let (remaining, seconds) = numbers.split_once(";t=").expect(header);
    (remaining.parse().unwrap(), seconds.parse().unwrap())
}

fn must_say_when_to_come_back(answer: &Answer) {
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(left(answer), (0, wait));
}

#[tokio::test]
async fn a_caller_over_his_limit_waits_and_others_of_his_project_and_address_do_not() {
    let clinic = strict().await.project("Clinic").await;
    let elsewhere = strict().await.project("Elsewhere").await;
    let colleague = clinic.administrator("Colleague").await;
    let refused = exhaust(&clinic.admin, "/auth/me").await;
    must_say_when_to_come_back(&refused);
    let issue = &refused.body["issue"][0];
    assert_eq!(refused.issue_text(), "Too Many Requests");
    assert_eq!(issue["code"], "throttled");
    let diagnostics: Value = serde_json::from_str(issue["diagnostics"].as_str().unwrap()).unwrap();
    assert_eq!(diagnostics["remainingPoints"], 0);
    for other in [&colleague, &elsewhere.admin] {
        other.get("/auth/me").await.must(200);
    }
}

#[tokio::test]
async fn every_answer_says_what_is_left_and_a_preflight_takes_nothing_from_it() {
    let project = strict().await.project("Counted").await;
    for _ in 0..3 {
        let before = left(&project.admin.get("/auth/me").await.must(200));
        for _ in 0..TOO_MANY {
            let preflight = Request::new("OPTIONS", "/auth/me")
                .header("origin", "http://localhost:3000")
                .header("access-control-request-method", "GET");
            project.admin.send(preflight).await.must(204);
        }
        let after = left(&project.admin.get("/auth/me").await.must(200));
        assert!(before.0 < LIMIT as u32 && (1..=60).contains(&before.1));
        if after.1 <= before.1 {
            assert_eq!(after.0 + 1, before.0);
            return;
        }
    }
    panic!("three minutes ended");
}

#[tokio::test]
async fn strangers_are_counted_by_their_address_and_callers_at_it_are_still_let_in() {
    let project = strict().await.project("Shared address").await;
    let refused = exhaust(&strict().await.anonymous(), "/auth/me").await;
    must_say_when_to_come_back(&refused);
    project.admin.get("/auth/me").await.must(200);
    let elsewhere = strict().await.anonymous().from(other_address());
    elsewhere.get("/auth/me").await.must(401);
    must_say_when_to_come_back(&exhaust(&strict().await.anonymous(), "/healthcheck").await);
    elsewhere.get("/healthcheck").await.must(200);
}

#[tokio::test]
async fn a_projects_system_setting_goes_before_the_configured_limit() {
    let world = strict().await;
    let patient = project_with_limit(world, ("rateLimit", 1_000)).await;
    for _ in 0..TOO_MANY {
        patient.admin.get("/auth/me").await.must(200);
    }
    let hasty = project_with_limit(world, ("rateLimit", 1)).await;
    let answers = [
        hasty.admin.get("/auth/me").await.status,
        hasty.admin.get("/auth/me").await.status,
        hasty.admin.get("/auth/me").await.status,
    ];
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn members_call_the_routes_of_signing_in_as_often_as_their_project_says() {
    let world = strict().await;
    // Nothing is revoked: the request names no session.
    let ask = async |caller: &Client| caller.post("/auth/revoke", &json!({})).await.status;
    let free = project_with_limit(world, ("rateLimit", 1_000)).await;
    let hasty = project_with_limit(world, ("authRateLimit", 1)).await;
    let (mut of_the_free, mut of_the_hasty) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        of_the_free.push(ask(&free.admin).await);
        of_the_hasty.push(ask(&hasty.admin).await);
    }
    assert!(!of_the_free.contains(&429), "{of_the_free:?}");
    assert!(of_the_hasty.contains(&429), "{of_the_hasty:?}");
    hasty.admin.get("/auth/me").await.must(200);
}

async fn project_with_limit(world: &World, (name, limit): (&str, u32)) -> Project {
    let setting = json!([{ "name": name, "valueInteger": limit }]);
    let body = json!({ "resourceType": "Project", "name": "Set", "systemSetting": setting });
    let made = world.root().post("/fhir/R4/Project", &body).await.must(201);
    let mut project = world.project("Set").await;
    project.id = made.id().to_owned();
    project.admin = project.administrator("Set").await;
    project
}

fn other_address() -> IpAddr {
    Ipv4Addr::new(127, 0, 0, 2).into()
}

/// A request for a token; the header that a client may write itself says something new each time.
fn for_a_token(number: usize) -> Request {
    let form = "grant_type=client_credentials&client_id=x&client_secret=y".to_owned();
    let forwarded = format!("198.51.100.{number}");
    Request::new("POST", "/oauth2/token")
        .body(FORM, form)
        .header("x-forwarded-for", &forwarded)
}

/// The counts of addresses in the table, each with its key.
async fn counts(world: &World) -> Vec<(String, usize)> {
    let rows = world.every_row().await.into_iter();
    let counts = rows.filter(|row| row["SK"]["S"] == "CALLS");
    let count = |row: Value| {
        assert!(row["ttl"]["N"].is_string(), "{row}");
        let calls = row["calls"]["N"].as_str().unwrap().parse().unwrap();
        (row["PK"]["S"].as_str().unwrap().to_owned(), calls)
    };
    counts.map(count).collect()
}

#[tokio::test]
async fn sixty_four_at_once_never_get_past_the_limit_of_an_address_and_another_address_does_not_notice()
 {
    let world = limited(8, "ROSTER_AUTH_RATE_LIMIT").await;
    let before: usize = counts(&world).await.iter().map(|(_, calls)| calls).sum();
    let answers = at_once(64, |number| {
        let stranger = world.anonymous();
        async move { stranger.send(for_a_token(number)).await }
    })
    .await;
    let (refused, served): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 429);
    for answer in &refused {
        must_say_when_to_come_back(answer);
        assert_eq!(answer.body["error"], "temporarily_unavailable");
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
    for answer in &served {
        assert_eq!(answer.body["error_description"], "Invalid client");
        assert!((left(answer).0 as usize) < LIMIT);
    }
    let counted = counts(&world).await;
    assert!(refused.len() >= 64 - 2 * LIMIT, "{counted:?}");
    assert!(
        counted.iter().all(|(_, calls)| *calls <= LIMIT),
        "{counted:?}"
    );
    let total: usize = counted.iter().map(|(_, calls)| calls).sum();
    assert_eq!(total - before, served.len(), "{counted:?}");
    let clear = |(key, _): &(String, usize)| key.contains("127.0.0") || key.contains("198.51");
    assert!(!counted.iter().any(clear), "{counted:?}");

    let elsewhere = world.anonymous().from(other_address());
    elsewhere.send(for_a_token(0)).await.must(400);
    let networks = counts(&world).await;
    let networks: BTreeSet<&str> = networks
        .iter()
        .filter_map(|(key, _)| key.split('#').nth(1))
        .collect();
    assert_eq!(networks.len(), 2, "one count for each address");
}

#[tokio::test]
async fn who_asks_who_he_is_is_not_counted_as_one_who_signs_in() {
    let world = limited(1, "ROSTER_AUTH_RATE_LIMIT").await;
    let project = world.project("Busy").await;
    for _ in 0..TOO_MANY {
        project.admin.get("/auth/me").await.must(200);
    }
    assert!(counts(&world).await.is_empty());
}
