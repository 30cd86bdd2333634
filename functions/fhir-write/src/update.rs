//! `PUT` and `PATCH /fhir/R4/{resourceType}/{id}`, and the same for the resource that a search finds.

use app::{Answer, Ask};
use domain::Failure;
use operations::Destination;
use operations::conditional;
use operations::write::{self, Change};

pub(super) async fn whole(ask: Ask) -> Answer {
    let (change, destination) = ask.whole();
    change_it(ask, destination, change).await
}

pub(super) async fn patch(ask: Ask) -> Answer {
    let change = ask.call.patch().map(Change::Patch);
    change_it(ask, Destination::Home, change).await
}

async fn change_it(ask: Ask, to: Destination, change: Result<Change, Failure>) -> Answer {
    let posted = ask.posted(change);
    let (caller, seen) = ask
        .admit_seeing(to, |tenant, _, sight| async move {
            Ok(write::look(ask.means, tenant, sight, posted).await)
        })
        .await?;
    let written = write::update(ask.means, &caller, (ask.kind(), seen)).await?;
    Ok(ask.written(&written))
}

pub(super) async fn whole_match(ask: Ask) -> Answer {
    let (change, destination) = ask.whole();
    change_match(ask, destination, change).await
}

pub(super) async fn patch_match(ask: Ask) -> Answer {
    let change = ask.call.patch().map(Change::Patch);
    change_match(ask, Destination::Home, change).await
}

async fn change_match(ask: Ask, to: Destination, change: Result<Change, Failure>) -> Answer {
    let wanted = (ask.call.parameter("resourceType"), ask.criteria());
    let (caller, found) = ask
        .admit_seeing(to, |tenant, _, sight| {
            Box::pin(conditional::look(ask.means, tenant, sight, wanted))
        })
        .await?;
    let written = conditional::update(ask.means, &caller, (found, change)).await?;
    Ok(ask.written(&written))
}
