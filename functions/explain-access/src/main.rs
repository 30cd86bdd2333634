//! `GET /admin/projects/{projectId}/members/{membershipId}/access`: what a member may do, and by which rule.

use app::routes::EXPLAIN_ACCESS;
use app::{Answer, Ask, Error, Function, Reply};
use operations::explain_access::{self, Question};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&EXPLAIN_ACCESS, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let asked = |name| ask.call.query_value(name);
    let question = Question::parse(asked("resource"), asked("interaction"));
    let look = |tenant, claimant| explain_access::look(ask.means, (tenant, claimant), id, question);
    let (caller, seen) = ask.admit(look).await?;
    let answer = explain_access::explain(ask.means, &caller, seen).await?;
    Ok(Reply::json(answer))
}
