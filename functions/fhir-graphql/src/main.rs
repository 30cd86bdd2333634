//! `POST /fhir/R4/$graphql`: select from resources what a GraphQL query names.

mod desk;

use std::sync::{Arc, OnceLock};

use app::domain::{Failure, Fault, Refusal};
use app::routes::FHIR_GRAPHQL;
use app::{Answer, Ask, Error, Function, Reply};
use graphql::{Graph, Question, Unanswerable};

use desk::OfTheCaller;

/// Made before the first question.
static GRAPH: OnceLock<Graph> = OnceLock::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let graph = Graph::of_fhir()?;
    GRAPH.get_or_init(|| graph);
    Function::new().on(&FHIR_GRAPHQL, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let body = ask.call.object();
    let (caller, claimant) = ask.admit(|_, claimant| async move { Ok(claimant) }).await?;
    let question = Question::read(&body?).map_err(faults)?;
    if question.is_introspective() && !caller.project().has_feature("graphql-introspection") {
        return Err(Failure::from(Refusal::Forbidden).into());
    }
    let desk = Arc::new(OfTheCaller::new(ask, caller, claimant));
    let graph = GRAPH
        .get()
        .ok_or_else(|| Failure::unavailable("the graph", "it is not made yet"))?;
    let answer = graph.answer(question, desk).await.map_err(faults)?;
    Ok(Reply::json(answer))
}

/// Everything that is wrong with a question.
fn faults(problem: Unanswerable) -> Failure {
    let faults = problem.0.into_iter();
    let faults: Vec<Fault> = faults.map(|words| Fault::invalid("query", words)).collect();
    faults.into()
}
