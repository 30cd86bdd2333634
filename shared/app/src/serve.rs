//! The frame around a function's handlers: start once, then for every event route, answer, log.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::{Failure, Fault};
use gateway::{Call, Pretty, Problem, Reply, Route, limits};
use lambda_http::http::header;
use lambda_http::{Body, Request, Response, service_fn};
use tracing::{error, info, warn};

use crate::ask::trace_id;
use crate::log;
use crate::{App, Ask, Error};

/// What a handler answers.
pub type Answer = Result<Reply, Problem>;

type Handler = Box<dyn Fn(Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// A function's routes, each with its handler.
#[derive(Default)]
pub struct Function {
    handlers: Vec<(&'static Route, Handler)>,
}

impl Function {
    /// A function without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same function, answering `route` with `handler`.
    #[must_use]
    pub fn on<F>(mut self, route: &'static Route, handler: fn(Ask) -> F) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        self.handlers
            .push((route, Box::new(move |ask| Box::pin(handler(ask)))));
        self
    }

    /// Starts, and answers for as long as the process lives.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn serve(self) -> Result<(), Error> {
        log::start();
        let app: &'static App = Box::leak(Box::new(App::start().await?));
        let handlers: Arc<[(&'static Route, Handler)]> = self.handlers.into();
        lambda_http::run(service_fn(move |request: Request| {
            let handlers = Arc::clone(&handlers);
            async move { Ok::<_, std::convert::Infallible>(respond(app, &handlers, request).await) }
        }))
        .await
    }
}

async fn respond(
    app: &'static App,
    handlers: &[(&'static Route, Handler)],
    request: Request,
) -> Response<Body> {
    let call = Call::read(request);
    let found = handlers.iter().find(|(route, _)| {
        route.method == call.method.as_str()
            && gateway::routes::captures(route.path, &call.path).is_some()
    });
    let pretty = if call.query_value("_pretty") == Some("true") {
        Pretty::Yes
    } else {
        Pretty::No
    };
    let prompt = call
        .query
        .iter()
        .any(|(name, _)| name == "_medplum-prompt-basic-auth");
    let mut response = match found {
        Some((route, handler)) => {
            let ask = Ask::new(app, call.clone().along(route), route);
            let answer = match ask.count().await {
                Ok(()) => answered(handler, &ask).await,
                Err(problem) => Err(problem),
            };
            let mut response = settle(&ask, answer, prompt).await.into_response(pretty);
            if let Body::Text(body) = response.body()
                && limits::is_too_long(body)
            {
                let refused = Err(Failure::from(Fault::general(limits::TOO_LONG)).into());
                response = settle(&ask, refused, prompt).await.into_response(pretty);
            }
            if let Some(left) = ask.allowance().and_then(limits::rate_limit) {
                response.headers_mut().insert(limits::RATE_LIMIT, left);
            }
            response
        }
        None => crate::not_found::answer(app, &call, prompt).await,
    };
    if call
        .header("prefer")
        .is_some_and(|wish| wish.contains("return=minimal"))
        && response.status().is_success()
        && call.path.starts_with("/fhir/")
    {
        *response.body_mut() = Body::Empty;
    }
    app.config.origins.allow(&call, response.headers_mut());
    response
}

/// What the handler answers; the second time, if the first answer may have met what the same request has done already.
async fn answered(handler: &Handler, ask: &Ask) -> Answer {
    match carried_out(handler(ask.clone())).await {
        Err(problem) if ask.is_worth_a_second_look(&problem) => {
            carried_out(handler(ask.clone())).await
        }
        answer => answer,
    }
}

/// Runs a handler apart, so that a panic ends the request and not the function.
async fn carried_out(answer: Pin<Box<dyn Future<Output = Answer> + Send>>) -> Answer {
    match tokio::spawn(answer).await {
        Ok(answer) => answer,
        Err(broken) => {
            error!(panicked = broken.is_panic(), "a handler broke");
            Err(Problem::internal())
        }
    }
}

/// Logs the end of a request, writes down a refusal, and renders a problem.
pub(crate) async fn settle(ask: &Ask, answer: Answer, prompt: bool) -> Reply {
    let (operation, request) = (ask.route.operation, ask.call.request_id.as_str());
    let problem = match answer {
        Ok(reply) => {
            info!(operation, request, "done");
            return reply;
        }
        Err(problem) => problem,
    };
    match problem.cause() {
        Some(cause) => error!(
            operation,
            request,
            status = problem.status,
            cause = chain(cause),
            "failed"
        ),
        None => warn!(operation, request, status = problem.status, "refused"),
    }
    if let (Some(caller), Some(refusal)) =
        (ask.caller(), problem.refusal().filter(|r| r.is_decision()))
    {
        let noted = ask
            .means
            .record_refusal(caller, ask.route.operation, refusal.to_string())
            .await;
        if let Err(failure) = noted {
            error!(
                operation,
                request,
                cause = chain(&failure),
                "a refusal could not be recorded"
            );
        }
    }
    render(&problem, &ask.call, (ask.app, prompt))
}

/// A problem as the caller sees it. Browsers are asked for a password only when the page wants that.
pub(crate) fn render(problem: &Problem, call: &Call, (app, prompt): (&App, bool)) -> Reply {
    let trace = trace_id();
    let request = if call.request_id.is_empty() {
        trace.as_str()
    } else {
        call.request_id.as_str()
    };
    let reply = problem.reply(&call.path, (request, &trace));
    if problem.status == 401 && prompt {
        let realm = format!("Basic realm=\"{}\"", app.config.settings.base_url);
        return reply.with(header::WWW_AUTHENTICATE, realm);
    }
    match problem.retry_after {
        Some(seconds) => reply.with(header::RETRY_AFTER, seconds.to_string()),
        None => reply,
    }
}

/// An error and what is behind it, in the words of each; no debug output, which could hold what was stored.
pub(crate) fn chain(failure: &dyn std::error::Error) -> String {
    let mut words = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
