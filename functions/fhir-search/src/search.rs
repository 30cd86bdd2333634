//! A search, as a page or as a table.

use app::{Answer, Ask, Problem, ReadQuery};
use operations::search::{self, Listing};

pub(crate) async fn answer(ask: Ask) -> Answer {
    let found = found(&ask, search::read).await?;
    Ok(ask.page(found))
}

pub(crate) async fn table(ask: Ask) -> Answer {
    let found = found(&ask, search::read_for_table).await?;
    Ok(ask.table(found))
}

async fn found(ask: &Ask, read: ReadQuery) -> Result<Listing, Problem> {
    let kind = ask.call.parameter("resourceType");
    ask.search((kind, read), |tenant, claimant, query, sight| {
        search::look(ask.means, (tenant, claimant), (kind, query), sight)
    })
    .await
}
