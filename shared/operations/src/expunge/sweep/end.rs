//! When nobody can be writing any more, and whether anything is left.

use std::time::Duration;

use domain::{Failure, PROJECT, Timestamp};
use store::{Key, Partition, Tenant, together};

use super::{DAY, PAGE, Stage, Sweep};
use crate::Means;
use crate::jobs::Next;

/// How often everything is gone through again when something was left.
const ROUNDS: u32 = 20;
/// In how many partitions a project's answers to keys stand.
const ANSWERS: usize = 16;

/// How long somebody may still be writing who was let in before the project was closed; `None` when nobody can be any more.
pub(super) fn quiet(means: Means<'_>, state: &Sweep) -> Option<Duration> {
    let quiet = Timestamp::from_millis(state.closed).plus(means.settings.longest_request);
    let wait = quiet.as_millis() - means.now.as_millis();
    let wait = u64::try_from(wait).ok().filter(|wait| *wait > 0);
    wait.map(Duration::from_millis)
}

/// Whether anything is left. If so, everything is gone through again.
pub(super) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    state: &mut Sweep,
) -> Result<Next, Failure> {
    // A job that began before this was waited for at the beginning.
    if let Some(wait) = quiet(means, state) {
        return Ok(Next::Pause(wait));
    }
    if is_empty(means, tenant, state).await? {
        state.go_to(Stage::Itself);
        return Ok(Next::Step);
    }
    state.rounds += 1;
    if state.rounds > ROUNDS {
        return Err(Failure::corrupt(
            "a project",
            "something of it cannot be deleted",
        ));
    }
    state.go_to(Stage::Members);
    state.day = (state.closed - DAY).max(state.founded);
    Ok(Next::Step)
}

/// What belongs to the project itself, besides its row and its settings.
pub(super) fn own(tenant: Tenant<'_>) -> Vec<Partition> {
    let project = tenant.project();
    let answers = (0..ANSWERS).map(|shard| Partition::Answers(project, shard));
    let others = [
        tenant.past_of(PROJECT, project.uuid()),
        Partition::Counters(project),
        Partition::Counts(project),
    ];
    others.into_iter().chain(answers).collect()
}

async fn is_empty(means: Means<'_>, tenant: Tenant<'_>, state: &Sweep) -> Result<bool, Failure> {
    let project = tenant.project();
    let mut partitions = own(tenant);
    partitions.extend([Partition::Invitations(project), Partition::Graves(project)]);
    let (members, resources, users, requests) = tokio::join!(
        tenant.all_members(1, None),
        tenant.all_resources(1, None),
        tenant.all_users(PAGE, None),
        tenant.requests(PAGE, None)
    );
    let requests: Vec<Key> = requests?.rows.into_iter().map(Key::Request).collect();
    let found = means.store.read(&requests).await?;
    let mut empty = members?.rows.is_empty() && resources?.rows.is_empty();
    empty = empty && users?.rows.is_empty() && !requests.iter().any(|key| tenant.has(&found, key));
    let looks = partitions
        .iter()
        .map(|partition| means.store.is_empty(partition));
    for is_empty in together(looks.collect()).await {
        empty = is_empty? && empty;
    }
    let mut day = (state.closed - DAY).max(state.founded);
    while empty && day <= means.now.as_millis() + DAY {
        let name = Timestamp::from_millis(day).day();
        empty = tenant.events_of(&name, None, 1).await?.events.is_empty();
        day += DAY;
    }
    Ok(empty)
}
