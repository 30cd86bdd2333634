//! What lists cost, whatever the size of the project.

use std::collections::BTreeMap;

use harness::world::{Project, Request, World};
use serde_json::{Value, json};

use super::meter::{Cost, Meter};
use crate::world::{address, alice, invited, measured_world, with};

const LIST: &str = "/fhir/R4/ProjectMembership";

#[tokio::test]
async fn a_list_stays_within_its_budget() {
    let world = measured_world().await;
    let project = world.project("Budget of lists").await;
    let admin = project.admin.token().await;
    let body = with(
        alice(&address("alice", &project)),
        json!({ "externalId": "list-1", "membership": { "userName": "list.one" } }),
    );
    let member = invited(&project, &body).await;
    let other = invited(&project, &alice(&address("bob", &project))).await;
    let (id, user) = (member["id"].as_str().unwrap(), &member["user"]["reference"]);
    let both = format!("_id={id},{}", other["id"].as_str().unwrap());
    let by = |name: &str, value: &Value| format!("{name}={}", value.as_str().unwrap());
    let questions = [
        (format!("project=Project/{}", project.id), 1),
        (format!("_id={id}"), 1),
        (both, 1),
        (by("user", user), 2),
        (by("profile", &member["profile"]["reference"]), 2),
        ("external-id=list-1".to_owned(), 2),
        ("user-name=list.one".to_owned(), 2),
        ("_count=100&_total=accurate".to_owned(), 1),
        ("_sort=name".to_owned(), 2),
        (
            "_sort=-_lastUpdated&profile-type=Practitioner".to_owned(),
            2,
        ),
        ("_lastUpdated=ge2020-01-01".to_owned(), 2),
        ("name=alice".to_owned(), 2),
        ("admin=true".to_owned(), 1),
        (format!("email={}", address("alice", &project)), 3),
        (format!("email={}", address("nobody", &project)), 2),
    ];
    let mut meter = Meter::of(world);
    for (question, trips) in questions {
        let request = Request::new("GET", &format!("{LIST}?{question}"));
        meter
            .run(&format!("list {question}"), &admin, request, (trips, 0.0))
            .await;
    }
    meter.print();
}

#[tokio::test]
async fn a_search_stays_within_its_budget() {
    let world = measured_world().await;
    let project = world.project("Budget of searches").await;
    let admin = project.admin.token().await;
    let person = with(
        alice(&address("bart", &project)),
        json!({ "resourceType": "Patient" }),
    );
    let member = invited(&project, &person).await;
    let profile = member["profile"]["reference"].as_str().unwrap();
    let id = profile.split_once('/').unwrap().1;
    let email = address("bart", &project);
    let has = format!(
        "_has:ProjectMembership:profile:project=Project/{}",
        project.id
    );
    let questions = [
        ("Patient?_total=accurate".to_owned(), 1),
        (format!("Patient?_id={id}"), 1),
        ("Patient?_sort=-_lastUpdated&_total=accurate".to_owned(), 2),
        ("Patient?name=smith".to_owned(), 2),
        (format!("Patient?email={email}"), 2),
        (format!("Patient?{has}"), 2),
        ("Patient?birthdate=2000-01-01".to_owned(), 1),
        ("AccessPolicy?name=&_count=10".to_owned(), 2),
        ("Project?name=b".to_owned(), 1),
        (format!("User?email={email}"), 2),
        ("User?_count=10".to_owned(), 2),
        ("AuditEvent?_count=20".to_owned(), 1),
        (format!("AuditEvent?entity={profile}"), 1),
    ];
    let mut meter = Meter::of(world);
    for (question, trips) in questions {
        let request = Request::new("GET", &format!("/fhir/R4/{question}"));
        let name = format!("search {question}");
        meter.run(&name, &admin, request, (trips, 0.0)).await;
    }
    meter.print();
}

#[tokio::test]
async fn a_page_of_a_hundred_costs_the_same_in_a_project_of_a_hundred_and_of_five_thousand() {
    let world = measured_world().await;
    let small = pages(world, 100).await;
    let large = pages(world, 5_000).await;
    assert_eq!(small, large);
}

/// The cost of the first page of a hundred in each form of the list, in a project with this many practitioners beside one.
async fn pages(world: &'static World, others: usize) -> BTreeMap<&'static str, Cost> {
    let project = world.project(&format!("Project of {others:04}")).await;
    let admin = project.admin.token().await;
    invited(&project, &alice(&address("alice", &project))).await;
    multiply(world, &project, others).await;
    let forms = [
        "",
        "&profile-type=Practitioner",
        "&profile-type:not=ClientApplication,Bot",
        "&profile-type=Practitioner,Patient",
        "&_sort=name",
        "&_sort=-name&profile-type:not=ClientApplication,Bot",
        "&_sort=_lastUpdated&profile-type=Practitioner",
        "&_sort=-_lastUpdated",
        "&_lastUpdated=ge2020-01-01",
    ];
    let mut meter = Meter::of(world);
    let mut costs = BTreeMap::new();
    for form in forms {
        let path = format!("{LIST}?_count=100{form}");
        let page = admin.get(&path).await.must(200);
        assert_eq!(page.body["entry"].as_array().unwrap().len(), 100, "{form}");
        let name = format!("page of 100 of {others}{form}");
        let trips = if form.contains("_sort") || form.contains("_last") {
            2
        } else {
            1
        };
        let cost = meter
            .run(&name, &admin, Request::new("GET", &path), (trips, 0.0))
            .await;
        costs.insert(form, cost);
    }
    meter.print();
    costs
}

/// Puts copies of the project's practitioner's membership into the table, each with an id of its own.
pub(crate) async fn multiply(world: &World, project: &Project, copies: usize) {
    multiply_from(world, project, 0, copies).await;
}

/// The same, with the ids that follow the first `from`.
pub(crate) async fn multiply_from(world: &World, project: &Project, from: usize, copies: usize) {
    let rows = world.rows(&format!("P#{}#M", project.id)).await;
    let row = rows
        .iter()
        .find(|row| row["SK"]["S"].as_str().unwrap().starts_with("H#"))
        .unwrap();
    let (text, id) = (row.to_string(), row["id"]["S"].as_str().unwrap().to_owned());
    let database = world.engine().database();
    for chunk in (from..from + copies).collect::<Vec<_>>().chunks(25) {
        let puts = chunk.iter().map(|n| {
            let copy = text.replace(&id, &format!("00000000-0000-4000-8000-{n:012x}"));
            let item: Value = serde_json::from_str(&copy).unwrap();
            json!({ "PutRequest": { "Item": item } })
        });
        let request = json!({ "RequestItems": { local::TABLE_NAME: puts.collect::<Vec<_>>() } });
        database
            .batch_write_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }
}
