//! `POST /fhir/R4/Project/{id}/$clone`: copy a project, while the caller waits or by a job that he can ask for.

use std::time::Duration;

use app::routes::CLONE_PROJECT;
use app::{Answer, Ask, Error, Function, Reply};
use operations::clone_project::{self, Cloned};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&CLONE_PROJECT, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("id").parse().ok();
    let order = ask
        .call
        .object()
        .and_then(|body| Ok(clone_project::parse(&body)?));
    let wish = ask.wish(order);
    let look = |tenant, claimant| clone_project::look(ask.means, tenant, claimant, (id, wish));
    let (caller, seen) = ask.admit(look).await?;
    let (job, is_small) = clone_project::begin(ask.means, &caller, (seen, ask.url())).await?;
    let patience = match is_small && !ask.wants_a_job() {
        true => ask.time_left(),
        false => Duration::ZERO,
    };
    if patience.is_zero() {
        return Ok(ask.accepted(job));
    }
    match clone_project::wait(ask.means, job, patience).await? {
        Cloned::By(_) => Ok(ask.accepted(job)),
        Cloned::Project(project) => Ok(Reply::created(
            &project,
            ask.call.view(),
            &ask.app.config.settings.base_url,
        )),
    }
}
