//! Whatever changes is recorded, on every route: who, what, by which operation, which fields; and no secret is written down. The
//! loop runs over the table of routes, so that a new route is covered by its line in `samples.rs`.

use std::collections::BTreeMap;

use gateway::{Access, ROUTES, Route};
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::ledger::{Ledger, text};
use crate::samples::{Place, Sample, ready};
use crate::world::{address, alice, create, invited, with, world};

/// Stands where a body has a password or a secret: no row, no log line and no event may hold it.
const SECRET: &str = "canary-secret-9d1f";
/// Stands where a body says something about people: no log line and no event may hold it.
const WORDS: &str = "Canarywords9d1f";

/// A project with somebody who waits for his letter to be answered, and a patient whose address is one of the canaries.
struct Scene {
    project: Project,
    place: Place,
    patient: String,
    /// The id of the member's user.
    user: String,
    application: Value,
}

impl Scene {
    async fn make(world: &World) -> Self {
        let project = world.project("Recorded everywhere").await;
        let scoped = with(
            alice(&address("alice", &project)),
            json!({ "scope": "project" }),
        );
        let member = invited(&project, &scoped).await;
        let application = project
            .admin
            .post(&project.path("client"), &json!({ "name": "Robot" }))
            .await
            .must(201);
        let patient = address(&WORDS.to_lowercase(), &project);
        let body = json!({ "resourceType": "Patient", "firstName": "Bart", "lastName": "Simpson",
                           "email": patient, "sendEmail": false });
        invited(&project, &body).await;
        // The same address above all projects: whoever's password is set, somebody has it.
        let body = with(
            body,
            json!({ "resourceType": "Practitioner", "scope": "server" }),
        );
        invited(&project, &body).await;
        let resource = create(&project.admin, json!({ "resourceType": "Patient" })).await;
        let id = |resource: &Value| resource["id"].as_str().unwrap().to_owned();
        let place = Place {
            project: project.id.clone(),
            membership: id(&member),
            profile: member["profile"].clone(),
            kind: "Patient".to_owned(),
            id: id(&resource),
        };
        let user = member["user"]["reference"].as_str().unwrap();
        Self {
            user: user.trim_start_matches("User/").to_owned(),
            application: application.body,
            project,
            place,
            patient,
        }
    }

    /// The route's sample request with canaries in it.
    fn request(&self, route: &Route) -> Request {
        let mut place = self.place.clone();
        if route.path.starts_with("/fhir/R4/User/") {
            place.id = self.user.clone();
        }
        if route.path.starts_with("/fhir/R4/ClientApplication/") {
            place.id = self.application["id"].as_str().unwrap().to_owned();
        }
        if route.path.starts_with("/fhir/R4/Project/") {
            place.id = self.place.project.clone();
        }
        let request = ready(route, Request::new(route.method, &place.address(route)));
        match place.body(route) {
            Sample::Nothing => request,
            Sample::Form(form) => request.body(crate::samples::FORM, form.to_owned()),
            Sample::Json(mut body) => {
                self.sing(&mut body, route);
                request.json(&body)
            }
        }
    }

    fn sing(&self, value: &mut Value, route: &Route) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.sing(item, route)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let canary = match name.as_str() {
                        "password" => SECRET,
                        "valueString" if route.path.ends_with("/secrets") => SECRET,
                        "firstName" | "lastName" | "givenName" | "familyName" | "family"
                        | "description" => WORDS,
                        "email" if route.path.ends_with("/$update-email") => continue,
                        "email" if value.is_string() => &self.patient,
                        "secret" if route.path.ends_with("/$rotate-secret") => {
                            *value = self.application["secret"].clone();
                            continue;
                        }
                        _ => {
                            self.sing(value, route);
                            continue;
                        }
                    };
                    *value = canary.into();
                }
            }
            _ => {}
        }
    }
}

/// A server administrator of this test's own.
async fn chief(world: &World) -> Client {
    let me = world.root().get("/auth/me").await.must(200).body;
    let path = format!(
        "/admin/projects/{}/client",
        me["project"]["id"].as_str().unwrap()
    );
    let made = world
        .root()
        .post(&path, &json!({ "name": "Chief" }))
        .await
        .must(201);
    world
        .anonymous()
        .basic(made.id(), made.body["secret"].as_str().unwrap())
}

/// The events, of whatever project, that name this caller.
async fn deeds(world: &World, caller: &Client) -> BTreeMap<String, Value> {
    let who = format!("ClientApplication/{}", caller.id());
    let ledger = Ledger::read(world).await;
    let events = ledger
        .below("P#")
        .into_iter()
        .filter(|row| row["who"]["reference"] == who.as_str());
    events
        .map(|event| (text(event, "SK"), event.clone()))
        .collect()
}

