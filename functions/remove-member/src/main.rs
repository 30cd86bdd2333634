//! `DELETE /admin/projects/{projectId}/members/{membershipId}`: remove a member; user and profile stay.

use app::routes::REMOVE_MEMBER;
use app::{Answer, Ask, Error, Function};
use operations::remove_member;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&REMOVE_MEMBER, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let seen = ask.call.if_match();
    let (caller, leaving) = ask
        .admit(|tenant, _| remove_member::look_for(tenant, id, seen))
        .await?;
    remove_member::remove_member(ask.means, &caller, leaving).await?;
    Ok(ask.all_ok())
}
