//! `POST /fhir/R4/{resourceType}`: create a resource.

use app::routes::FHIR_CREATE;
use app::{Answer, Ask, Error, Function, Reply};
use domain::Fault;
use operations::create_resource::{self, Posted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&FHIR_CREATE, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let kind = ask.call.parameter("resourceType");
    let body = ask
        .call
        .object()
        .and_then(|body| match ask.call.header("if-none-exist") {
            // Refused rather than ignored: the sender relies on it to make nothing twice.
            Some(_) => {
                Err(Fault::invalid("If-None-Exist", "If-None-Exist is not supported").into())
            }
            None => Ok(body),
        });
    let meta = body
        .as_ref()
        .ok()
        .and_then(|body| body.get("meta")?.get("project")?.as_str());
    let destination = ask.asked(meta);
    let posted = body.map(|body| Posted {
        kind: kind.to_owned(),
        body,
    });
    let wish = ask.wish(posted);
    let look = |tenant, claimant, sight| {
        create_resource::look(ask.means, (tenant, claimant), kind, wish, sight)
    };
    let (caller, seen) = ask.admit_seeing(destination, look).await?;
    let resource = create_resource::create_resource(ask.means, &caller, seen).await?;
    Ok(Reply::created(
        &resource,
        ask.call.view(),
        &ask.app.config.settings.base_url,
    ))
}
