//! `GET /fhir/R4/ProjectMembership` and `POST …/_search`: list and search the members of a project.

use app::routes::{LIST_MEMBERS, SEARCH_MEMBERS};
use app::{Answer, Ask, Error, Function};
use domain::PROJECT_MEMBERSHIP;
use operations::{list_members, search};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&LIST_MEMBERS, answer)
        .on(&SEARCH_MEMBERS, answer)
        .serve()
        .await
}

async fn answer(ask: Ask) -> Answer {
    let parameters = ask.parameters();
    let named = parameters.as_deref().ok().and_then(search::project_named);
    let destination = ask.asked(named);
    let query = parameters.and_then(|pairs| search::read(PROJECT_MEMBERSHIP, &pairs));
    let look = |tenant, _, sight| list_members::look(ask.means, tenant, query, sight);
    let (_, found) = ask.admit_seeing(destination, look).await?;
    Ok(ask.page(found))
}
