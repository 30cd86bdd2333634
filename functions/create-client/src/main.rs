//! `POST /admin/projects/{projectId}/client`: create an application with its secret.

use app::routes::CREATE_CLIENT;
use app::{Answer, Ask, Error, Function, Reply};
use operations::{create_client, program};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&CREATE_CLIENT, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(create_client::parse(&body)?));
    let wish = ask.wish(request);
    let (caller, seen) = ask
        .admit(|tenant, claimant| program::look(ask.means, tenant, claimant, wish))
        .await?;
    let client = create_client::create_client(ask.means, &caller, seen).await?;
    Ok(Reply::json(client.to_json(ask.call.view())).status(201))
}
