//! `GET /fhir/R4/{resourceType}/{id}/_history/{versionId}`: read a version of a resource.

use app::{Answer, Ask, Reply};
use operations::history;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let wanted = (address, ask.call.parameter("versionId"));
    let (_, resource) = ask
        .admit_seeing(ask.destination(), |tenant, claimant, sight| {
            history::look_at(ask.means, tenant, claimant, wanted, sight)
        })
        .await?;
    Ok(Reply::resource(&resource, ask.call.view()))
}
