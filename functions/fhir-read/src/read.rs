//! `GET /fhir/R4/{resourceType}/{id}`: read a resource.

use app::{Answer, Ask, Reply};
use operations::read_resource;

pub(super) async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let (_, resource) = ask
        .admit_seeing(ask.destination(), |tenant, claimant, sight| {
            read_resource::look(ask.means, (tenant, claimant), address, sight)
        })
        .await?;
    Ok(Reply::resource(&resource, ask.call.view()))
}