/// Routes by which members or administrators change something, or may; sessions are another matter.
fn changing() -> impl Iterator<Item = &'static Route> {
    let acts = |route: &&Route| {
        let session = ["/auth/", "/oauth2/"]
            .iter()
            .any(|begin| route.path.starts_with(begin));
        let looks = ["/$validate", "/$graphql", "/$expand"];
        let only_looks = looks.iter().any(|end| route.path.ends_with(end));
        // A job that waits to be cancelled is no sample: that one is in `life`.
        let waits = route.path.starts_with("/fhir/R4/job/");
        let changes = route.method != "GET" && route.access != Access::Open;
        changes && !session && !only_looks && !waits
    };
    ROUTES.iter().filter(acts)
}

fn must_tell(event: &Value, what: &str) {
    let said = event.to_string().to_lowercase();
    for canary in [SECRET, WORDS, "@"] {
        assert!(!said.contains(&canary.to_lowercase()), "{what}: {event}");
    }
    assert_eq!(event["outcome"], "0", "{what}: {event}");
    assert!(!text(event, "operation").is_empty(), "{what}: {event}");
    assert!(!text(event, "recorded").is_empty(), "{what}: {event}");
    let (kind, id) = event["what"]["reference"]
        .as_str()
        .and_then(|it| it.split_once('/'))
        .unwrap_or_default();
    assert!(!kind.is_empty() && id.len() == 36, "{what}: {event}");
    let action = text(event, "action");
    assert!(
        ["C", "U", "D", "E"].contains(&action.as_str()),
        "{what}: {event}"
    );
    let fields: Vec<&Value> = event["fields"]
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.values())
        .collect();
    let known = ["added", "changed", "removed"];
    assert!(
        fields
            .iter()
            .all(|how| known.contains(&how.as_str().unwrap_or_default())),
        "{what}: {event}"
    );
    assert!(
        !fields.is_empty() || ["D", "E"].contains(&action.as_str()),
        "{what} names no field: {event}"
    );
}

#[tokio::test]
async fn every_change_on_every_route_is_recorded_with_who_what_and_which_fields_and_no_secret() {
    let world = world().await;
    let chief = chief(world).await;
    let mut unanswered = Vec::new();
    for route in changing() {
        let scene = Scene::make(world).await;
        let caller = match route.access {
            Access::SuperAdmin => &chief,
            _ => &scene.project.admin,
        };
        let before = deeds(world, caller).await;
        let answer = caller.send(scene.request(route)).await;
        let what = format!("{} {}", route.method, route.path);
        if !(200..300).contains(&answer.status) {
            unanswered.push(format!("{what}: {} {}", answer.status, answer.text));
            continue;
        }
        if answer.body["type"] == "searchset" {
            continue;
        }
        let mut after = deeds(world, caller).await;
        after.retain(|id, _| !before.contains_key(id));
        assert!(!after.is_empty(), "{what} left no event: {}", answer.text);
        after.values().for_each(|event| must_tell(event, &what));
    }
    assert!(
        unanswered.is_empty(),
        "samples that were refused: {unanswered:#?}"
    );
    for line in world.host().logs() {
        for canary in [SECRET, WORDS] {
            assert!(
                !line.text.contains(canary),
                "{}: {}",
                line.function,
                line.text
            );
        }
    }
    for row in world.every_row().await {
        assert!(!row.to_string().contains(SECRET), "{row}");
    }
}

/// One event of a project, by id.
async fn event(world: &World, project: &Project) -> String {
    let ledger = Ledger::read(world).await;
    text(ledger.events(&project.id).first().expect("an event"), "SK")
}

#[tokio::test]
async fn an_event_is_read_and_can_be_written_on_no_route() {
    let world = world().await;
    let project = world.project("Written once").await;
    let id = event(world, &project).await;
    let path = format!("/fhir/R4/AuditEvent/{id}");
    let shown = project.admin.get(&path).await.must(200).body;
    let forged = with(
        shown.clone(),
        json!({ "outcome": "0", "recorded": "2020-01-01T00:00:00.000Z" }),
    );
    let patch = json!([{ "op": "replace", "path": "/outcome", "value": "8" }]);
    for caller in [&project.admin, world.root()] {
        for (method, path, body) in [
            ("POST", "/fhir/R4/AuditEvent", &forged),
            ("PUT", path.as_str(), &forged),
            ("PATCH", path.as_str(), &patch),
            ("DELETE", path.as_str(), &forged),
        ] {
            let request = Request::new(method, path);
            let request = if method == "DELETE" {
                request
            } else {
                request.json(body)
            };
            let answer: Answer = caller.send(request).await;
            assert!(
                [403, 405].contains(&answer.status),
                "{method}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
    assert_eq!(project.admin.get(&path).await.must(200).body, shown);
}
