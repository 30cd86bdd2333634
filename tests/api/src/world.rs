//! The worlds that tests share, and the words in which they speak about people.

use gateway::ROUTES;
use harness::proxy::Plan;
use harness::world::{Answer, Client, Options, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static SHARED: OnceCell<World> = OnceCell::const_new();
static MEASURED: OnceCell<World> = OnceCell::const_new();

/// The world of the functional tests: eight instances of each function, and nothing goes wrong.
pub(crate) async fn world() -> &'static World {
    SHARED.get_or_init(|| start(8)).await
}

/// A second world for tests that record what a request costs, because recording slows down every call of a world.
pub(crate) async fn measured_world() -> &'static World {
    MEASURED.get_or_init(|| start(4)).await
}

async fn start(instances: usize) -> World {
    let routes = ROUTES
        .iter()
        .map(|route| (route.method, route.path, route.function));
    let options = Options {
        routes: routes.collect(),
        instances,
        plan: Plan::default(),
        environment: Vec::new(),
    };
    World::start(options).await.unwrap()
}

/// An address that nobody else in this world has.
pub(crate) fn address(name: &str, project: &Project) -> String {
    let (unique, _) = project.id.split_once('-').unwrap();
    format!("{name}.{unique}@example.com")
}

/// The body of an invite of Alice Smith, a practitioner.
pub(crate) fn alice(email: &str) -> Value {
    json!({ "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith", "email": email })
}

/// `base` with the fields of `more` laid over it.
pub(crate) fn with(mut base: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (base.as_object_mut(), more) {
        fields.extend(more);
    }
    base
}

/// The reference of a resource.
pub(crate) fn reference(resource: &Value) -> String {
    format!(
        "{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    )
}

/// Makes a resource through the FHIR route.
pub(crate) async fn create(caller: &Client, resource: Value) -> Value {
    let path = format!("/fhir/R4/{}", resource["resourceType"].as_str().unwrap());
    caller.post(&path, &resource).await.must(201).body
}

/// Invites and goes on only when the answer is a membership.
pub(crate) async fn invited(project: &Project, body: &Value) -> Value {
    project.invite(&project.admin, body).await.must(200).body
}

/// A POST of JSON with one more header.
pub(crate) async fn post_with(
    caller: &Client,
    path: &str,
    body: &Value,
    (name, value): (&str, &str),
) -> Answer {
    let request = Request::new("POST", path).json(body).header(name, value);
    caller.send(request).await
}
