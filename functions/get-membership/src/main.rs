//! `GET /admin/projects/{projectId}/members/{membershipId}`: read a membership.

use app::routes::GET_MEMBERSHIP;
use app::{Answer, Ask, Error, Function, Reply};
use operations::get_membership;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&GET_MEMBERSHIP, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let (_, membership) = ask
        .admit(|tenant, _| get_membership::look(tenant, id))
        .await?;
    Ok(Reply::json(membership.to_json(ask.call.view())))
}
