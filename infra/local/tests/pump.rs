//! The stream of a real table, carried to functions that this file plays.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynoxide::Database;
use roster_local::pump::{Invoke, Pattern, Pump, Stream, StreamConsumer};
use roster_local::table::Definition;
use serde_json::{Value, json};

/// What a function was called with: one list of row names per call.
type Calls = Arc<Mutex<Vec<Vec<String>>>>;

fn stream(places: Option<&Path>) -> Stream {
    let database = Database::memory().unwrap();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    Definition::from_template(template)
        .unwrap()
        .create(&database, "roster")
        .unwrap();
    Stream {
        database,
        table: "roster".into(),
        places: places.map(Into::into),
    }
}

fn put(stream: &Stream, name: &str) {
    let item = json!({ "PK": { "S": name }, "SK": { "S": "META" }, "kind": { "S": "letter" } });
    stream
        .database
        .put_item(serde_json::from_value(json!({ "TableName": "roster", "Item": item })).unwrap())
        .unwrap();
}

fn consumer(filter: &str, batch_size: usize) -> StreamConsumer {
    StreamConsumer {
        function: "follower".into(),
        filters: vec![Pattern::parse(filter).unwrap()],
        batch_size,
        retries: 2,
    }
}

/// A function that fails the rows in `failing` so many times, each reported by its sequence number.
fn function(failing: &[(&str, u32)]) -> (Calls, Invoke) {
    let calls = Calls::default();
    let left: Mutex<BTreeMap<String, u32>> = Mutex::new(
        failing
            .iter()
            .map(|(name, times)| ((*name).into(), *times))
            .collect(),
    );
    let seen = Arc::clone(&calls);
    let invoke: Invoke = Arc::new(move |function, event| {
        assert_eq!(function, "follower");
        let records = event["Records"].as_array().unwrap();
        seen.lock()
            .unwrap()
            .push(records.iter().map(name).collect());
        let mut left = left.lock().unwrap();
        let failed = records
            .iter()
            .filter(|record| match left.get_mut(&name(record)) {
                Some(0) | None => false,
                Some(times) => {
                    *times -= 1;
                    true
                }
            });
        let failures: Vec<Value> = failed
            .map(|record| json!({ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }))
            .collect();
        Box::pin(async move { Ok(json!({ "batchItemFailures": failures })) })
    });
    (calls, invoke)
}

fn name(record: &Value) -> String {
    record["dynamodb"]["Keys"]["PK"]["S"]
        .as_str()
        .unwrap()
        .into()
}

