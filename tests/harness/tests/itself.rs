//! The harness hosts a function of its own, `examples/echo.rs`, and meets every fault it can plan.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use local::table::{Definition, Engine, Storage};
use roster_harness::build;
use roster_harness::host::{Broken, Host, Route, Setup};
use roster_harness::proxy::{Fault, Plan, Proxy, Recording};
use roster_harness::world::{Answer, Client, Request};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const ROUTES: &[Route] = &[
    ("GET", "/echo/{what}", "echo"),
    ("GET", "/none", "no-such-binary"),
];

struct Stage {
    host: Host,
    proxy: Proxy,
    engine: Engine,
    client: Client,
}

impl Stage {
    async fn set(instances: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let engine = Engine::start(Storage::Memory, listener).unwrap();
        let template = build::workspace().join("infra/template.yaml");
        Definition::from_template(template)
            .unwrap()
            .create(engine.database(), "rows")
            .unwrap();
        let proxy = Proxy::start(engine.url()).await.unwrap();
        let binaries = examples();
        let deadline = Duration::from_secs(2);
        let setup = Setup {
            binaries,
            routes: ROUTES.to_vec(),
            instances,
            deadline,
        };
        let host = Host::start(setup, |_| environment(proxy.url()))
            .await
            .unwrap();
        proxy.on_crash(host.killer());
        let client = Client::new(host.url());
        Self {
            host,
            proxy,
            engine,
            client,
        }
    }

    async fn recorded(&self, path: &str) -> (Answer, Recording) {
        let recorder = self.proxy.record();
        let answer = self.client.get(path).await;
        let recording = recorder.finish().of(answer.request_id());
        (answer, recording)
    }

    async fn until_logged(&self, text: &str) {
        for _ in 0..500 {
            let lines = self.host.logs();
            if lines
                .iter()
                .any(|line| line.function == "echo" && line.text.contains(text))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{text} is not in {:?}", self.host.logs());
    }

    async fn row_exists(&self, row: &str) -> bool {
        let get = json!({ "TableName": "rows", "Key": key(row) });
        table(self.engine.url(), "GetItem", &get).await.body["Item"].is_object()
    }
}

fn examples() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(2).unwrap().join("examples")
}

