//! `POST …/members/{membershipId}/mfa/reset`: take a member's second factor away, when he has lost it.

use app::routes::RESET_SECOND_FACTOR;
use app::{Answer, Ask, Error, Function};
use operations::reset_second_factor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&RESET_SECOND_FACTOR, answer)
        .serve()
        .await
}

async fn answer(ask: Ask) -> Answer {
    let wish = ask.wish(Ok(ask.call.parameter("membershipId").parse().ok()));
    let look = |tenant, claimant| reset_second_factor::look(ask.means, tenant, claimant, wish);
    let (caller, seen) = ask.admit(look).await?;
    reset_second_factor::reset(ask.means, &caller, seen).await?;
    Ok(ask.all_ok())
}
