//! `POST /admin/projects/{projectId}/invite/batch`: invite many people, each row on its own.

use app::routes::INVITE_BATCH;
use app::{Answer, Ask, Error, Function};
use domain::Invitation;
use operations::invite_batch::{self, MOST, Manner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&INVITE_BATCH, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let manner = Manner::parse(ask.call.query_value("dryRun"));
    let wish = ask.wish(ask.call.rows(&Invitation::COLUMNS, MOST));
    let look = |tenant, claimant| invite_batch::look(ask.means, tenant, claimant, (manner, wish));
    let (caller, seen) = ask.admit(look).await?;
    if seen.is_long() {
        let job = invite_batch::hand_over(ask.means, &caller, (seen, ask.url())).await?;
        return Ok(ask.accepted(job));
    }
    let answers = invite_batch::invite_batch(ask.means, &caller, seen, ask.time_left()).await?;
    Ok(ask.rows(answers))
}
