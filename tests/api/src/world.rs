//! The worlds in which the tests live: one that all functional tests share, and fresh ones for those that break things.

use std::future::Future;

use harness::proxy::Plan;
use harness::world::{Answer, Options, World};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// The shared world: nothing goes wrong in it. Every test makes projects of its own.
pub(crate) async fn world() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_init(|| start(8, Plan::default())).await
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
