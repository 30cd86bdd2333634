//! `GET /fhir/R4/{resourceType}/{id}/_history`: read a resource's history.

use app::{Answer, Ask};
use operations::history;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let wanted = (address, ask.versions());
    let (_, found) = ask
        .admit_seeing(ask.destination(), |tenant, claimant, sight| {
            history::look(ask.means, tenant, claimant, wanted, sight)
        })
        .await?;
    Ok(ask.history(found))
}
