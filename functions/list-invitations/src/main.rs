//! `GET /admin/projects/{projectId}/invitations`: which invitations are open, accepted, expired or revoked.

use app::routes::LIST_INVITATIONS;
use app::{Answer, Ask, Error, Function, Reply};
use operations::invitations::{self, Status};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&LIST_INVITATIONS, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let wish = (
        Status::parse(ask.call.query_value("status")),
        ask.call.query_value("_cursor"),
    );
    let (_, page) = ask
        .admit(|tenant, claimant| invitations::look_at_all(ask.means, tenant, claimant, wish))
        .await?;
    Ok(Reply::json(page))
}
