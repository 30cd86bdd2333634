//! Pages of rows in the order of the table.

use domain::Failure;
use fhir::Resource;
use fhir::search::{Next, Query};
use store::{Cut, RowPage, RowRange, Tenant};

use super::Eyes;
use super::page::{self, LAST_OFFSET, MOST_READ, Matches};
use crate::Means;

/// Where an earlier page of rows stopped.
///
/// # Errors
/// A fault of the cursor.
pub(crate) fn start(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
) -> Result<Option<Cut>, Failure> {
    page::start(means, tenant, query, |position| {
        let (range, after) = position.split_once(' ')?;
        Some(Cut {
            range: range.parse().ok()?,
            after: after.to_owned(),
        })
    })
}

fn cursor(means: Means<'_>, tenant: Tenant<'_>, query: &Query, cut: &Cut) -> Next {
    let position = format!("{} {}", cut.range, cut.after);
    page::cursor(means, tenant, query, &position)
}

/// The page is a piece of one or more ranges: it reads what it returns, and one row more to know whether there is a next page. The
/// total is somebody else's business.
///
/// # Errors
/// A fault of the cursor, [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn by_range(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    ranges: &[RowRange],
) -> Result<Matches, Failure> {
    let start = start(means, tenant, query)?;
    if query.count == 0 {
        return Ok(Matches::default());
    }
    let wanted = page::wanted(query);
    let read = tenant.page_of_rows(ranges, wanted + 1, start).await?;
    let more = read.resources.len() > wanted;
    let next = match read.cuts.get(wanted - 1).filter(|_| more) {
        None => Next::None,
        Some(_) if query.cursor.is_none() && wanted <= LAST_OFFSET => Next::Offset,
        Some(cut) => cursor(means, tenant, query, cut),
    };
    Ok(Matches {
        resources: page::on_page(query, read.resources).collect(),
        next,
        ..Matches::default()
    })
}

/// No index answers the filters, or rules have a say: rows are read and held against them, a thousand at most and a little more. A list
/// that does not end with the first of them is gone on with along the index of subjects, where the filters or the rules name any: a small one
/// is read as it stands in the table this moment, and a large one costs what is found.
///
/// # Errors
/// A fault of the cursor, [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn filtered(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (ranges, eyes): (&[RowRange], &Eyes),
) -> Result<Matches, Failure> {
    let mut start = start(means, tenant, query)?;
    let mut matches = Vec::new();
    let mut most = most_at_first(query);
    let (mut left, mut about) = (MOST_READ, Vec::new());
    loop {
        let read = match about.as_slice() {
            [] => tenant.page_of_rows(ranges, most, start).await?,
            shelves => tenant.page_about(shelves, most, start).await?,
        };
        left = left.saturating_sub(most);
        let end = Reached::of(&read);
        let rows = read.resources.into_iter().zip(read.cuts);
        matches.extend(eyes.see(means, query, rows).await?);
        let enough = matches.len() > page::wanted(query) || left == 0;
        if enough || end.is_end() {
            return Ok(chosen(means, tenant, query, (matches, end)));
        }
        start = end.last;
        // A page's worth is looked for along the index once, then everything that is left: nobody waits for many small steps.
        let is_first = about.is_empty();
        about = eyes.shelves(tenant, query);
        most = match (about.is_empty(), is_first) {
            (true, _) => MOST_READ,
            (false, true) => most_along(query).min(left),
            (false, false) => left,
        };
    }
}

/// Where nothing but rules holds rows back, most are probably let through: a few pages at once fill one. Where there is an index, a few rows
/// tell whether it is needed.
fn most_at_first(query: &Query) -> usize {
    let few = query.filters.is_empty() || query.subjects().is_some();
    match few && !query.wants_total() {
        true => most_along(query),
        false => MOST_READ,
    }
}

fn most_along(query: &Query) -> usize {
    (page::wanted(query) * 4).clamp(100, MOST_READ)
}

/// How far a bounded read came.
pub(crate) struct Reached {
    last: Option<Cut>,
    more: bool,
}

impl Reached {
    pub(crate) fn of(read: &RowPage) -> Self {
        Self {
            last: read.cuts.last().cloned(),
            more: read.more,
        }
    }

    /// Whether everything was read.
    pub(crate) fn is_end(&self) -> bool {
        !self.more
    }
}

/// The page among matches that were found within a bounded read.
pub(crate) fn chosen(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (matches, end): (Vec<(Resource, Cut)>, Reached),
) -> Matches {
    let wanted = page::wanted(query);
    let total = (query.wants_total() && !end.more && query.cursor.is_none())
        .then_some(matches.len() as u64);
    let next = match matches.get(wanted.saturating_sub(1)) {
        _ if query.count == 0 => Next::None,
        Some((_, cut)) if matches.len() > wanted => cursor(means, tenant, query, cut),
        _ => match end.last.filter(|_| end.more) {
            Some(cut) => cursor(means, tenant, query, &cut),
            None => Next::None,
        },
    };
    let resources = page::on_page(query, matches).map(|(resource, _)| resource);
    Matches {
        resources: resources.collect(),
        next,
        total,
        by_counters: false,
    }
}

/// The order is that of the request: all matches are read, a thousand rows at most. `None` when there are more.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn sorted(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (ranges, eyes): (&[RowRange], &Eyes),
) -> Result<Option<Matches>, Failure> {
    let mut read = tenant.page_of_rows(ranges, MOST_READ, None).await?;
    if read.more {
        let shelves = eyes.shelves(tenant, query);
        if shelves.is_empty() {
            return Ok(None);
        }
        read = tenant.page_about(&shelves, MOST_READ, None).await?;
    }
    if read.more {
        return Ok(None);
    }
    let rows = read.resources.into_iter().map(|it| (it, ()));
    let seen = eyes.see(means, query, rows).await?;
    let resources = seen.into_iter().map(|it| it.0).collect();
    Ok(Some(page::cut_out(query, resources)))
}