/// Waits, for as long as a slow machine needs, until the function was called with this row.
async fn until_called_with(calls: &Calls, name: &str) {
    let waiting = async {
        while !calls
            .lock()
            .unwrap()
            .iter()
            .flatten()
            .any(|called| called == name)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap();
}

const EVERYTHING: &str = "{}";

#[tokio::test]
async fn a_job_tells_how_many_resources_there_are_before_it_goes_through_them() {
    let stream = stream(None);
    let write = |item: Value| {
        let request = json!({ "TableName": "roster", "Item": item });
        let request = serde_json::from_value(request).unwrap();
        stream.database.put_item(request).unwrap();
    };
    for number in 0..1_200 {
        write(json!({ "PK": { "S": "P#one#R" }, "SK": { "S": format!("Patient#{number}") } }));
    }
    let order = json!({ "types": [], "include": [], "exclude": [], "source": "one" });
    let job = |id: &str, fields: Value| {
        let mut row = json!({ "PK": { "S": format!("JOB#{id}") }, "SK": { "S": "JOB" }, "phase": { "S": "ready" } });
        let fields = fields.as_object().unwrap().clone();
        row.as_object_mut().unwrap().extend(fields);
        row
    };
    write(
        json!({ "PK": { "S": "JOB#a-1" }, "SK": { "S": "ORDER#0000" }, "text": { "S": order.to_string() } }),
    );
    write(job(
        "a-1",
        json!({ "kind": { "S": "clone" }, "project": { "S": "two" } }),
    ));
    write(job(
        "b-1",
        json!({ "kind": { "S": "expunge" }, "project": { "S": "one" } }),
    ));
    let (_, invoke) = function(&[]);
    let mut pump = Pump::start(&stream, Vec::new(), &invoke).unwrap();
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    pump.tell(&stream, move |line| say.send(line).unwrap())
        .unwrap();
    for line in [
        "clone a… 1,200 resources, asked for at /fhir/R4/job/a-1/status",
        "expunge b… 1,200 resources, asked for at /fhir/R4/job/b-1/status",
    ] {
        assert_eq!(said.recv().await.unwrap(), line);
    }
}

#[tokio::test]
async fn a_record_reaches_the_function_as_lambda_would_show_it() {
    let stream = stream(None);
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let invoke: Invoke = Arc::new(move |_, event| {
        seen.lock().unwrap().push(event);
        Box::pin(async { Ok(Value::Null) })
    });
    let _pump = Pump::start(&stream, vec![consumer(EVERYTHING, 10)], &invoke).unwrap();
    put(&stream, "a");
    while events.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let record = events.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!(record["eventSource"], "aws:dynamodb");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(record["dynamodb"]["NewImage"]["kind"]["S"], "letter");
    assert_eq!(
        record["dynamodb"]["Keys"],
        json!({ "PK": { "S": "a" }, "SK": { "S": "META" } })
    );
    assert!(
        record["eventSourceARN"]
            .as_str()
            .unwrap()
            .contains(":table/roster/stream/")
    );
    assert!(record["eventID"].is_string() && record["dynamodb"]["SequenceNumber"].is_string());
}

#[tokio::test]
async fn records_that_no_filter_wants_are_never_delivered() {
    let stream = stream(None);
    let (calls, invoke) = function(&[]);
    let wanted = r#"{ "dynamodb": { "Keys": { "PK": { "S": [{ "prefix": "b" }] } } } }"#;
    let _pump = Pump::start(&stream, vec![consumer(wanted, 10)], &invoke).unwrap();
    for name in ["a", "b1", "c", "b2"] {
        put(&stream, name);
    }
    until_called_with(&calls, "b2").await;
    assert_eq!(calls.lock().unwrap().concat(), ["b1", "b2"]);
}

#[tokio::test]
async fn a_batch_is_sent_again_from_its_first_failure_on() {
    let stream = stream(None);
    for name in ["a", "b", "c"] {
        put(&stream, name);
    }
    let (calls, invoke) = function(&[("b", 1)]);
    let pump = Pump::start(&stream, vec![consumer(EVERYTHING, 2)], &invoke).unwrap();
    until_called_with(&calls, "c").await;
    assert_eq!(
        *calls.lock().unwrap(),
        [vec!["a", "b"], vec!["b"], vec!["c"]]
    );
    assert_eq!(pump.dead_letters(), []);
}

#[tokio::test]
async fn a_record_that_never_succeeds_becomes_a_dead_letter_and_the_rest_goes_on() {
    let stream = stream(None);
    for name in ["bad", "a", "b", "c"] {
        put(&stream, name);
    }
    let (calls, invoke) = function(&[("bad", u32::MAX)]);
    let pump = Pump::start(&stream, vec![consumer(EVERYTHING, 10)], &invoke).unwrap();
    until_called_with(&calls, "c").await;
    put(&stream, "d");
    until_called_with(&calls, "d").await;
    let alone = calls
        .lock()
        .unwrap()
        .iter()
        .filter(|call| **call == ["bad"])
        .count();
    assert_eq!(alone, 3, "one attempt and two retries");
    let dead: Vec<String> = pump
        .dead_letters()
        .iter()
        .map(|letter| name(&letter.record))
        .collect();
    assert_eq!(dead, ["bad"]);
}

#[tokio::test]
async fn a_function_that_stopped_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let stream = stream(Some(folder.path()));
    put(&stream, "a");
    let (calls, invoke) = function(&[]);
    let pump = Pump::start(&stream, vec![consumer(EVERYTHING, 10)], &invoke).unwrap();
    until_called_with(&calls, "a").await;
    while !folder.path().join("follower").exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(pump);
    put(&stream, "b");
    let (calls, invoke) = function(&[]);
    let _pump = Pump::start(&stream, vec![consumer(EVERYTHING, 10)], &invoke).unwrap();
    until_called_with(&calls, "b").await;
    assert_eq!(calls.lock().unwrap().concat(), ["b"]);
}
