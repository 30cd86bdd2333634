//! `GET /fhir/R4/{resourceType}/{id}`: read a resource.

use app::{Answer, Ask, Reply};
use operations::read_resource;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let (_, resource) = ask
        .admit(|tenant, claimant| read_resource::look(ask.means, tenant, claimant, address))
        .await?;
    Ok(Reply::resource(&resource, ask.call.view()))
}
