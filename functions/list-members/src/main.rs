//! `GET /fhir/R4/ProjectMembership` and `POST …/_search`: list and search the members of a project; `GET …/$csv`: the same as a table.

use app::domain::Failure;
use app::fhir::search::Query;
use app::routes::{LIST_MEMBERS, MEMBERS_CSV, SEARCH_MEMBERS};
use app::{Answer, Ask, Error, Function, Problem};
use domain::PROJECT_MEMBERSHIP;
use operations::list_members;
use operations::search::{self, Listing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&LIST_MEMBERS, answer)
        .on(&SEARCH_MEMBERS, answer)
        .on(&MEMBERS_CSV, table)
        .serve()
        .await
}

async fn answer(ask: Ask) -> Answer {
    let found = found(&ask, search::read).await?;
    Ok(ask.page(found))
}

async fn table(ask: Ask) -> Answer {
    let found = found(&ask, search::read_for_table).await?;
    Ok(ask.table(found))
}

type Read = fn(&str, &[(String, String)]) -> Result<Query, Failure>;

async fn found(ask: &Ask, read: Read) -> Result<Listing, Problem> {
    let parameters = ask.parameters();
    let named = parameters.as_deref().ok().and_then(search::project_named);
    let destination = ask.asked(named);
    let query = parameters.and_then(|pairs| read(PROJECT_MEMBERSHIP, &pairs));
    let look = |tenant, _, sight| list_members::look(ask.means, tenant, query, sight);
    let (_, found) = ask.admit_seeing(destination, look).await?;
    Ok(found)
}
