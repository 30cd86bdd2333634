//! `Idempotency-Key` on every route that changes something for administrators. The loops run over the table of routes: a new
//! route that forgets its key fails here.

use gateway::{Access, ROUTES, Route};
use harness::proxy::Plan;
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::ledger::Ledger;
use crate::samples::{Place, Sample, ready};
use crate::world::{address, alice, at_once, create, invited, start, with, world};

/// How many requests with one key are sent at once.
const MANY: usize = 64;

/// A world for one test at a time: the record of the whole table is counted.
async fn alone() -> (&'static World, MutexGuard<'static, ()>) {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let world = WORLD
        .get_or_init(|| start(8, Plan::new(11).conflicts()))
        .await;
    (world, turn)
}

/// Every POST by which administrators, or members with resources, change something. A search by form changes nothing.
fn routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| {
        let administrative = matches!(route.access, Access::Admin | Access::SuperAdmin);
        let of_members = ["/fhir/R4/Project/$init", "/fhir/R4/{resourceType}"];
        route.method == "POST"
            && (administrative || of_members.contains(&route.path))
            && !route.path.ends_with("/_search")
    })
}

/// A project of its own for each request, with a person whose password his administrators may set.
struct Scene {
    project: Project,
    place: Place,
    email: String,
    /// Her id as a user.
    user: String,
    /// The id of a patient.
    patient: String,
    /// The secret of the application whose id the place has.
    secret: Value,
}

impl Scene {
    async fn set(world: &World) -> Self {
        let project = world.project("Once").await;
        let email = address("alice", &project);
        let scoped = with(alice(&email), json!({ "scope": "project" }));
        let member = invited(&project, &scoped).await;
        world.letter_to(&email).await.expect("a first letter");
        let application = project.path("client");
        let application = project
            .admin
            .post(&application, &json!({ "name": "Robot" }))
            .await
            .must(201);
        let place = Place {
            project: project.id.clone(),
            membership: member["id"].as_str().unwrap().to_owned(),
            profile: member["profile"].clone(),
            kind: "Patient".to_owned(),
            id: application.id().to_owned(),
        };
        let user = member["user"]["reference"].as_str().unwrap();
        let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
        Self {
            user: user.trim_start_matches("User/").to_owned(),
            patient: patient["id"].as_str().unwrap().to_owned(),
            secret: application.body["secret"].clone(),
            project,
            place,
            email,
        }
    }

    fn caller(&self, world: &World, route: &Route) -> Client {
        match route.access {
            Access::SuperAdmin => world.root().clone(),
            _ => self.project.admin.clone(),
        }
    }

    /// The route's sample, about the person of this scene.
    fn body(&self, route: &Route) -> Option<Value> {
        match self.place.body(route) {
            Sample::Json(mut body) => {
                if route.path.ends_with("/setpassword") {
                    body["email"] = self.email.clone().into();
                    body["projectId"] = self.project.id.clone().into();
                }
                if route.path.ends_with("/$rotate-secret") {
                    body["secret"] = self.secret.clone();
                }
                Some(body)
            }
            Sample::Nothing | Sample::Form(_) => None,
        }
    }

    /// The key is the scene's own: the caller may be one who plays in other scenes, too.
    fn request(&self, route: &Route, text: String) -> Request {
        let mut place = self.place.clone();
        if route.path.starts_with("/fhir/R4/User/") {
            place.id = self.user.clone();
        } else if route.path.starts_with("/fhir/R4/Project/") {
            place.id = self.project.id.clone();
        } else if route.path.ends_with("/$expunge") {
            place.id = self.patient.clone();
        }
        ready(route, Request::new(route.method, &place.path(route)))
            .header("idempotency-key", &self.project.id)
            .body("application/json", text)
    }
}

/// What a client keeps of an answer: not the ids under which the request itself is logged.
fn essence(answer: &Answer) -> (u16, String, String, Value) {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("extension");
    }
    let header = |name| answer.header(name).to_owned();
    (answer.status, header("etag"), header("location"), body)
}

/// How many events the table holds; requests are refused by no rule here, so each is an effect.
async fn events(world: &World) -> usize {
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let rows = ledger.below("P#").into_iter();
    rows.filter(|row| row["PK"].as_str().unwrap().contains("#A#"))
        .count()
}

