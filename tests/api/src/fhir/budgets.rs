//! What FHIR's verbs cost at the table.

use harness::world::Request;
use serde_json::json;

use super::path;
use crate::budgets::Meter;
use crate::world::{address, alice, create, invited, measured_world, with};

#[tokio::test]
async fn reads_take_one_trip_and_writes_two() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(world);
    let made = create(
        &admin,
        json!({ "resourceType": "Patient", "birthDate": "2000-01-01" }),
    )
    .await;
    let place = path(&made);
    let put = |birth: &str| {
        Request::new("PUT", &place).json(&with(made.clone(), json!({ "birthDate": birth })))
    };
    let operations = json!([{ "op": "add", "path": "/active", "value": true }]);
    let version = made["meta"]["versionId"].as_str().unwrap();
    let history = format!("{place}/_history");
    let vread = format!("{history}/{version}");
    let runs = [
        ("update a resource", put("2001-01-01"), (2, 6.0)),
        ("update that changes nothing", put("2001-01-01"), (1, 0.0)),
        (
            "patch a resource",
            Request::new("PATCH", &place).json(&operations),
            (2, 6.0),
        ),
        ("read a history", Request::new("GET", &history), (1, 0.0)),
        ("read a version", Request::new("GET", &vread), (1, 0.0)),
        (
            "delete a resource",
            Request::new("DELETE", &place),
            (2, 8.0),
        ),
        ("bring a resource back", put("2002-01-01"), (2, 8.0)),
    ];
    for (name, request, limit) in runs {
        meter.run(name, &admin, request, limit).await;
    }
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let place = path(&member);
    let promoted = with(member.clone(), json!({ "admin": true }));
    let demote = json!([{ "op": "replace", "path": "/admin", "value": false }]);
    let runs = [
        (
            "promote by PUT",
            Request::new("PUT", &place).json(&promoted),
            (2, 8.0),
        ),
        (
            "demote by PATCH",
            Request::new("PATCH", &place).json(&demote),
            (2, 8.0),
        ),
        (
            "end a membership by DELETE",
            Request::new("DELETE", &place),
            (2, 16.0),
        ),
    ];
    for (name, request, limit) in runs {
        meter.run(name, &admin, request, limit).await;
    }
    let entry = json!({ "request": { "method": "GET", "url": "Patient" } });
    let batch =
        json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry, entry, entry] });
    let request = Request::new("POST", "/fhir/R4").json(&batch);
    meter
        .run("a batch of three reads", &admin, request, (2, 0.0))
        .await;
    meter.print();
}
