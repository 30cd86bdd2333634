//! The counters of members, held against the members. The stream keeps them; what it never brought is made good here.

use domain::{Failure, MembershipId, PROJECT_MEMBERSHIP, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Action, Counts, Tally, Tenant};
use uuid::Uuid;

use super::tour::Tour;
use crate::Means;

const DAY: i64 = 86_400_000;
/// How many days of a record are looked through in one step.
const DAYS: usize = 10;
/// How many events of each of a day's sixteen shards, and how many graves, are read at once.
const SHARE: usize = 25;

/// Where the work goes on.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Recount {
    tour: Tour,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    here: Option<Here>,
}

#[derive(Serialize, Deserialize)]
struct Here {
    project: Uuid,
    stage: Stage,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
enum Stage {
    /// Those who are there.
    Present { after: Option<String>, tally: Tally },
    /// The counters say more than there are: who is gone, and when the record was purged.
    Graves { after: Option<String> },
    /// Who is gone, by the record of a day, before an event of it.
    Record { day: i64, before: Option<Uuid> },
}

impl Recount {
    /// Does one piece of work; `false` when there was none left.
    pub(super) async fn goes_on(
        &mut self,
        means: Means<'_>,
        counts: &mut Counts,
    ) -> Result<bool, Failure> {
        let Some(here) = self.here.take() else {
            let Some(project) = self.tour.next(means).await? else {
                return Ok(false);
            };
            *counts.entry(domain::PROJECT.to_owned()).or_default() += 1;
            let stage = Stage::Present {
                after: None,
                tally: Tally::new(),
            };
            let project = project.uuid();
            self.here = Some(Here { project, stage });
            return Ok(true);
        };
        let tenant = means.store.founding(ProjectId::new(here.project));
        let stage = match here.stage {
            Stage::Present { after, tally } => {
                present(means, tenant, (after, tally), counts).await?
            }
            Stage::Graves { after } => Some(graves(means, tenant, after).await?),
            Stage::Record { day, before } => record(means, tenant, (day, before)).await?,
        };
        let project = here.project;
        self.here = stage.map(|stage| Here { project, stage });
        Ok(true)
    }
}

async fn present(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (after, mut tally): (Option<String>, Tally),
    counts: &mut Counts,
) -> Result<Option<Stage>, Failure> {
    let seen = (after.as_deref(), &mut tally);
    let next = tenant.count_present(seen, (means.now, means.dice)).await?;
    if next.is_some() {
        return Ok(Some(Stage::Present { after: next, tally }));
    }
    let members = tally.values().sum::<i64>();
    *counts.entry(PROJECT_MEMBERSHIP.to_owned()).or_default() += members.unsigned_abs();
    // They differ for a moment, too, while the stream is on its way: then the look at who is gone finds nothing.
    let agree = tenant.counters().await? == tally;
    Ok((!agree).then_some(Stage::Graves { after: None }))
}

async fn graves(
    means: Means<'_>,
    tenant: Tenant<'_>,
    after: Option<String>,
) -> Result<Stage, Failure> {
    let part = tenant.graves(SHARE, after.as_deref()).await?;
    let members = part.rows.iter().filter(|it| it.kind == PROJECT_MEMBERSHIP);
    let ids: Vec<_> = members.map(|it| MembershipId::new(it.id)).collect();
    tenant.count_gone(&ids, (means.now, means.dice)).await?;
    if part.next.is_some() {
        return Ok(Stage::Graves { after: part.next });
    }
    let founded = tenant.founded().await?.unwrap_or(means.now);
    Ok(Stage::Record {
        day: founded.as_millis(),
        before: None,
    })
}

async fn record(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (mut day, mut before): (i64, Option<Uuid>),
) -> Result<Option<Stage>, Failure> {
    for _ in 0..DAYS {
        // One day more than today: clocks differ.
        if day > means.now.as_millis() + DAY {
            return Ok(None);
        }
        let name = Timestamp::from_millis(day).day();
        let trail = tenant.events_of(&name, before, SHARE).await?;
        let ended = trail.events.iter().map(|(_, event)| event);
        let ended = ended.filter(|event| event.action == Action::Delete);
        let ended = ended.filter_map(|event| event.what.as_ref());
        let members = ended.filter(|what| what.kind() == PROJECT_MEMBERSHIP);
        let ids: Vec<_> = members
            .filter_map(|it| it.id().map(MembershipId::new))
            .collect();
        tenant.count_gone(&ids, (means.now, means.dice)).await?;
        before = trail.before;
        if before.is_none() {
            day += DAY;
        }
    }
    Ok(Some(Stage::Record { day, before }))
}
