//! `DELETE …/members/{membershipId}/invitation`: take an invitation back, with its membership if `?membership=remove` says so.

use app::routes::REVOKE_INVITATION;
use app::{Answer, Ask, Error, Function};
use operations::invitations::{self, Membership};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&REVOKE_INVITATION, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let fate = Membership::parse(ask.call.query_value("membership"));
    let look = |tenant, _| async move { Ok((invitations::look(tenant, id).await?, fate?)) };
    let (caller, taken_back) = ask.admit(look).await?;
    invitations::revoke(ask.means, &caller, taken_back).await?;
    Ok(ask.all_ok())
}
