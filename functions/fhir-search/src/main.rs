//! `GET /fhir/R4/{resourceType}` and `POST …/_search`: search the resources of a project; `GET …/$csv`: the same as a table.

use app::domain::Failure;
use app::fhir::search::Query;
use app::routes::{FHIR_CSV, FHIR_SEARCH, FHIR_SEARCH_FORM};
use app::{Answer, Ask, Error, Function, Problem};
use operations::search::{self, Listing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&FHIR_SEARCH, answer)
        .on(&FHIR_SEARCH_FORM, answer)
        .on(&FHIR_CSV, table)
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
    let kind = ask.call.parameter("resourceType");
    let query = parameters.and_then(|pairs| read(kind, &pairs));
    let look =
        |tenant, claimant, sight| search::look(ask.means, (tenant, claimant), (kind, query), sight);
    let (_, found) = ask.admit_seeing(destination, look).await?;
    Ok(found)
}
