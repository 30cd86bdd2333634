//! Pages along the indexes of names and of changes: keys first, then the rows that are shown.

use domain::Failure;
use fhir::Resource;
use fhir::search::{Filter, Modifier, Next, ParamKind, Query};
use store::{Bounds, Hit, Hits, Key, Order, Shelf, Tenant, Walk};

use super::Eyes;
use super::page::{self, LAST_OFFSET, MOST_READ, Matches};
use crate::Means;

/// A filter that keys alone can answer looks at this many of them for one page: about a megabyte.
const MOST_KEYS: usize = 5_000;
/// From this many rows a page on, ascending changes are read by cursor, as recorded.
const BY_CURSOR: usize = 20;

/// A way through an index that answers a query, at least in part.
#[derive(Debug)]
pub(crate) struct Way<'q> {
    walk: Walk,
    /// Conditions that the keys alone can answer.
    sieve: Vec<&'q Filter>,
    /// Whether there are conditions that only the rows can answer.
    pub(crate) needs_rows: bool,
}

impl<'q> Way<'q> {
    /// The way that the query's order or its filters ask for. `settled` says which filters are answered by the choice of shelves.
    pub(crate) fn of(query: &'q Query, settled: impl Fn(&Filter) -> bool) -> Option<Self> {
        let (order, descending) = match query.sort.as_slice() {
            [] => (wished(query)?, false),
            [only] => (kept(only.param.code)?, only.descending),
            _ => return None,
        };
        let bounds = bounds(query, order);
        let open = query
            .filters
            .iter()
            .filter(|filter| !(settled(filter) || is_answered(filter, &bounds)));
        let (sieve, rest): (Vec<_>, Vec<_>) = open.partition(|filter| is_on(filter, order));
        let exact =
            |filter: &&Filter| matches!(filter.modifier, Modifier::Plain | Modifier::Contains);
        let needs_rows = !rest.is_empty() || !sieve.iter().all(exact);
        Some(Self {
            walk: Walk {
                order,
                descending,
                bounds,
            },
            sieve,
            needs_rows,
        })
    }

    /// The same shelves from one end to the other, by last change; every filter is held against the rows.
    pub(crate) fn through(query: &Query) -> Self {
        Self {
            walk: Walk {
                order: Order::Updated,
                descending: false,
                bounds: Bounds::All,
            },
            sieve: Vec::new(),
            needs_rows: !query.filters.is_empty(),
        }
    }

    /// The same way for one whose rules have a say: only rows can tell.
    pub(crate) fn seen_by(self, eyes: &Eyes) -> Self {
        let needs_rows = self.needs_rows || eyes.are_of_somebody();
        Self { needs_rows, ..self }
    }

    /// Whether every key on the shelves is a match.
    pub(crate) fn is_straight(&self) -> bool {
        !self.needs_rows && self.sieve.is_empty() && self.walk.bounds == Bounds::All
    }

    fn limit(&self, query: &Query) -> usize {
        let dense = self.sieve.is_empty() || (self.is_dense() && !query.wants_total());
        if self.needs_rows {
            MOST_READ
        } else if dense {
            page::wanted(query) + 1
        } else {
            MOST_KEYS
        }
    }

    /// Whether the bounds leave the sieve next to nothing to hold back: each condition is one span of time.
    fn is_dense(&self) -> bool {
        let spans = |filter: &&Filter| matches!(filter.values.as_slice(), [only] if !only.starts_with("ne"));
        self.walk.order == Order::Updated && self.sieve.iter().all(spans)
    }

    fn lets_through(&self, hit: &Hit) -> bool {
        self.sieve.iter().all(|filter| filter.may_fit(&hit.sort))
    }
}

/// The order that serves the filters, when none is asked for.
fn wished(query: &Query) -> Option<Order> {
    let named = |filter: &Filter| {
        let selective = matches!(
            filter.modifier,
            Modifier::Plain | Modifier::Exact | Modifier::Contains
        );
        is_on(filter, Order::Name) && selective
    };
    if query.filters.iter().any(named) {
        return Some(Order::Name);
    }
    let dated = query.moments(UPDATED) != (None, None);
    dated.then_some(Order::Updated)
}