fn environment(table: &str) -> Vec<(String, String)> {
    let pairs = [
        ("AWS_ENDPOINT_URL_DYNAMODB", table),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", "us-east-1"),
    ];
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn key(row: &str) -> Value {
    json!({ "PK": { "S": "p" }, "SK": { "S": row } })
}

async fn table(url: &str, action: &str, body: &Value) -> Answer {
    let request = Request::new("POST", "/")
        .header("x-amz-target", &format!("DynamoDB_20120810.{action}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .header("x-amz-date", "20260101T000000Z")
        .body("application/x-amz-json-1.0", body.to_string());
    Client::new(url).send(request).await
}

fn process(answer: &Answer) -> &str {
    answer.text.rsplit(' ').next().unwrap()
}

#[tokio::test]
async fn a_request_goes_through_the_function_and_back() {
    let stage = Stage::set(1).await;
    let answer = stage.client.get("/echo/x%20y").await.must(200);
    assert!(
        answer.text.starts_with("GET /echo/x y by "),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("content-type"), "text/plain");
    stage.until_logged("/echo/x y").await;
}

#[tokio::test]
async fn requests_one_after_the_other_are_served_by_one_process() {
    let stage = Stage::set(4).await;
    let first = stage.client.get("/echo/1").await.must(200);
    for _ in 0..5 {
        let next = stage.client.get("/echo/2").await.must(200);
        assert_eq!(process(&next), process(&first));
    }
}

#[tokio::test]
async fn requests_at_once_are_served_by_several_processes_up_to_the_limit() {
    let stage = Stage::set(3).await;
    let mut requests = JoinSet::new();
    for _ in 0..9 {
        let client = stage.client.clone();
        requests.spawn(async move { client.get("/echo/a?sleep=200").await.must(200) });
    }
    let answers = requests.join_all().await;
    let processes: std::collections::BTreeSet<_> = answers.iter().map(process).collect();
    assert_eq!(processes.len(), 3);
}

#[tokio::test]
async fn a_process_that_ends_breaks_its_request_and_is_replaced() {
    let stage = Stage::set(1).await;
    let before = stage.client.get("/echo/a").await.must(200);
    let broken = stage.client.get("/echo/a?exit=1").await.must(502);
    assert!(
        broken.header("x-broken").contains("ended"),
        "{:?}",
        broken.headers
    );
    let after = stage.client.get("/echo/a").await.must(200);
    assert_ne!(process(&before), process(&after));
}

#[tokio::test]
async fn a_function_that_is_late_is_killed_and_one_that_fails_is_reported() {
    let stage = Stage::set(1).await;
    let late = stage.client.get("/echo/a?sleep=60000").await.must(502);
    assert!(
        late.header("x-broken").contains("deadline"),
        "{:?}",
        late.headers
    );
    let failed = stage.client.get("/echo/a?fail=1").await.must(502);
    assert!(
        failed.header("x-broken").contains("as it was told"),
        "{:?}",
        failed.headers
    );
    stage.client.get("/echo/a").await.must(200);
}

#[tokio::test]
async fn a_binary_that_is_missing_breaks_its_requests_and_says_so() {
    let stage = Stage::set(1).await;
    let answer = stage.client.get("/none").await.must(502);
    assert!(
        answer.header("x-broken").contains("no-such-binary"),
        "{:?}",
        answer.headers
    );
    let not_found = stage.client.get("/nowhere").await.must(502);
    assert!(
        not_found.header("x-broken").contains("not-found"),
        "{:?}",
        not_found.headers
    );
}

#[tokio::test]
async fn killing_a_function_breaks_what_it_has_in_hand() {
    let stage = Stage::set(1).await;
    let client = stage.client.clone();
    stage.client.get("/echo/a").await.must(200);
    let waiting = tokio::spawn(async move { client.get("/echo/a?sleep=1500").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.host.crash("echo").await, 1);
    waiting.await.unwrap().must(502);
}

#[tokio::test]
async fn a_cold_start_is_timed_and_an_event_can_be_sent_without_http() {
    let stage = Stage::set(1).await;
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/echo/a", "rawQueryString": "", "headers": {},
        "requestContext": { "http": { "method": "GET", "path": "/echo/a" }, "stage": "$default" },
        "isBase64Encoded": false,
    });
    let answer = stage.host.invoke("echo", &event).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
    assert!(stage.host.cold_start("echo", &event).await.unwrap() > Duration::ZERO);
    let refused = stage.host.invoke("echo", &json!({ "no": "event" })).await;
    assert!(
        matches!(refused, Err(Broken::Failed(_) | Broken::Crashed(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn reads_one_after_the_other_are_trips_and_reads_at_once_are_one() {
    let stage = Stage::set(1).await;
    let (_, sequential) = stage.recorded("/echo/a?get=3").await;
    assert_eq!((sequential.calls.len(), sequential.trips()), (3, 3));
    let (_, together) = stage.recorded("/echo/a?together=3").await;
    assert_eq!((together.calls.len(), together.trips()), (3, 1));
    assert_eq!(together.rru(), 1.5);
}

#[tokio::test]
async fn a_recording_knows_function_request_rows_and_units() {
    let stage = Stage::set(1).await;
    let (answer, recording) = stage.recorded("/echo/a?write=row").await;
    assert_eq!(answer.must(200).status, recording.calls[0].status);
    assert_eq!(recording.keys(), [("p".to_owned(), "row".to_owned())]);
    assert_eq!((recording.base_wru(), recording.index_wru()), (2.0, 0.0));
    assert_eq!(recording.by("echo").calls.len(), 1);
    assert_eq!(recording.calls[0].action, "TransactWriteItems");
}

#[tokio::test]
async fn the_sdk_rides_out_throttling_and_server_errors() {
    let stage = Stage::set(1).await;
    for fault in [Fault::Throttle, Fault::ServerError, Fault::LostRequest] {
        stage.proxy.lay(Plan::new(1).nth("echo/GetItem", 1, fault));
        let (answer, recording) = stage.recorded("/echo/a?get=1").await;
        answer.must(200);
        assert_eq!(recording.calls.len(), 2, "{fault:?}");
        assert_ne!(recording.calls[0].status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_was_carried_out_and_is_asked_for_again() {
    let stage = Stage::set(1).await;
    stage
        .proxy
        .lay(Plan::new(1).nth("TransactWriteItems", 1, Fault::LostAnswer));
    let (answer, recording) = stage.recorded("/echo/a?write=lost").await;
    answer.must(200);
    let statuses: Vec<_> = recording.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [0, 200]);
}

#[tokio::test]
async fn a_crash_before_the_call_leaves_nothing_and_a_crash_after_it_leaves_the_row() {
    let stage = Stage::set(1).await;
    for (fault, row, is_there) in [
        (Fault::CrashBefore, "before", false),
        (Fault::CrashAfter, "after", true),
    ] {
        stage.proxy.lay(Plan::new(1).nth("echo/*", 1, fault));
        let broken = stage
            .client
            .get(&format!("/echo/a?write={row}"))
            .await
            .must(502);
        assert!(
            broken.header("x-broken").contains("ended"),
            "{:?}",
            broken.headers
        );
        assert_eq!(stage.row_exists(row).await, is_there, "{fault:?}");
    }
    stage.client.get("/echo/a").await.must(200);
}

#[tokio::test]
async fn the_later_of_two_transactions_in_flight_is_cancelled_at_the_row_they_share() {
    let stage = Stage::set(1).await;
    let slow = Fault::Delay(Duration::from_secs(2));
    stage
        .proxy
        .lay(Plan::new(1).conflicts().nth("TransactWriteItems", 1, slow));
    let steps = |rows: &[&str]| {
        let put = |row: &&str| json!({ "Put": { "TableName": "rows", "Item": key(row) } });
        json!({ "TransactItems": rows.iter().map(put).collect::<Vec<_>>() })
    };
    let (url, early) = (stage.proxy.url().to_owned(), steps(&["a", "b"]));
    let first = tokio::spawn(async move { table(&url, "TransactWriteItems", &early).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let later = table(stage.proxy.url(), "TransactWriteItems", &steps(&["c", "b"]))
        .await
        .must(400);
    assert!(
        later.text.contains("TransactionCanceledException"),
        "{}",
        later.text
    );
    assert_eq!(later.body["CancellationReasons"][0]["Code"], "None");
    assert_eq!(
        later.body["CancellationReasons"][1]["Code"],
        "TransactionConflict"
    );
    first.await.unwrap().must(200);
    table(stage.proxy.url(), "TransactWriteItems", &steps(&["c", "b"]))
        .await
        .must(200);
}

#[tokio::test]
async fn half_of_a_batch_read_can_stay_unprocessed() {
    let stage = Stage::set(1).await;
    for row in ["0", "1"] {
        let put = json!({ "TableName": "rows", "Item": key(row) });
        table(stage.engine.url(), "PutItem", &put).await.must(200);
    }
    stage
        .proxy
        .lay(Plan::new(1).nth("BatchGetItem", 1, Fault::Unprocessed));
    let batch = json!({ "RequestItems": { "rows": { "Keys": [key("0"), key("1")], "ConsistentRead": true } } });
    let half = table(stage.proxy.url(), "BatchGetItem", &batch)
        .await
        .must(200);
    assert_eq!(half.body["Responses"]["rows"], json!([key("0")]));
    assert_eq!(
        half.body["UnprocessedKeys"]["rows"]["Keys"],
        json!([key("1")])
    );
    let whole = table(stage.proxy.url(), "BatchGetItem", &batch)
        .await
        .must(200);
    assert_eq!(
        whole.body["Responses"]["rows"].as_array().map(Vec::len),
        Some(2)
    );
}

/// Only the next test runs this, in a process that it kills.
#[tokio::test]
#[ignore = "never ends by itself"]
async fn a_process_that_hosts_until_it_is_killed() {
    let stage = Stage::set(1).await;
    let idle = stage.client.get("/echo/a").await.must(200);
    let client = stage.client.clone();
    tokio::spawn(async move { client.get("/echo/busy?sleep=60000").await });
    stage.until_logged("/echo/busy").await;
    eprintln!("function process {}", process(&idle));
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[test]
fn no_function_outlives_a_test_process_that_is_killed() {
    let mut hosting = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_process_that_hosts_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(hosting.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let function = lines.filter_map(|line| {
        line.split_once("function process ")
            .map(|(_, pid)| pid.to_owned())
    });
    let function = { function }.next().unwrap();
    let folder = format!("/proc/{function}");
    assert!(Path::new(&folder).exists());
    hosting.kill().unwrap();
    hosting.wait().unwrap();
    for _ in 0..250 {
        if !Path::new(&folder).exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("process {function} still lives");
}
