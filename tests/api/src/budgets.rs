//! What every operation costs at the table: round trips one after the other, and write units. The limits are promises of the
//! product; a test that finds one broken prints the whole table.

mod accounts;
mod lists;
pub(crate) use lists::{multiply, multiply_from};
mod meter;
mod people;
mod policies;
mod sessions;

use harness::world::{Client, Project, Request};
pub(crate) use meter::Meter;
use serde_json::{Value, json};

use crate::samples::Place;
use crate::world::{address, alice, create, invited, measured_world, reference, with};

/// What an extra of an invite costs: one row more in a transaction.
const EXTRA: f64 = 2.0;

#[tokio::test]
async fn an_invite_stays_within_its_budget_and_every_extra_costs_one_row_more() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(world);
    let path = project.path("invite");
    let invite = |body: &Value| Request::new("POST", &path).json(body);

    let new = |name: &str| alice(&address(name, &project));
    let request = invite(&new("plain"));
    let plain = meter
        .run("invite, new user", &admin, request, (2, 18.0))
        .await;
    let keyed = invite(&new("keyed")).header("idempotency-key", "budget");
    let extras = [
        ("… with Idempotency-Key", keyed),
        (
            "… with externalId",
            invite(&with(
                new("external"),
                json!({ "externalId": "e-1", "scope": "server" }),
            )),
        ),
        (
            "… with userName",
            invite(&with(
                new("named"),
                json!({ "membership": { "userName": "n-1" } }),
            )),
        ),
        (
            "… as admin",
            invite(&with(
                new("admin"),
                json!({ "membership": { "admin": true } }),
            )),
        ),
    ];
    for (name, request) in extras {
        let cost = meter.run(name, &admin, request, (2, 18.0 + EXTRA)).await;
        assert_eq!(cost.base_wru, plain.base_wru + EXTRA, "{name}");
    }
    known_people(&mut meter, &project, &admin).await;
    meter.print();
}

/// Invites of people whose user, profile or membership is there already.
async fn known_people(meter: &mut Meter, project: &Project, admin: &Client) {
    let path = project.path("invite");
    let invite = |body: &Value| Request::new("POST", &path).json(body);
    let elsewhere = meter.world.project("Clinic").await;
    let (homer, marge) = (
        alice(&address("homer", project)),
        alice(&address("marge", project)),
    );
    invited(&elsewhere, &homer).await;
    invited(&elsewhere, &marge).await;
    meter
        .run(
            "invite, known user, new profile",
            admin,
            invite(&homer),
            (2, 16.0),
        )
        .await;
    let telecom = json!([{ "system": "email", "value": marge["email"] }]);
    create(
        admin,
        json!({ "resourceType": "Practitioner", "telecom": telecom }),
    )
    .await;
    meter
        .run(
            "invite, known user and profile",
            admin,
            invite(&marge),
            (2, 14.0),
        )
        .await;
    let upsert = with(
        homer,
        json!({ "upsert": true, "membership": { "active": true } }),
    );
    meter
        .measure(
            ("invite, upsert of a member", 1),
            admin,
            invite(&upsert),
            (4, 10.0),
        )
        .await;
}

#[tokio::test]
async fn reading_changing_and_removing_a_member_stay_within_their_budgets() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let admin = project.admin.token().await;
    let mut meter = Meter::of(world);
    let mut member = invited(&project, &alice(&address("alice", &project))).await;
    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    let get = || Request::new("GET", &path);
    meter.run("get membership", &admin, get(), (1, 0.0)).await;
    meter
        .run("… with Basic credentials", &project.admin, get(), (2, 0.0))
        .await;
    let steps = [
        ("update membership", json!({ "active": true }), 6.0),
        ("promote", json!({ "admin": true }), 8.0),
        ("deactivate an admin", json!({ "active": false }), 8.0),
        ("activate an admin", json!({ "active": true }), 8.0),
        ("demote", json!({ "admin": false }), 8.0),
        ("deactivate", json!({ "active": false }), 8.0),
    ];
    for (name, change, units) in steps {
        member = with(member, change);
        let request = Request::new("POST", &path).json(&member);
        meter.run(name, &admin, request, (2, units)).await;
    }
    let same = Request::new("POST", &path).json(&member);
    meter
        .run("update that changes nothing", &admin, same, (1, 0.0))
        .await;
    for (n, name) in ["externalId", "userName"].into_iter().enumerate() {
        let member = invited(&project, &alice(&address(&format!("m{n}"), &project))).await;
        let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
        let named = with(member, json!({ name: "n-1" }));
        let (update, remove) = (
            Request::new("POST", &path).json(&named),
            Request::new("DELETE", &path),
        );
        let line = format!("update with {name}");
        meter.run(&line, &admin, update, (2, 6.0 + EXTRA)).await;
        let line = format!("remove a member with {name}");
        meter.run(&line, &admin, remove, (2, 16.0 + EXTRA)).await;
    }
    let plain = invited(&project, &alice(&address("bob", &project))).await;
    let path = project.path(&format!("members/{}", plain["id"].as_str().unwrap()));
    let remove = Request::new("DELETE", &path);
    meter.run("remove member", &admin, remove, (2, 16.0)).await;
    meter.print();
}

