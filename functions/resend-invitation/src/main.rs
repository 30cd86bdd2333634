//! `POST …/members/{membershipId}/invitation/resend`: send an invitation's letter again; the older link is dead.

use app::routes::RESEND_INVITATION;
use app::{Answer, Ask, Error, Function, Reply};
use operations::invitations;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&RESEND_INVITATION, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let (caller, member) = ask.admit(|tenant, _| invitations::look(tenant, id)).await?;
    Ok(Reply::json(
        invitations::resend(ask.means, &caller, &member).await?,
    ))
}
