//! `POST /fhir/R4/Project` and `POST /fhir/R4/Project/$init`: create a project, bare or ready for use.

use app::routes::{CREATE_PROJECT, INIT_PROJECT};
use app::{Answer, Ask, Error, Function, Reply};
use operations::create_project;
use operations::init_project::{self, Start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&CREATE_PROJECT, create)
        .on(&INIT_PROJECT, init)
        .serve()
        .await
}

async fn create(ask: Ask) -> Answer {
    let fields = ask
        .call
        .object()
        .and_then(|body| Ok(create_project::parse(&body)?));
    let wish = ask.wish(fields);
    let (caller, seen) = ask
        .admit(|tenant, claimant| create_project::look(ask.means, tenant, claimant, wish))
        .await?;
    let project = create_project::create_project(ask.means, &caller, seen).await?;
    Ok(Reply::created(
        &project,
        ask.call.view(),
        &ask.app.config.settings.base_url,
    ))
}

async fn init(ask: Ask) -> Answer {
    let start = ask.call.object().and_then(|body| Ok(Start::parse(&body)?));
    let wish = ask.wish(start);
    let (caller, seen) = ask
        .admit(|tenant, claimant| init_project::look(ask.means, tenant, claimant, wish))
        .await?;
    let project = init_project::init_project(ask.means, &caller, seen).await?;
    Ok(Reply::created(
        &project,
        ask.call.view(),
        &ask.app.config.settings.base_url,
    ))
}