#[tokio::test]
async fn counting_a_call_costs_a_trip_and_a_unit_where_anybody_may_call_and_nothing_elsewhere() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    for route in gateway::ROUTES {
        let place = Place {
            project: project.id.clone(),
            membership: uuid(),
            profile: json!({ "reference": format!("Practitioner/{}", uuid()) }),
            kind: "Patient".to_owned(),
            id: uuid(),
        };
        let recorder = world.proxy().record();
        let answer = project.admin.send(place.request(route)).await;
        let mut recording = recorder.finish().of(answer.request_id());
        recording.calls.retain(meter::counts_calls);
        let cost = (recording.trips(), recording.base_wru());
        let wanted = if route.is_counted() {
            (1, 1.0)
        } else {
            (0, 0.0)
        };
        assert_eq!(cost, wanted, "{} {}", route.method, route.path);
    }
}

fn uuid() -> String {
    "00000000-0000-4000-8000-00000000000a".to_owned()
}

#[tokio::test]
async fn projects_and_applications_stay_within_their_budgets() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let (root, admin) = (world.root().token().await, project.admin.token().await);
    let mut meter = Meter::of(world);
    let bare = json!({ "resourceType": "Project", "name": "Bare" });
    let start = |more: Value| {
        let body = with(json!({ "name": "Whole" }), more);
        Request::new("POST", "/fhir/R4/Project/$init").json(&body)
    };
    let member = invited(&project, &alice(&address("owner", &project))).await;
    let user = member["user"]["reference"].clone();
    let runs = [
        (
            "create project",
            &root,
            Request::new("POST", "/fhir/R4/Project").json(&bare),
            (2, 10.0),
        ),
        (
            "$init without an owner",
            &admin,
            start(json!({})),
            (3, 28.0),
        ),
        (
            "$init with a known owner",
            &admin,
            start(json!({ "owner": { "reference": user } })),
            (3, 28.0),
        ),
        (
            "$init with a new owner",
            &admin,
            start(json!({ "ownerEmail": address("new", &project) })),
            (3, 30.0),
        ),
        (
            "create client",
            &admin,
            Request::new("POST", &project.path("client")).json(&json!({ "name": "App" })),
            (2, 10.0),
        ),
        (
            "who am I",
            &admin,
            Request::new("GET", "/auth/me"),
            (1, 0.0),
        ),
        (
            "read a resource",
            &admin,
            Request::new("GET", &format!("/fhir/R4/{}", reference(&member))),
            (1, 0.0),
        ),
    ];
    for (name, caller, request, limit) in runs {
        meter.run(name, caller, request, limit).await;
    }
    rotations(&mut meter, &project, (&root, &admin)).await;
    let credentials = Request::new("POST", "/oauth2/token").body(
        "application/x-www-form-urlencoded",
        "grant_type=client_credentials".to_owned(),
    );
    meter
        .run("client_credentials", &project.admin, credentials, (3, 2.0))
        .await;
    meter.print();
}

/// Rotations of an application's secret; a super admin looks for the application first.
async fn rotations(meter: &mut Meter, project: &Project, (root, admin): (&Client, &Client)) {
    let runs = [
        ("rotate a client's secret", admin, None, (2, 8.0)),
        (
            "… with Idempotency-Key",
            admin,
            Some("budget"),
            (2, 8.0 + EXTRA),
        ),
        ("… as super admin", root, None, (3, 8.0)),
    ];
    for (name, caller, key, limit) in runs {
        let body = json!({ "name": "Robot" });
        let made = admin
            .post(&project.path("client"), &body)
            .await
            .must(201)
            .body;
        let path = format!("/fhir/R4/{}/$rotate-secret", reference(&made));
        let request = Request::new("POST", &path).json(&json!({ "secret": made["secret"] }));
        let request = key.into_iter().fold(request, |request, key| {
            request.header("idempotency-key", key)
        });
        meter.run(name, caller, request, limit).await;
    }
}
