//! One entry that fails is enough.

use harness::world::Project;
use serde_json::{Value, json};

use super::{ask, organization, patient, post, project, put, send};
use crate::ledger::Ledger;
use crate::world::{create, reference, with, world};

/// Everything that stands in a project but its record.
async fn stock(project: &Project) -> Vec<Value> {
    let ledger = Ledger::read(world().await).await;
    let rows = ledger.below(&format!("P#{}", project.id)).into_iter();
    let rows = rows.filter(|row| !row["PK"].as_str().unwrap().contains("#A#"));
    rows.cloned().collect()
}

/// Entries that fail, each with its status.
async fn mistakes(project: &Project, foreign: &Value) -> Vec<(u16, Value)> {
    let admin = &project.admin;
    let made = create(admin, patient("mine")).await;
    for _ in 0..2 {
        create(admin, patient("twice")).await;
    }
    let request = |method: &str, more: Value| {
        with(json!({ "method": method, "url": reference(&made) }), more)
    };
    let stale = request(
        "PUT",
        json!({ "ifMatch": "W/\"00000000-0000-7000-8000-000000000000\"" }),
    );
    let parts = json!([{ "name": "op", "valueCode": "test" }, { "name": "path", "valueString": "/gender" },
                       { "name": "value", "valueString": "\"female\"" }]);
    let test = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": parts }] });
    let unless = json!({ "method": "POST", "url": "Patient", "ifNoneExist": "identifier=twice" });
    let nobody = with(
        made.clone(),
        json!({ "id": "00000000-0000-4000-8000-000000000001" }),
    );
    vec![
        (400, json!({})),
        (400, ask("BREW", "Coffee")),
        (400, post(&with(patient("x"), json!({ "bogus": true })))),
        (412, json!({ "request": stale, "resource": made })),
        (404, put(&nobody, json!({}))),
        (
            400,
            json!({ "request": request("PATCH", json!({})), "resource": test }),
        ),
        (404, ask("DELETE", &reference(foreign))),
        (404, ask("GET", &reference(foreign))),
        (400, ask("GET", "Patient?bogus=1")),
        (
            403,
            post(&json!({ "resourceType": "Project", "name": "Mine" })),
        ),
        (
            412,
            json!({ "request": unless, "resource": patient("twice") }),
        ),
        (
            400,
            post(&with(
                patient("y"),
                json!({ "managingOrganization": { "reference": reference(foreign) } }),
            )),
        ),
        (
            400,
            put(
                &made,
                json!({ "managingOrganization": { "reference": reference(foreign) } }),
            ),
        ),
    ]
}

#[tokio::test]
async fn with_one_entry_that_fails_nothing_is_written_whatever_it_is_and_wherever_it_stands() {
    let (project, other) = (
        project("Refused").await,
        world().await.project("Elsewhere").await,
    );
    let admin = &project.admin;
    let foreign = create(&other.admin, organization("Foreign")).await;
    let renamed = create(admin, organization("Before")).await;
    let removed = create(admin, organization("Kept")).await;
    let mistakes = mistakes(&project, &foreign).await;
    let sound = [
        post(&patient("new")),
        put(&renamed, json!({ "name": "After" })),
        ask("DELETE", &reference(&removed)),
    ];
    let before = stock(&project).await;
    for (status, mistake) in &mistakes {
        for at in 0..=sound.len() {
            let mut entries = sound.to_vec();
            entries.insert(at, mistake.clone());
            let refused = send(admin, &entries).await.must(*status);
            assert_eq!(
                refused.expression(),
                format!("Bundle.entry[{at}]"),
                "{mistake}"
            );
            assert_eq!(refused.body["resourceType"], "OperationOutcome");
        }
    }
    let after = stock(&project).await;
    let refusals = |rows: &[Value]| -> Vec<Value> {
        let rows = rows.iter().filter(|row| row.get("refusals").is_none());
        rows.cloned().collect()
    };
    assert_eq!(refusals(&after), refusals(&before), "nothing is written");
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    let events = ledger.events(&project.id);
    let refused = events
        .iter()
        .filter(|event| event["outcome"] == "4")
        .count();
    assert_eq!(
        refused,
        sound.len() + 1,
        "a decision is recorded, and nothing else"
    );
    send(admin, &sound).await.must(200);
}

#[tokio::test]
async fn two_entries_that_change_one_thing_are_named_both() {
    let project = project("Twice").await;
    let admin = &project.admin;
    let made = create(admin, organization("One")).await;
    let twice = [
        put(&made, json!({ "name": "Two" })),
        post(&patient("between")),
        put(&made, json!({ "name": "Three" })),
    ];
    let refused = send(admin, &twice).await.must(400);
    let words = "Bundle.entry[0] and Bundle.entry[2] change the same thing: they cannot stand in one transaction";
    assert_eq!(refused.issue_text(), words);
    let both = [
        ask("DELETE", &reference(&made)),
        put(&made, json!({ "name": "Two" })),
    ];
    send(admin, &both).await.must(400);
    let read = admin.get(&format!("/fhir/R4/{}", reference(&made))).await;
    assert_eq!(read.must(200).body, made);
}
