//! `POST …/members/{membershipId}/invitation/resend`: send an invitation's letter again; the older link is dead.

use app::routes::RESEND_INVITATION;
use app::{Answer, Ask, Error, Function, Reply};
use operations::invitations;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&RESEND_INVITATION, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let wish = ask.wish(Ok(ask.call.parameter("membershipId").parse().ok()));
    let look = |tenant, claimant| invitations::look_to_resend(ask.means, tenant, claimant, wish);
    let (caller, again) = ask.admit(look).await?;
    let invitation = invitations::resend(ask.means, &caller, again).await?;
    Ok(Reply::json(invitation))
}
