//! Bad input on every route that takes a body: it is refused in words that name what is wrong, it writes nothing, and it never
//! breaks the server. The loops run over the table of routes; `samples.rs` has a good body for each.

mod bodies;
mod fields;
mod fuzz;
mod queries;

use gateway::{Access, ROUTES, Route};
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::samples::{Place, Sample, ready};
use crate::world::{address, alice, create, invited};

/// Where bad input is sent: a project with a member, and the callers who may send it.
struct Target {
    world: &'static World,
    project: Project,
    place: Place,
    admin: Client,
    root: Client,
}

impl Target {
    async fn make(world: &'static World, name: &str) -> Self {
        let project = world.project(name).await;
        let member = invited(&project, &alice(&address("alice", &project))).await;
        let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
        let id = |resource: &Value| resource["id"].as_str().unwrap().to_owned();
        let place = Place {
            project: project.id.clone(),
            membership: id(&member),
            profile: member["profile"].clone(),
            kind: "Patient".to_owned(),
            id: id(&patient),
        };
        let (admin, root) = (project.admin.token().await, world.root().token().await);
        Self {
            world,
            project,
            place,
            admin,
            root,
        }
    }

    /// Somebody who may call the route.
    fn caller(&self, route: &Route) -> &Client {
        match route.access {
            Access::SuperAdmin => &self.root,
            Access::Open | Access::Member | Access::Admin => &self.admin,
        }
    }

    /// Sends this text as the route's body.
    async fn send(&self, route: &Route, content_type: &str, text: &str) -> Answer {
        let request = ready(
            route,
            Request::new(route.method, &self.place.address(route)),
        );
        let request = request.body(content_type, text.to_owned());
        self.caller(route).send(request).await
    }

    /// Every row of the project but what is recorded about refusals.
    async fn rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for part in ["", "#M", "#R", "#I"] {
            rows.extend(
                self.world
                    .rows(&format!("P#{}{part}", self.project.id))
                    .await,
            );
        }
        rows
    }
}

/// The routes that take a JSON object, with a good one for each.
fn writing_objects(place: &Place) -> Vec<(&'static Route, Value)> {
    let mut routes = writing(place);
    routes.retain(|(_, body)| body.is_object());
    routes
}

/// The routes that take JSON, with a good body for each.
fn writing(place: &Place) -> Vec<(&'static Route, Value)> {
    let bodies = ROUTES.iter().filter_map(|route| match place.body(route) {
        Sample::Json(body) => Some((route, body)),
        Sample::Nothing | Sample::Form(_) => None,
    });
    bodies.collect()
}

/// The answer is one of ours whatever was sent: no fault of the server, and words for a program where it refuses. `what` holds the
/// path that was asked.
fn must_be_an_answer(answer: &Answer, what: &str) {
    assert_eq!(answer.header("x-broken"), "", "{what}: {}", answer.text);
    assert!(
        (200..500).contains(&answer.status),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
    if answer.status >= 400 {
        let path = what.split(' ').find(|word| word.starts_with('/'));
        let refusal = answer.is_refusal_at(path.unwrap_or_default());
        assert!(refusal, "{what}: {} {}", answer.status, answer.text);
    }
}

const JSON: &str = "application/json";
