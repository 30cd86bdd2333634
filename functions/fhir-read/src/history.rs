//! `GET /fhir/R4/{resourceType}/{id}/_history`: read a resource's history.

use app::{Answer, Ask};
use operations::history;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let wanted = (address, ask.versions());
    let (_, found) = ask
        .admit(|tenant, claimant| history::look(ask.means, tenant, claimant, wanted))
        .await?;
    Ok(ask.history(found))
}
