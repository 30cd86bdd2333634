//! What it costs that policies are asked: nothing, while the token's hint is good.

use harness::world::Request;
use serde_json::json;

use super::meter::Meter;
use crate::world::{create, measured_world, reference};

#[tokio::test]
async fn a_good_hint_costs_no_trip_and_a_stale_one_costs_one() {
    let world = measured_world().await;
    let project = world.project("Budget of policies").await;
    let own = create(
        &project.admin,
        json!({ "resourceType": "Organization", "name": "Own" }),
    )
    .await;
    let to = |resource: &serde_json::Value| json!({ "reference": reference(resource) });
    let mut patients = Vec::new();
    for n in 0..30 {
        let body = json!({ "resourceType": "Patient", "name": [{ "family": format!("P{n}") }], "managingOrganization": to(&own) });
        patients.push(create(&project.admin, body).await);
    }
    let rules = json!([
        { "resourceType": "Patient", "criteria": format!("Patient?organization={}", reference(&own)) },
        { "resourceType": "Organization" },
    ]);
    let policy =
        |name: &str| json!({ "resourceType": "AccessPolicy", "name": name, "resource": rules });
    let (first, second) = (
        create(&project.admin, policy("First")).await,
        create(&project.admin, policy("Second")).await,
    );
    let app = project.application("App").await;
    let mut membership = project
        .membership(&format!("ClientApplication/{}", app.id()))
        .await;
    membership["accessPolicy"] = to(&first);
    project.update(&project.admin, &membership).await.must(200);
    let hinted = app.token().await;
    let mut meter = Meter::of(world);
    let get = |path: &str| Request::new("GET", &format!("/fhir/R4/{path}"));
    let one = reference(&patients[0]);
    let id = patients[0]["id"].as_str().unwrap();
    let by_id = format!("Patient?_id={id}");
    let made = json!({ "resourceType": "Patient", "managingOrganization": to(&own) });
    let post = || Request::new("POST", "/fhir/R4/Patient").json(&made);
    let questions = [
        ("read", get(&one), 1),
        ("search, page 1", get("Patient"), 1),
        ("search by _id", get(&by_id), 1),
        ("search of an open type", get("Organization"), 1),
        ("search with a filter", get("Patient?gender=male"), 1),
        ("search with a total", get("Patient?_total=accurate"), 1),
        ("search, sorted", get("Patient?_sort=name"), 1),
        (
            "search with _include",
            get("Patient?_include=Patient:organization"),
            2,
        ),
        ("who am I", Request::new("GET", "/auth/me"), 1),
    ];
    for (name, request, trips) in &questions {
        let name = format!("{name}, good hint");
        meter
            .run(&name, &hinted, request.clone(), (*trips, 0.0))
            .await;
    }
    meter
        .run("create, good hint", &hinted, post(), (2, 8.0))
        .await;

    membership = project
        .membership(&format!("ClientApplication/{}", app.id()))
        .await;
    membership["accessPolicy"] = to(&second);
    project.update(&project.admin, &membership).await.must(200);
    for (name, request, trips) in &questions {
        let name = format!("{name}, stale hint");
        meter
            .run(&name, &hinted, request.clone(), (trips + 1, 0.0))
            .await;
    }
    meter
        .run("create, stale hint", &hinted, post(), (3, 8.0))
        .await;
    let renewed = app.token().await;
    meter
        .run("read, renewed hint", &renewed, get(&one), (1, 0.0))
        .await;

    let admin = project.admin.token().await;
    let whom = reference(&membership);
    let behalf = |request: Request| request.header("x-medplum-on-behalf-of", &whom);
    meter
        .run(
            "read on behalf of somebody",
            &admin,
            behalf(get(&one)),
            (2, 0.0),
        )
        .await;
    let whom = membership["profile"]["reference"].as_str().unwrap();
    let behalf = get(&one).header("x-medplum-on-behalf-of", whom);
    meter
        .run("read on behalf of a profile", &admin, behalf, (3, 0.0))
        .await;
    meter.print();
}
