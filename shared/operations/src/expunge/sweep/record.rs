//! What was deleted before the project was: only the record, and graves, lead to what is left of it.

use std::collections::HashSet;

use domain::{Failure, MembershipId, PROJECT_MEMBERSHIP, Timestamp, UserId};
use store::{Action, Counts, Key, Partition, Tenant, Version};
use uuid::Uuid;

use super::{DAY, PAGE, Stage, Sweep, add, credentials, forget};
use crate::Means;
use crate::change::user_of;

/// How many events of each of a day's sixteen shards.
const SHARE: usize = 20;
/// How many days without an event are passed in one step.
const DAYS: usize = 30;

/// What graves lead to, and then the graves.
pub(super) async fn graves(
    means: Means<'_>,
    tenant: Tenant<'_>,
    state: &mut Sweep,
) -> Result<(), Failure> {
    let graves = tenant.graves(PAGE, None).await?.rows;
    if graves.is_empty() {
        state.go_to(Stage::Record);
        return Ok(());
    }
    let buried = graves.iter().map(|past| (past.kind.clone(), past.id));
    behind(means, tenant, buried.collect()).await?;
    let graves: Vec<Key> = graves.into_iter().map(Key::Grave).collect();
    means.store.erase(&graves).await
}

/// A day of the record: what was deleted has a past although it is no more, and every deletion is told. What was there until the end
/// took its past along.
pub(super) async fn record(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    for _ in 0..DAYS {
        // One day more than today: clocks differ.
        if state.day > means.now.as_millis() + DAY {
            state.go_to(Stage::Rest);
            return Ok(());
        }
        let day = Timestamp::from_millis(state.day).day();
        let events = tenant.events_of(&day, None, SHARE).await?.events;
        if events.is_empty() {
            state.day += DAY;
            continue;
        }
        let deleted = events.iter().map(|(_, event)| event);
        let deleted = deleted.filter(|event| event.action == Action::Delete);
        let deleted = deleted.filter_map(|event| event.what.as_ref());
        let deleted: HashSet<_> = deleted
            .filter_map(|what| Some((what.kind().to_owned(), what.id()?)))
            .collect();
        behind(means, tenant, deleted.into_iter().collect()).await?;
        let keys: Vec<Key> = events
            .iter()
            .map(|(id, _)| Key::Audit(tenant.project(), day.clone(), *id))
            .collect();
        means.store.erase(&keys).await?;
        add(counts, "AuditEvent", keys.len());
        return Ok(());
    }
    Ok(())
}

/// Those of these users who are no members any more.
async fn departed(tenant: Tenant<'_>, users: Vec<UserId>) -> Result<Vec<UserId>, Failure> {
    let edge = |user: &UserId| Key::Edge(*user, tenant.project());
    let edges: Vec<Key> = users.iter().map(edge).collect();
    let found = tenant.read(&edges).await?;
    let gone = users
        .into_iter()
        .filter(|user| !tenant.has(&found, &edge(user)));
    let gone: HashSet<UserId> = gone.collect();
    Ok(gone.into_iter().collect())
}

/// Deletes what is left of what was deleted. A membership leads to its user by the last version of its past, which therefore goes last.
pub(in crate::expunge) async fn behind(
    means: Means<'_>,
    tenant: Tenant<'_>,
    deleted: Vec<(String, Uuid)>,
) -> Result<(), Failure> {
    let members = deleted
        .iter()
        .filter(|(kind, _)| kind == PROJECT_MEMBERSHIP);
    let members: Vec<Uuid> = members.map(|(_, id)| *id).collect();
    let mut users = Vec::new();
    for id in &members {
        let (last, _) = tenant.past_versions(PROJECT_MEMBERSHIP, *id, 1).await?;
        users.extend(last.iter().filter_map(|version| match version {
            Version::Was(resource) => user_of(resource),
            Version::Gone(_) => None,
        }));
    }
    let users = departed(tenant, users).await?;
    forget(means, tenant, &users).await?;
    let marks = members.into_iter().map(MembershipId::new);
    let marks = marks.map(|id| Partition::Mark(tenant.project(), id));
    let own = deleted
        .iter()
        .filter_map(|(kind, id)| credentials(kind, *id));
    let pasts = deleted.iter().map(|(kind, id)| tenant.past_of(kind, *id));
    let first: Vec<Partition> = marks.chain(own).collect();
    means.store.empty(&first).await?;
    means.store.empty(&pasts.collect::<Vec<_>>()).await?;
    Ok(())
}
