//! What one project can learn about another: nothing, on no route, whatever id is sent. The loops run over the table of routes,
//! so that a new route is covered by its line in `samples.rs`.

mod access;
mod references;
mod twins;

use gateway::{ROUTES, Route};
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::samples::Place;
use crate::world::{address, alice, create, invited, measured_world};

const UNKNOWN: &str = "11111111-2222-4333-8444-555555555555";
const MALFORMED: [&str; 4] = ["nope", "11111111-2222-4333-8444", "%00", "%F0%9F%98%80"];

/// An answer without what differs between any two answers, and the round trips it took.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    status: u16,
    text: String,
    trips: usize,
}

/// Sends a request that names `ids`, and sees the answer.
async fn see(world: &World, caller: &Client, request: Request, ids: &[&str]) -> Seen {
    let recorder = world.proxy().record();
    let answer = caller.send(request).await;
    let trips = recorder.finish().of(answer.request_id()).trips();
    Seen {
        status: answer.status,
        text: without_accidents(&answer, ids),
        trips,
    }
}

/// Headers and body without date, request ids, tracing and the count of the caller's own requests, and without the ids that he sent.
fn without_accidents(answer: &Answer, ids: &[&str]) -> String {
    assert_eq!(answer.header("x-broken"), "", "{}", answer.text);
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("extension");
    }
    let accidents = ["date", "apigw-requestid", "ratelimit"];
    let names = answer
        .headers
        .iter()
        .filter(|(name, _)| !accidents.contains(&name.as_str()));
    let mut lines: Vec<String> = names
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    lines.sort();
    let mut text = format!("{}\n{body}", lines.join("\n"));
    for id in ids {
        text = text.replace(id, "ID");
    }
    text
}

/// A project with a person, a policy and an application.
struct Tenant {
    project: Project,
    membership: String,
    policy: String,
    patient: String,
    person: Value,
}

impl Tenant {
    async fn make(world: &World, name: &str) -> Self {
        let project = world.project(name).await;
        let person = invited(&project, &alice(&address("alice", &project))).await;
        let policy =
            json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
        let policy = create(&project.admin, policy).await;
        let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
        let id = |resource: &Value| resource["id"].as_str().unwrap().to_owned();
        Self {
            membership: id(&person),
            policy: id(&policy),
            patient: id(&patient),
            person,
            project,
        }
    }

    fn place(&self) -> Place {
        Place {
            project: self.project.id.clone(),
            membership: self.membership.clone(),
            profile: self.person["profile"].clone(),
            kind: "Patient".to_owned(),
            id: self.patient.clone(),
        }
    }
}

