//! `GET /fhir/R4/{resourceType}/{id}`: read a resource.

use app::routes::FHIR_READ;
use app::{Answer, Ask, Error, Function, Reply};
use operations::read_resource;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&FHIR_READ, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let address = (ask.call.parameter("resourceType"), ask.call.parameter("id"));
    let look = |tenant, claimant, sight| {
        read_resource::look(ask.means, (tenant, claimant), address, sight)
    };
    let (_, resource) = ask.admit_seeing(ask.destination(), look).await?;
    Ok(Reply::resource(&resource, ask.call.view()))
}
