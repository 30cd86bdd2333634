//! `DELETE /fhir/R4/{resourceType}/{id}`, and the same for the resource that a search finds.

use app::{Answer, Ask};
use operations::{conditional, write};

pub(super) async fn answer(ask: Ask) -> Answer {
    let kind = ask.call.parameter("resourceType");
    let wish = ((kind, ask.call.id("id")), ask.call.if_match());
    let (caller, doomed) = ask
        .admit(|tenant, claimant| async move {
            Ok(write::look_for_deletion(ask.means, tenant, claimant, wish).await)
        })
        .await?;
    write::delete(ask.means, &caller, (kind, doomed)).await?;
    Ok(ask.all_ok())
}

pub(super) async fn answer_match(ask: Ask) -> Answer {
    let wanted = (ask.call.parameter("resourceType"), ask.criteria());
    let (caller, found) = ask
        .admit_seeing(ask.destination(), |tenant, _, sight| {
            Box::pin(conditional::look(ask.means, tenant, sight, wanted))
        })
        .await?;
    conditional::delete(ask.means, &caller, found).await?;
    Ok(ask.all_ok())
}