/// The last hexadecimal digit is another one: an id of the same form that nobody has.
fn next_to(id: &str) -> String {
    let (head, last) = id.split_at(id.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

fn routes_with(parameter: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES
        .iter()
        .filter(move |route| route.path.contains(parameter))
}

#[tokio::test]
async fn the_path_of_another_project_is_forbidden_as_if_it_did_not_exist() {
    let world = measured_world().await;
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    for route in routes_with("{projectId}") {
        // A caller of its own: refusals are recorded ten times a minute, and recording costs a round trip.
        let admin = own.project.administrator("Curious").await.token().await;
        let at = |project: &str| {
            let place = Place {
                project: project.to_owned(),
                ..other.place()
            };
            (place.request(route), project.to_owned())
        };
        let (request, id) = at(&other.project.id);
        let foreign = see(world, &admin, request, &[&id]).await;
        assert_eq!(foreign.status, 403, "{} {}", route.method, route.path);
        for project in std::iter::once(&UNKNOWN).chain(&MALFORMED) {
            let (request, id) = at(project);
            let mut seen = see(world, &admin, request, &[&id]).await;
            if *project != UNKNOWN {
                seen.trips = foreign.trips;
            }
            assert_eq!(seen, foreign, "{} {} {project}", route.method, route.path);
        }
        let mine = see(world, &admin, own.place().request(route), &[]).await;
        assert_ne!(mine.text, foreign.text, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_super_admin_is_told_that_an_unknown_project_is_not_there() {
    let world = measured_world().await;
    let own = Tenant::make(world, "Own").await;
    for route in routes_with("{projectId}") {
        for project in std::iter::once(&UNKNOWN).chain(&MALFORMED) {
            let place = Place {
                project: (*project).to_owned(),
                ..own.place()
            };
            let seen = see(world, world.root(), place.request(route), &[]).await;
            assert_eq!(
                seen.status, 404,
                "{} {}: {}",
                route.method, route.path, seen.text
            );
        }
    }
}

#[tokio::test]
async fn a_member_of_another_project_is_as_unknown_as_one_that_never_was() {
    let world = measured_world().await;
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    let admin = own.project.admin.token().await;
    for route in routes_with("{membershipId}") {
        let at = |membership: &str| {
            let place = Place {
                membership: membership.to_owned(),
                ..own.place()
            };
            place.request(route)
        };
        let foreign = see(world, &admin, at(&other.membership), &[&other.membership]).await;
        assert_eq!(foreign.status, 404, "{} {}", route.method, route.path);
        for id in std::iter::once(&UNKNOWN).chain(&MALFORMED) {
            let seen = see(world, &admin, at(id), &[id]).await;
            assert_eq!(seen, foreign, "{} {} {id}", route.method, route.path);
        }
    }
    let path = other.project.path(&format!("members/{}", other.membership));
    let still = other.project.admin.get(&path).await.must(200);
    assert_eq!(
        still.body["meta"]["versionId"],
        other.person["meta"]["versionId"]
    );
}

#[tokio::test]
async fn a_resource_of_another_project_is_as_unknown_as_one_that_never_was() {
    let world = measured_world().await;
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    let admin = own.project.admin.token().await;
    for (kind, id) in resources(world, &other).await {
        let path = format!("/fhir/R4/{kind}/{id}");
        let before = other.project.admin.get(&path).await.must(200);
        for (method, below) in DEEDS {
            let deed = |id: &str| deed((method, below), kind, id);
            let foreign = see(world, &admin, deed(&id), &[&id]).await;
            // Events of the project are nobody's to change.
            let protected = kind == "AuditEvent" && method != "GET";
            let status = if protected { 403 } else { 404 };
            assert_eq!(foreign.status, status, "{method} {kind}: {}", foreign.text);
            let near = next_to(&id);
            let mut unknown = see(world, &admin, deed(&near), &[&near]).await;
            // A refusal is written down, unless there were many.
            unknown.trips = if protected {
                foreign.trips
            } else {
                unknown.trips
            };
            assert_eq!(unknown, foreign, "{method} {kind}{below}");
            for id in MALFORMED {
                let seen = see(world, &admin, deed(id), &[id]).await;
                let (seen, foreign) = ((seen.status, seen.text), (foreign.status, &foreign.text));
                assert_eq!((seen.0, &seen.1), foreign, "{method} {kind}{below} {id}");
            }
        }
        let after = other.project.admin.get(&path).await.must(200);
        assert_eq!(after.body, before.body, "{kind}");
    }
}

/// What is done to a resource by its id.
const DEEDS: [(&str, &str); 6] = [
    ("GET", ""),
    ("GET", "/_history"),
    ("GET", "/_history/00000000-0000-7000-8000-000000000000"),
    ("PUT", ""),
    ("PATCH", ""),
    ("DELETE", ""),
];

fn deed((method, below): (&str, &str), kind: &str, id: &str) -> Request {
    let request = Request::new(method, &format!("/fhir/R4/{kind}/{id}{below}"));
    match method {
        "PUT" => request.json(&json!({ "resourceType": kind, "id": id })),
        "PATCH" => request.json(&json!([{ "op": "add", "path": "/active", "value": true }])),
        _ => request,
    }
}

/// One resource of each type that its own administrator can read.
async fn resources(world: &World, of: &Tenant) -> Vec<(&'static str, String)> {
    let id_in = |reference: &Value| {
        let reference = reference["reference"].as_str().unwrap();
        reference.split_once('/').unwrap().1.to_owned()
    };
    let body = json!({ "resourceType": "Patient", "firstName": "Bart", "lastName": "Simpson",
                       "email": address("bart", &of.project) });
    let patient = invited(&of.project, &body).await;
    vec![
        ("Patient", of.patient.clone()),
        ("Practitioner", id_in(&of.person["profile"])),
        ("ProjectMembership", of.membership.clone()),
        ("Project", of.project.id.clone()),
        ("User", id_in(&patient["user"])),
        ("ClientApplication", of.project.admin.id().to_owned()),
        ("AccessPolicy", of.policy.clone()),
        ("AuditEvent", event_of(world, &of.project, &patient).await),
    ]
}

/// The id of an audit event written on the day of `resource`.
async fn event_of(world: &World, project: &Project, resource: &Value) -> String {
    let day = resource["meta"]["lastUpdated"].as_str().unwrap()[..10].replace('-', "");
    for shard in "0123456789abcdef".chars() {
        let rows = world
            .rows(&format!("P#{}#A#{day}#{shard}", project.id))
            .await;
        if let Some(row) = rows.first() {
            return row["SK"]["S"].as_str().unwrap().to_owned();
        }
    }
    panic!("nothing was recorded in {}", project.id)
}
