//! The record of who did what, read backwards day by day.

use domain::{Failure, PROJECT, Timestamp};
use uuid::Uuid;

use crate::audit::{Event, first_after, moment};
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row::{self, SK};
use crate::tenant::Tenant;
use crate::together::together;

/// A piece of one day, newest first.
#[derive(Debug, Default)]
pub struct Trail {
    /// Events with their ids, which tell their order.
    pub events: Vec<(Uuid, Event)>,
    /// Where the day goes on: before this event. `None` when the day is read.
    pub before: Option<Uuid>,
}

impl Tenant<'_> {
    /// The newest events of a day (`yyyymmdd`) before an event; at least `share` of them, at most sixteen times as many. One round
    /// trip: the sixteen partitions of the day are read at once.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn events_of(
        &self,
        day: &str,
        before: Option<Uuid>,
        share: usize,
    ) -> Result<Trail, Failure> {
        let ranges: Vec<Range> = keys::audit_day(self.project, day)
            .into_iter()
            .map(|partition| Range::below(partition, before.map(|id| id.to_string())).backwards())
            .collect();
        let reads = ranges
            .iter()
            .map(|range| self.store.page(range, share, None));
        let mut trail = Trail::default();
        for page in together(reads.collect()).await {
            let page = page?;
            let ids = page
                .items
                .iter()
                .filter_map(|item| row::text(item, SK).parse().ok());
            let ids: Vec<Uuid> = ids.collect();
            // Older events than this one may be missing, because this partition has more of them.
            trail.before = trail.before.max(page.next.and(ids.last().copied()));
            for (id, item) in ids.into_iter().zip(page.items) {
                trail.events.push((id, row::read("an audit event", item)?));
            }
        }
        trail
            .events
            .retain(|(id, _)| trail.before.is_none_or(|horizon| *id >= horizon));
        trail
            .events
            .sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        Ok(trail)
    }

    /// The newest events of a day that were recorded no later than `until`; otherwise as [`Tenant::events_of`].
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn events_until(&self, until: Timestamp, share: usize) -> Result<Trail, Failure> {
        let before = Some(first_after(until));
        self.events_of(&until.day(), before, share).await
    }

    /// When the project was made: the time of its first version. Nothing was recorded before.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn founded(&self) -> Result<Option<Timestamp>, Failure> {
        let past = self.past(PROJECT, self.project.uuid());
        let first = Key::Version(past, Uuid::nil());
        let versions = Range::prefix(first.pk(), keys::VERSIONS);
        let (first, current) =
            tokio::join!(self.store.page(&versions, 1, None), self.read_any_project());
        let first = first?.items.first().and_then(|item| {
            let version = row::text(item, SK).strip_prefix(keys::VERSIONS)?;
            version.parse().ok()
        });
        let current = current?.map(|(project, _)| project.resource().meta.version);
        Ok(first.or(current).and_then(moment))
    }
}