const NAME: &str = "name";
const UPDATED: &str = "_lastUpdated";

fn kept(code: &str) -> Option<Order> {
    match code {
        NAME => Some(Order::Name),
        UPDATED => Some(Order::Updated),
        _ => None,
    }
}

/// Whether the filter is about what the index is sorted by. An index of names has one name, or all names of a person.
fn is_on(filter: &Filter, order: Order) -> bool {
    kept(filter.param.code) == Some(order) && filter.param.paths.len() == 1
}

/// Whether the filter asks for the beginning of a text, which a bound of the walk answers in full.
fn is_prefix(filter: &Filter) -> bool {
    is_on(filter, Order::Name)
        && filter.param.kind == ParamKind::String
        && filter.modifier == Modifier::Plain
        && filter.values.len() == 1
}

/// Whether the bounds of the walk answer the filter in full.
fn is_answered(filter: &Filter, bounds: &Bounds) -> bool {
    match bounds {
        Bounds::Prefix(_) => is_prefix(filter),
        Bounds::Named => is_on(filter, Order::Name) && is_for_any_name(filter),
        Bounds::All | Bounds::Between(..) => false,
    }
}

/// Whether the filter is met by every name.
fn is_for_any_name(filter: &Filter) -> bool {
    filter.modifier == Modifier::Plain && filter.values.iter().any(|text| text.trim().is_empty())
}

fn bounds(query: &Query, order: Order) -> Bounds {
    if order == Order::Updated {
        return match query.moments(UPDATED) {
            (None, None) => Bounds::All,
            (from, until) => between(from.unwrap_or(0), until.unwrap_or(LAST)),
        };
    }
    let mut names = query.filters.iter().filter(|filter| is_on(filter, order));
    match names.next() {
        None => Bounds::All,
        Some(filter) if names.next().is_none() && is_prefix(filter) => match &filter.values[0] {
            begin if begin.trim().is_empty() => Bounds::Named,
            begin => Bounds::Prefix(begin.clone()),
        },
        Some(filter) => match filter.modifier {
            Modifier::Plain | Modifier::Exact | Modifier::Contains => Bounds::Named,
            _ => Bounds::All,
        },
    }
}

/// The last moment that has a written form, in the year 9999.
const LAST: i64 = 253_402_207_200_000;

/// The table refuses a range that ends before it begins; the filters leave nothing of one that is only a moment.
fn between(from: i64, until: i64) -> Bounds {
    let moment = |millis: i64| domain::Timestamp::from_millis(millis.clamp(0, LAST)).to_string();
    Bounds::Between(moment(from), moment(until.max(from)))
}

/// One page along the way. The total is known only where every key was seen.
///
/// # Errors
/// A fault of the cursor, [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn along(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (shelves, way, eyes): (&[Shelf], &Way<'_>, &Eyes),
) -> Result<Matches, Failure> {
    let start = page::start(means, tenant, query, read_positions)?.unwrap_or_default();
    let (found, counted) = tokio::join!(
        means
            .store
            .walk(shelves, &way.walk, way.limit(query), &start),
        count(means, query, (shelves, way))
    );
    let (found, counted) = (found?, counted?);
    let through = (0..found.hits.len()).filter(|at| way.lets_through(&found.hits[*at]));
    let mut fitting: Vec<usize> = through.collect();
    let resources = if way.needs_rows {
        let rows = rows(means, tenant, query, (&found, &fitting, eyes)).await?;
        fitting.retain(|at| rows.iter().any(|(place, _)| place == at));
        page::on_page(query, rows)
            .map(|(_, resource)| resource)
            .collect()
    } else {
        let shown: Vec<usize> = page::on_page(query, fitting.clone()).collect();
        let rows = rows(means, tenant, query, (&found, &shown, eyes)).await?;
        rows.into_iter().map(|(_, resource)| resource).collect()
    };
    let whole = !found.more && query.cursor.is_none();
    let seen = whole.then_some(fitting.len() as u64);
    Ok(Matches {
        resources,
        next: next(means, tenant, query, (way, &found, &fitting, &start)),
        total: seen.or(counted).filter(|_| query.wants_total()),
        by_counters: false,
    })
}