#[tokio::test]
async fn the_same_key_twice_has_one_effect_and_one_answer_on_every_route() {
    let (world, _turn) = alone().await;
    for route in routes() {
        let scene = Scene::set(world).await;
        let caller = scene.caller(world, route);
        let text = scene
            .body(route)
            .map_or_else(String::new, |body| body.to_string());
        let before = events(world).await;
        let first = caller.send(scene.request(route, text.clone())).await;
        assert!(
            (200..300).contains(&first.status),
            "{}: {}",
            route.path,
            first.text
        );
        let after = events(world).await;
        assert_eq!(after, before + 1, "{}: one event", route.path);
        let second = caller.send(scene.request(route, text.clone())).await;
        assert_eq!(essence(&second), essence(&first), "{}", route.path);
        let other = caller.send(scene.request(route, format!("{text} "))).await;
        assert_eq!(
            (other.status, other.issue_text()),
            (
                422,
                "Idempotency-Key was already used with a different request body"
            ),
            "{}",
            route.path
        );
        assert_eq!(
            events(world).await,
            after,
            "{}: no second event",
            route.path
        );
    }
}

#[tokio::test]
async fn the_same_key_many_times_at_once_has_one_effect_and_one_answer_on_every_route() {
    let (world, _turn) = alone().await;
    for route in routes() {
        let scene = Scene::set(world).await;
        let caller = scene.caller(world, route);
        let text = scene
            .body(route)
            .map_or_else(String::new, |body| body.to_string());
        let request = scene.request(route, text);
        let before = events(world).await;
        let answers = at_once(MANY, |_| {
            let (caller, request) = (caller.clone(), request.clone());
            async move { caller.send(request).await }
        })
        .await;
        let first = essence(&answers[0]);
        assert!(
            (200..300).contains(&first.0),
            "{}: {}",
            route.path,
            answers[0].text
        );
        for answer in &answers {
            assert_eq!(essence(answer), first, "{}", route.path);
        }
        assert_eq!(events(world).await, before + 1, "{}: one event", route.path);
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_its_key() {
    let (world, _turn) = alone().await;
    let scene = Scene::set(world).await;
    let path = scene
        .project
        .path(&format!("members/{}", scene.place.membership));
    let member = scene.project.admin.get(&path).await.must(200).body;
    let send = |body: Value| {
        let request = Request::new("POST", &path).header("idempotency-key", "same");
        let (caller, request) = (scene.project.admin.clone(), request.json(&body));
        async move { caller.send(request).await }
    };
    let first = send(member.clone()).await.must(200);
    let second = send(member.clone()).await.must(200);
    assert_eq!(first.body, second.body);
    send(with(member, json!({ "admin": true }))).await.must(422);
}

#[tokio::test]
async fn secrets_and_links_stand_in_no_record_of_a_key() {
    let (world, _turn) = alone().await;
    let project = world.project("Once").await;
    let body = json!([{ "name": "key", "valueString": "canary-in-the-record" }]);
    let request = Request::new("POST", &project.path("secrets"));
    let request = request.header("idempotency-key", "k").json(&body);
    project.admin.send(request.clone()).await.must(200);
    let again = project.admin.send(request).await.must(200);
    assert_eq!(again.body["secret"], body);
    let ledger = Ledger::read(world).await;
    let records = ledger.below(&format!("P#{}", project.id)).into_iter();
    assert!(
        !records
            .into_iter()
            .any(|row| row.to_string().contains("canary-in-the-record"))
    );
}

#[tokio::test]
async fn an_answer_given_again_shows_the_list_as_posted_and_writes_a_reveal_of_the_other() {
    let (world, _turn) = alone().await;
    let project = world.project("Once").await;
    let secrets = json!([{ "name": "key", "valueString": "one" }]);
    project
        .admin
        .post(&project.path("secrets"), &secrets)
        .await
        .must(200);
    let sites = json!([{ "name": "Site", "domain": ["example.com"] }]);
    let request = Request::new("POST", &project.path("sites"))
        .header("idempotency-key", "k")
        .json(&sites);
    let first = project.admin.send(request.clone()).await.must(200);
    project
        .admin
        .post(&project.path("sites"), &json!([]))
        .await
        .must(200);
    let again = project.admin.send(request).await.must(200);
    assert_eq!(first.body, again.body);
    let ledger = Ledger::read(world).await;
    let reveals = ledger.events(&project.id).into_iter();
    let reveals = reveals.filter(|event| event.to_string().contains("reveal-secrets"));
    assert_eq!(reveals.count(), 1);
}

#[tokio::test]
async fn the_description_names_the_header_on_every_such_route() {
    let document = world().await.anonymous().get("/openapi.json").await;
    let document = document.must(200).body;
    for route in routes() {
        let operation = &document["paths"][route.path]["post"];
        assert!(
            operation.to_string().contains("Idempotency-Key"),
            "{} {operation}",
            route.path
        );
    }
}
