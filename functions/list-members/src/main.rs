//! `GET /fhir/R4/ProjectMembership` and `POST …/_search`: list and search the members of a project; `GET …/$csv`: the same as a table.

use app::routes::{LIST_MEMBERS, MEMBERS_CSV, SEARCH_MEMBERS};
use app::{Answer, Ask, Error, Function, Problem, ReadQuery};
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

async fn found(ask: &Ask, read: ReadQuery) -> Result<Listing, Problem> {
    ask.search((PROJECT_MEMBERSHIP, read), |tenant, _, query, sight| {
        list_members::look(ask.means, tenant, query, sight)
    })
    .await
}
