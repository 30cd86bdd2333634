//! `POST /admin/projects/{projectId}/invite`: invite a person into a project.

use app::routes::INVITE;
use app::{Answer, Ask, Error, Function, Reply};
use domain::Invitation;
use operations::invite;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&INVITE, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(Invitation::parse(&body)?));
    let wish = ask.wish(request);
    let (caller, seen) = ask
        .admit(|tenant, claimant| invite::look(ask.means, tenant, claimant, wish))
        .await?;
    let membership = invite::invite(ask.means, &caller, seen).await?;
    // An invite shows the whole of `meta` whether it was asked for or not, as recorded.
    Ok(Reply::resource(&membership, app::fhir::View::Extended))
}
