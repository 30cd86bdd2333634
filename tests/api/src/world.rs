//! The worlds that tests share, and the words in which they speak about people.

use std::future::Future;

use harness::proxy::Plan;
use harness::world::{Answer, Client, Options, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

static SHARED: OnceCell<World> = OnceCell::const_new();
static MEASURED: OnceCell<World> = OnceCell::const_new();

/// The world of the functional tests: eight instances of each function, and nothing goes wrong.
pub(crate) async fn world() -> &'static World {
    SHARED.get_or_init(|| start(8, Plan::default())).await
}

/// A second world for tests that record what a request costs, because recording slows down every call of a world.
pub(crate) async fn measured_world() -> &'static World {
    MEASURED.get_or_init(|| start(4, Plan::default())).await
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

/// A world of one's own, with at most `instances` processes of each function.
pub(crate) async fn start(instances: usize, plan: Plan) -> World {
    let world = World::start(options(instances, plan)).await;
    world.expect("the world starts")
}

/// What a world with every route of the product is made of.
pub(crate) fn options(instances: usize, plan: Plan) -> Options {
    let route = |route: &gateway::Route| (route.method, route.path, route.function);
    Options {
        routes: gateway::ROUTES.iter().map(route).collect(),
        instances,
        plan,
        environment: Vec::new(),
    }
}

/// Sends `count` requests at once and returns their answers in the order of their numbers.
pub(crate) async fn at_once<F>(count: usize, request: impl Fn(usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    for number in 0..count {
        let answer = request(number);
        under_way.spawn(async move { (number, answer.await) });
    }
    let mut answers = under_way.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