/// How many keys stand on shelves; `None` when they are too many to count.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(crate) async fn tally(means: Means<'_>, shelves: &[Shelf]) -> Result<Option<u64>, Failure> {
    let all = Walk {
        order: Order::Updated,
        descending: false,
        bounds: Bounds::All,
    };
    means.store.tally(shelves, &all).await
}

/// How many keys there are on the way, if each of them is a match and that was asked.
async fn count(
    means: Means<'_>,
    query: &Query,
    (shelves, way): (&[Shelf], &Way<'_>),
) -> Result<Option<u64>, Failure> {
    if !query.wants_total() || way.needs_rows || !way.sieve.is_empty() {
        return Ok(None);
    }
    means.store.tally(shelves, &way.walk).await
}

/// The rows behind some of the hits, read again from the table, as far as they are there and still match.
async fn rows(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (found, places, eyes): (&Hits, &[usize], &Eyes),
) -> Result<Vec<(usize, Resource)>, Failure> {
    let keys: Vec<(usize, Key)> = places
        .iter()
        .filter_map(|at| Some((*at, found.hits[*at].key()?)))
        .collect();
    let wanted: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
    let mut read = tenant.read(&wanted).await?;
    let mut rows = Vec::with_capacity(keys.len());
    for (at, key) in &keys {
        let resource = means.store.resource_at(&mut read, key)?;
        rows.extend(resource.map(|it| (it, *at)));
    }
    let seen = eyes.see(means, query, rows.into_iter()).await?;
    Ok(seen.into_iter().map(|(it, at)| (at, it)).collect())
}

fn next(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (way, found, fitting, start): (&Way<'_>, &Hits, &[usize], &[Hit]),
) -> Next {
    let wanted = page::wanted(query);
    let beyond = fitting.len() > wanted;
    if query.count == 0 || !(beyond || found.more) {
        return Next::None;
    }
    let by_cursor = way.walk.order == Order::Updated
        && !way.walk.descending
        && !query.sort.is_empty()
        && query.count >= BY_CURSOR;
    let each = way.sieve.is_empty() && !way.needs_rows;
    let whole = beyond && (each || !found.more);
    if query.cursor.is_none() && whole && wanted <= LAST_OFFSET && !by_cursor {
        return Next::Offset;
    }
    let last = match beyond {
        true => fitting[wanted - 1],
        false => found.hits.len().saturating_sub(1),
    };
    let positions = positions(found.hits.get(..=last).unwrap_or_default(), start);
    page::cursor(means, tenant, query, &positions)
}

/// The last key seen on each shelf, as text.
fn positions(seen: &[Hit], start: &[Hit]) -> String {
    let mut last: Vec<&Hit> = start.iter().collect();
    for hit in seen.iter().rev() {
        match last.iter_mut().find(|it| it.shelf == hit.shelf) {
            Some(earlier) if start.contains(earlier) => *earlier = hit,
            Some(_) => {}
            None => last.push(hit),
        }
    }
    let texts: Vec<(usize, [&str; 3])> = last.iter().map(|it| (it.shelf, it.position())).collect();
    serde_json::to_string(&texts).unwrap_or_default()
}

fn read_positions(text: &str) -> Option<Vec<Hit>> {
    let texts: Vec<(usize, [String; 3])> = serde_json::from_str(text).ok()?;
    let hits = texts.into_iter();
    Some(hits.map(|(shelf, text)| Hit::read(text, shelf)).collect())
}
