//! `POST /admin/projects/{projectId}/members/{membershipId}`: promote, demote, deactivate, change policies.

use app::routes::UPDATE_MEMBERSHIP;
use app::{Answer, Ask, Error, Function, Reply};
use operations::update_membership::{self, Posted, Wanted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&UPDATE_MEMBERSHIP, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let id = ask.call.parameter("membershipId").parse().ok();
    let posted = ask.call.object().and_then(|body| {
        Ok(Posted {
            id,
            wanted: Wanted::Whole(body),
            seen: ask.call.if_match()?,
        })
    });
    let wish = ask.wish(posted);
    let (caller, seen) = ask
        .admit(|tenant, claimant| update_membership::look(ask.means, tenant, claimant, wish))
        .await?;
    let membership = update_membership::update_membership(ask.means, &caller, seen).await?;
    Ok(Reply::json(membership.to_json(ask.call.view())))
}
