//! Search the record of who did what: newest first, day by day backwards.

use domain::{Failure, Fault, Timestamp};
use fhir::Resource;
use fhir::search::{Next, Query};
use store::Tenant;
use uuid::Uuid;

use super::Eyes;
use super::page::{self, MOST_READ, Matches};
use crate::Means;
use crate::audit_event::audit_event;

/// A page looks at most at this many days: each costs sixteen queries, all at once.
const MOST_DAYS: usize = 14;
const DAY: i64 = 86_400_000;

/// A place in the record: a day, and the event before which it goes on.
#[derive(Clone, Copy)]
struct Place {
    day: Timestamp,
    before: Option<Uuid>,
}

impl Place {
    fn read(position: &str) -> Option<Self> {
        let (day, before) = position.split_once(' ')?;
        Some(Self {
            day: Timestamp::from_millis(day.parse().ok()?),
            before: before.parse().ok(),
        })
    }

    fn text(self) -> String {
        let before = self.before.map(|id| id.to_string()).unwrap_or_default();
        format!("{} {before}", self.day.as_millis())
    }
}

/// One page of events.
///
/// # Errors
/// A fault for another order than the record's own, [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(super) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    eyes: &Eyes,
) -> Result<Matches, Failure> {
    let filter = query.filters.iter().find(|it| it.param.code == "_id");
    if let Some(filter) = filter.filter(|it| it.modifier == fhir::search::Modifier::Plain) {
        return by_id(means, tenant, query, (&filter.values, eyes)).await;
    }
    check_order(query)?;
    let start = page::start(means, tenant, query, Place::read)?;
    let (from, until) = span(query);
    let newest = until.unwrap_or(means.now).min(means.now);
    let mut reader = Reader {
        means,
        tenant,
        query,
        eyes,
        place: start.unwrap_or(Place {
            day: newest,
            before: None,
        }),
        found: Vec::new(),
        read: 0,
        days: 0,
    };
    let (founded, first) = tokio::join!(tenant.founded(), reader.step());
    first?;
    let oldest = from.max(founded?).unwrap_or(means.now);
    reader.walk(oldest).await?;
    Ok(reader.page(means, oldest, start.is_none()))
}

/// The record has one order: by time, backwards.
fn check_order(query: &Query) -> Result<(), Failure> {
    let natural = |code: &str| matches!(code, "date" | "_lastUpdated");
    let mut keys = query.sort.iter();
    if keys.all(|key| key.descending && natural(key.param.code)) {
        return Ok(());
    }
    let words = "AuditEvent is sorted by -date only";
    Err(Fault::invalid("_sort", words).into())
}

/// The time that the filters leave.
fn span(query: &Query) -> (Option<Timestamp>, Option<Timestamp>) {
    let (by_date, by_update) = (query.moments("date"), query.moments("_lastUpdated"));
    let last = match (by_date.1, by_update.1) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let moment = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    (moment(by_date.0.max(by_update.0)), moment(last))
}

async fn by_id(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (ids, eyes): (&[String], &Eyes),
) -> Result<Matches, Failure> {
    let ids = ids
        .iter()
        .filter_map(|id| id.rsplit('/').next()?.parse().ok());
    let events = tenant.events(&ids.collect::<Vec<Uuid>>()).await?;
    let resources = events
        .into_iter()
        .map(|(id, event)| (audit_event(tenant, id, event), ()));
    let seen = eyes.see(means, query, resources).await?;
    Ok(page::cut_out(
        query,
        seen.into_iter().map(|it| it.0).collect(),
    ))
}

struct Reader<'a> {
    means: Means<'a>,
    tenant: Tenant<'a>,
    query: &'a Query,
    eyes: &'a Eyes,
    /// Where the reading goes on.
    place: Place,
    /// The matches, each with the place after it.
    found: Vec<(Resource, Place)>,
    read: usize,
    days: usize,
}

impl Reader<'_> {
    fn is_over(&self, oldest: Timestamp) -> bool {
        self.place.day.day() < oldest.day()
    }

    async fn walk(&mut self, oldest: Timestamp) -> Result<(), Failure> {
        let wanted = page::wanted(self.query);
        while !self.is_over(oldest)
            && self.found.len() <= wanted
            && self.read < MOST_READ
            && self.days < MOST_DAYS
        {
            self.step().await?;
        }
        Ok(())
    }

    /// Reads a piece of the day.
    async fn step(&mut self) -> Result<(), Failure> {
        let Place { day, before } = self.place;
        // Events are spread evenly over sixteen partitions: twice the share of each is nearly always enough.
        let share = match self.query.filters.is_empty() {
            true => (page::wanted(self.query) / 8).clamp(4, MOST_READ / 16),
            false => MOST_READ / 16,
        };
        let trail = self.tenant.events_of(&day.day(), before, share).await?;
        self.read += trail.events.len();
        let place = |id| Place {
            day,
            before: Some(id),
        };
        let events = trail.events.into_iter();
        let rows = events.map(|(id, event)| (audit_event(self.tenant, id, event), place(id)));
        self.found
            .extend(self.eyes.see(self.means, self.query, rows).await?);
        self.place.before = trail.before;
        if trail.before.is_none() {
            self.place.day = Timestamp::from_millis(day.as_millis() - DAY);
            self.days += 1;
        }
        Ok(())
    }

    fn page(self, means: Means<'_>, oldest: Timestamp, first: bool) -> Matches {
        let over = self.is_over(oldest);
        let wanted = page::wanted(self.query);
        let beyond = self.found.len() > wanted;
        let place = match self.found.get(wanted.saturating_sub(1)) {
            Some((_, place)) if beyond => Some(*place),
            _ => (!over).then_some(self.place),
        };
        let place = place.filter(|_| self.query.count > 0);
        let next = place.map(|place| page::cursor(means, self.tenant, self.query, &place.text()));
        let known = over && first && self.query.wants_total();
        let total = known.then_some(self.found.len() as u64);
        let resources = page::on_page(self.query, self.found).map(|(resource, _)| resource);
        Matches {
            resources: resources.collect(),
            next: next.unwrap_or(Next::None),
            total,
            by_counters: false,
        }
    }
}
