//! A search, as a page or as a table.

use app::domain::Failure;
use app::fhir::search::Query;
use app::{Answer, Ask, Problem};
use operations::search::{self, Listing};

pub(crate) async fn answer(ask: Ask) -> Answer {
    let found = found(&ask, search::read).await?;
    Ok(ask.page(found))
}

pub(crate) async fn table(ask: Ask) -> Answer {
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
