//! `GET /fhir/R4/{resourceType}/{id}/_history/{versionId}`: read a version of a resource.

use app::{Answer, Ask, Reply};
use operations::history;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let wanted = (address, ask.call.parameter("versionId"));
    let (_, resource) = ask
        .admit(|tenant, claimant| history::look_at(ask.means, tenant, claimant, wanted))
        .await?;
    Ok(Reply::resource(&resource, ask.call.view()))
}
