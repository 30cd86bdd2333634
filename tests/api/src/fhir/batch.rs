//! Many requests in one.

use serde_json::{Value, json};

use super::{path, version};
use crate::world::{create, reference, world};

const NAMES: [&str; 2] = [
    "urn:uuid:11111111-1111-4111-8111-111111111111",
    "urn:uuid:22222222-2222-4222-8222-222222222222",
];

fn bundle(kind: &str, entries: Value) -> Value {
    let mut bundle = json!({ "resourceType": "Bundle", "type": kind });
    bundle["entry"] = entries;
    bundle
}

fn ask(method: &str, url: &str) -> Value {
    json!({ "request": { "method": method, "url": url } })
}

fn statuses(answer: &Value) -> Vec<&str> {
    let entries = answer["entry"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_reads_that_a_client_gathers_are_answered_each_for_itself() {
    let world = world().await;
    let (project, other) = (
        world.project("Gathered").await,
        world.project("Other").await,
    );
    let mine = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let foreign = create(&other.admin, json!({ "resourceType": "Patient" })).await;
    let id = foreign["id"].as_str().unwrap();
    let entries = json!([
        ask("GET", &reference(&mine)),
        ask("GET", &format!("/{}", reference(&mine))),
        ask("GET", &format!("Patient/{id}")),
        ask("GET", &format!("Patient?_id={id}")),
        ask("GET", "Bogus/1"),
        ask("GET", "ProjectMembership?_count=1"),
        ask("GET", &format!("{}/_history", reference(&mine))),
        ask(
            "GET",
            &format!("{}/_history/{}", reference(&mine), version(&mine))
        ),
        ask("GET", "$nothing"),
        json!({}),
        json!({ "request": { "method": "GET" } }),
        json!({ "request": { "method": "BREW", "url": "Coffee" } }),
    ]);
    let answer = project
        .admin
        .post("/fhir/R4", &bundle("batch", entries))
        .await
        .must(200)
        .body;
    assert_eq!(answer["type"], "batch-response");
    let wanted = [
        "200", "200", "404", "200", "400", "200", "200", "200", "404", "400", "400", "400",
    ];
    assert_eq!(statuses(&answer), wanted);
    assert_eq!(answer["entry"][0]["resource"], mine);
    assert_eq!(answer["entry"][0]["response"]["outcome"]["id"], "ok");
    let refused = json!({ "response": { "outcome": { "resourceType": "OperationOutcome", "id": "not-found",
        "issue": [{ "severity": "error", "code": "not-found", "details": { "text": "Not found" } }] }, "status": "404" } });
    assert_eq!(answer["entry"][2], refused);
    let found = &answer["entry"][3]["resource"];
    assert_eq!(
        (&found["type"], found.get("entry")),
        (&json!("searchset"), None)
    );
    assert_eq!(answer["entry"][6]["resource"]["type"], "history");
}

#[tokio::test]
async fn entries_refer_to_what_others_make_in_whatever_order_they_stand() {
    let project = world().await.project("Names").await;
    let admin = &project.admin;
    let entries = json!([
        { "fullUrl": NAMES[0], "request": { "method": "POST", "url": "Observation" },
          "resource": { "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": { "reference": NAMES[1] } } },
        { "fullUrl": NAMES[1], "request": { "method": "POST", "url": "Patient" },
          "resource": { "resourceType": "Patient", "active": true } },
    ]);
    for kind in ["batch", "transaction"] {
        let answer = admin
            .post("/fhir/R4", &bundle(kind, entries.clone()))
            .await
            .must(200)
            .body;
        assert_eq!(answer["type"], format!("{kind}-response"));
        assert_eq!(statuses(&answer), ["201", "201"]);
        let (observation, patient) = (
            &answer["entry"][0]["resource"],
            &answer["entry"][1]["resource"],
        );
        assert_eq!(observation["subject"]["reference"], reference(patient));
        let address = answer["entry"][1]["response"]["location"].as_str().unwrap();
        assert_eq!(address, reference(patient));
        admin.get(&path(patient)).await.must(200);
    }
}

#[tokio::test]
async fn every_verb_works_in_a_batch_and_one_bad_entry_fails_alone() {
    let project = world().await.project("Verbs").await;
    let admin = &project.admin;
    let made: Vec<Value> = {
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(create(admin, json!({ "resourceType": "Patient" })).await);
        }
        made
    };
    let (one, two, three) = (
        reference(&made[0]),
        reference(&made[1]),
        reference(&made[2]),
    );
    let parts = json!([{ "name": "op", "valueCode": "add" }, { "name": "path", "valueString": "/gender" },
                       { "name": "value", "valueString": "\"female\"" }]);
    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": parts }] });
    // [{"op":"add","path":"/active","value":true}]
    let data = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0=";
    let stale = json!({ "method": "PUT", "url": one, "ifMatch": "W/\"00000000-0000-7000-8000-000000000000\"" });
    let fresh =
        json!({ "method": "PUT", "url": one, "ifMatch": format!("W/\"{}\"", version(&made[0])) });
    let changed =
        json!({ "resourceType": "Patient", "id": made[0]["id"], "birthDate": "2000-01-01" });
    let entries = json!([
        ask("GET", &one),
        { "request": stale, "resource": changed },
        { "request": fresh, "resource": changed },
        { "request": { "method": "PATCH", "url": two }, "resource": { "resourceType": "Binary", "data": data } },
        { "request": { "method": "PATCH", "url": two }, "resource": parameters },
        { "request": { "method": "PATCH", "url": two }, "resource": { "resourceType": "Patient" } },
        ask("DELETE", &three),
        ask("GET", &three),
        { "request": { "method": "POST", "url": "Patient" }, "resource": { "resourceType": "Practitioner" } },
        { "request": { "method": "POST", "url": "Patient" } },
        { "request": { "method": "POST", "url": "Patient", "ifNoneExist": "identifier=b-1" },
          "resource": { "resourceType": "Patient", "identifier": [{ "value": "b-1" }] } },
        { "request": { "method": "POST", "url": "Patient", "ifNoneExist": "identifier=b-1" },
          "resource": { "resourceType": "Patient", "identifier": [{ "value": "b-1" }] } },
        ask("DELETE", "Patient?identifier=nobody"),
        { "request": { "method": "POST", "url": "Project" }, "resource": { "resourceType": "Project", "name": "x" } },
        ask("POST", "Patient/$expunge"),
    ]);
    let answer = admin
        .post("/fhir/R4", &bundle("batch", entries))
        .await
        .must(200)
        .body;
    let wanted = [
        "200", "412", "200", "200", "200", "400", "200", "410", "400", "400", "201", "200", "200",
        "403", "404",
    ];
    assert_eq!(statuses(&answer), wanted, "{answer:#}");
    // Reads come last.
    assert_eq!(answer["entry"][0]["resource"]["birthDate"], "2000-01-01");
    let patched = admin.get(&path(&made[1])).await.must(200).body;
    assert_eq!(
        (&patched["active"], &patched["gender"]),
        (&json!(true), &json!("female"))
    );
    assert_eq!(
        answer["entry"][10]["resource"]["id"],
        answer["entry"][11]["resource"]["id"]
    );
}

#[tokio::test]
async fn a_super_admin_makes_projects_and_what_belongs_to_them() {
    let world = world().await;
    let project = world.project("Reached").await;
    let entries = json!([
        { "request": { "method": "POST", "url": "Project" }, "resource": { "resourceType": "Project", "name": "By batch" } },
        { "request": { "method": "POST", "url": "Patient" },
          "resource": { "resourceType": "Patient", "meta": { "project": project.id } } },
    ]);
    let answer = world
        .root()
        .post("/fhir/R4", &bundle("batch", entries))
        .await
        .must(200)
        .body;
    assert_eq!(statuses(&answer), ["201", "201"]);
    project
        .admin
        .get(&path(&answer["entry"][1]["resource"]))
        .await
        .must(200);
}

#[tokio::test]
async fn what_is_no_batch_is_refused_as_a_whole() {
    let project = world().await.project("No batch").await;
    let say = async |body: Value| {
        project
            .admin
            .post("/fhir/R4", &body)
            .await
            .must(400)
            .issue_text()
            .to_owned()
    };
    assert_eq!(
        say(bundle("message", json!([{}]))).await,
        "Unrecognized bundle type: message"
    );
    assert_eq!(
        say(bundle("batch", json!([]))).await,
        "Missing bundle entries"
    );
    say(json!({ "resourceType": "Patient" })).await;
    let many: Vec<Value> = (0..201).map(|_| json!({})).collect();
    assert!(
        say(bundle("batch", many.into()))
            .await
            .contains("at most 200")
    );
}

#[tokio::test]
async fn a_member_without_rights_is_refused_entry_by_entry() {
    let project = world().await.project("Entries").await;
    let plain = project.application("Plain").await;
    let policy =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
    let made = create(&project.admin, policy.clone()).await;
    let entries = json!([
        ask("GET", &reference(&made)), ask("GET", "AccessPolicy"), ask("DELETE", &reference(&made)),
        { "request": { "method": "POST", "url": "AccessPolicy" }, "resource": policy },
        { "request": { "method": "PUT", "url": reference(&made) }, "resource": made },
        ask("DELETE", "AccessPolicy?_id=x"), ask("GET", &format!("{}/_history", reference(&made))),
    ]);
    let answer = plain
        .post("/fhir/R4", &bundle("batch", entries))
        .await
        .must(200)
        .body;
    assert!(
        statuses(&answer).iter().all(|status| *status == "403"),
        "{answer:#}"
    );
    project.admin.get(&path(&made)).await.must(200);
}
