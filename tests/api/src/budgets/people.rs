//! What provisioning costs.

use harness::world::Request;
use serde_json::{Value, json};

use super::meter::Meter;
use crate::scim::encoded;
use crate::world::{address, alice, create, invited, measured_world, reference, with};

#[tokio::test]
async fn provisioning_costs_what_the_same_costs_an_administrator_and_one_read_of_the_profile() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(world);
    let user = |name: &str| {
        json!({ "userName": name, "name": { "givenName": "Alice", "familyName": "Smith" },
                "emails": [{ "value": address(name, &project) }] })
    };
    let post = |name: &str| Request::new("POST", "/scim/v2/Users").json(&user(name));
    meter
        .run("SCIM create", &admin, post("alice"), (3, 20.0))
        .await;
    let made = admin.send(post("bob")).await.must(201).body;
    let path = format!("/scim/v2/Users/{}", made["id"].as_str().unwrap());
    let get = |path: &str| Request::new("GET", path);
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let put = |more: Value| Request::new("PUT", &path).json(&more);
    let found = |filter: &str| get(&format!("/scim/v2/Users?filter={}", encoded(filter)));
    let mail = format!("emails eq \"{}\"", address("bob", &project));
    let runs = [
        ("SCIM read", get(&path), (2, 0.0)),
        ("SCIM list", get("/scim/v2/Users"), (2, 0.0)),
        ("… by userName", found("userName eq \"bob\""), (3, 0.0)),
        ("… by address", found(&mail), (4, 0.0)),
        (
            "SCIM deactivate",
            Request::new("PATCH", &path).json(&off),
            (3, 6.0),
        ),
        (
            "SCIM put",
            put(json!({ "userName": "bob", "active": true })),
            (3, 6.0),
        ),
    ];
    for (name, request, limit) in runs {
        meter.run(name, &admin, request, limit).await;
    }
    meter
        .run(
            "SCIM delete",
            &admin,
            Request::new("DELETE", &path),
            (2, 18.0),
        )
        .await;
    meter.print();
}

#[tokio::test]
async fn an_explanation_costs_two_round_trips_and_writes_nothing() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(world);
    let policy =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
    let policy = reference(&create(&admin, policy).await);
    let patient = reference(&create(&admin, json!({ "resourceType": "Patient" })).await);
    let body = with(
        alice(&address("alice", &project)),
        json!({ "accessPolicy": { "reference": policy } }),
    );
    let member = invited(&project, &body).await;
    let path = format!("members/{}/access", member["id"].as_str().unwrap());
    for query in [
        "".to_owned(),
        "?resource=Patient".to_owned(),
        format!("?resource={patient}"),
    ] {
        let path = project.path(&format!("{path}{query}"));
        let request = Request::new("GET", &path);
        meter.run("explain access", &admin, request, (2, 0.0)).await;
    }
    meter.print();
}
