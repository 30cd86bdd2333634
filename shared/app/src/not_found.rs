//! What no route names: a preflight, a path that exists with other methods, or nothing at all.

use gateway::routes::{self, Access};
use gateway::{Call, Pretty, Problem, Route};
use lambda_http::http::{HeaderValue, Method, header};
use lambda_http::{Body, Response};

use crate::serve::{chain, render};
use crate::{App, Ask};

/// Below these paths nobody learns what exists before he has said who he is.
const CLOSED: [&str; 3] = ["/admin", "/fhir/R4", "/scim"];

/// The route that stands for all others.
static ELSEWHERE: Route = Route {
    name: "ELSEWHERE",
    method: "*",
    path: "*",
    function: routes::NOT_FOUND,
    access: Access::Member,
    operation: "ask for what is not there",
};

/// The answer to a request that no handler takes.
pub(crate) async fn answer(app: &'static App, call: &Call, prompt: bool) -> Response<Body> {
    if call.method == Method::OPTIONS {
        return app.config.origins.preflight(call);
    }
    let allowed = allowed(&call.path);
    let problem = match refused(app, call).await {
        Some(problem) => problem,
        None if allowed.is_empty() => Problem::not_found(),
        None => Problem::method_not_allowed(),
    };
    if let Some(cause) = problem.cause() {
        let cause = chain(cause);
        tracing::error!(request = call.request_id, cause, "failed");
    }
    let reply = render(&problem, call, (app, prompt));
    let mut response = reply.into_response(Pretty::No);
    if problem.status == 405
        && let Ok(allow) = HeaderValue::from_str(&allowed)
    {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Whether the sender must say who he is first, and does not.
async fn refused(app: &'static App, call: &Call) -> Option<Problem> {
    let closed =
        |prefix: &&str| call.path == **prefix || call.path.starts_with(&format!("{prefix}/"));
    if !CLOSED.iter().any(closed) {
        return None;
    }
    let ask = Ask::new(app, call.clone(), &ELSEWHERE);
    ask.admit(|_, _| async { Ok(()) }).await.err()
}

fn allowed(path: &str) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for route in routes::matching(path) {
        if !methods.contains(&route.method) {
            methods.push(route.method);
        }
    }
    if !methods.is_empty() {
        methods.push("OPTIONS");
    }
    methods.join(", ")
}
