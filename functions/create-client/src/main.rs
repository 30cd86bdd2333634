//! `POST /admin/projects/{projectId}/client`: create an application with its secret.

use app::routes::CREATE_CLIENT;
use app::{Answer, Ask, Error, Function, Reply};
use operations::create_client::{self, NewApplication};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&CREATE_CLIENT, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(NewApplication::parse(&body)?));
    let wish = ask.once().and_then(|once| Ok((request?, once)));
    let (caller, seen) = ask
        .admit(|tenant, claimant| create_client::look(ask.means, tenant, claimant, wish))
        .await?;
    let client = create_client::create_client(ask.means, &caller, seen).await?;
    Ok(Reply::json(client.to_json(ask.call.view())).status(201))
}
