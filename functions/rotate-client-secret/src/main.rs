//! `POST /fhir/R4/ClientApplication/{id}/$rotate-secret`: give an application a new secret, or drop the one that is retiring.

use app::routes::ROTATE_SECRET;
use app::{Answer, Ask, Error, Function, Reply};
use operations::rotate_secret;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&ROTATE_SECRET, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("id").parse().ok();
    let rotation = ask
        .call
        .object()
        .and_then(|body| Ok(rotate_secret::parse(&body)?));
    let wish = ask.wish(rotation);
    let look = |tenant, claimant| rotate_secret::look(ask.means, tenant, claimant, (id, wish));
    let (caller, seen) = ask.admit(look).await?;
    let application = rotate_secret::rotate_secret(ask.means, &caller, seen).await?;
    Ok(Reply::resource(&application, ask.call.view()))
}
