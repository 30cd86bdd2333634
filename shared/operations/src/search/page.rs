//! One page of a search: what is on it, and where the next one begins.

use domain::{Failure, Fault};
use fhir::Resource;
use fhir::search::{Next, Query};
use store::Tenant;

use crate::Means;

/// A list whose filters no index answers reads at most this many rows for one page, and sorts at most as many.
pub(crate) const MOST_READ: usize = 1_000;
/// Pages are numbered by offset up to here; beyond, the link to the next page is a cursor.
pub(crate) const LAST_OFFSET: usize = 10_000;

/// The resources of a page take at most about so many bytes: Lambda hands on six megabytes, in which every quotation mark is escaped,
/// and what is included comes on top.
const LONGEST: usize = 3_000_000;

/// A page of a search.
#[derive(Debug)]
pub struct Listing {
    /// The matches, in order.
    pub matches: Vec<Resource>,
    /// What `_include` and `_revinclude` add.
    pub included: Vec<Resource>,
    /// How the list goes on.
    pub next: Next,
    /// How many there are in all, if that was asked for and is known.
    pub total: Option<u64>,
    /// Whether the total is that of the counters, which follow within moments, and not counted now.
    pub by_counters: bool,
    /// What was asked.
    pub query: Query,
}

/// The matches on a page.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) resources: Vec<Resource>,
    pub(crate) next: Next,
    pub(crate) total: Option<u64>,
    pub(crate) by_counters: bool,
}

impl Matches {
    /// Whether nothing is left to find, nor to count if that was asked.
    pub(super) fn is_whole(&self, query: &Query) -> bool {
        self.next == Next::None && query.count > 0 && (self.total.is_some() || !query.wants_total())
    }
}

impl Matches {
    /// How many of them an answer holds, when it does not hold all; one always fits.
    pub(crate) fn that_fit(&self) -> Option<usize> {
        let mut length = 0;
        let beyond = self.resources.iter().position(|resource| {
            length += resource.length();
            length > LONGEST
        });
        beyond
            .map(|at| at.max(1))
            .filter(|count| *count < self.resources.len())
    }
}

/// The matches up to the end of a page, and the first beyond it.
pub(crate) fn wanted(query: &Query) -> usize {
    query.offset + query.count
}

/// The context of a cursor: it opens only for the same project and the same question.
fn context(tenant: Tenant<'_>, query: &Query) -> String {
    let mut question = query.clone();
    question.cursor = None;
    question.offset = 0;
    let url = question
        .links("", 0, &Next::None)
        .into_iter()
        .next()
        .map(|link| link.url);
    format!("{}\n{}", tenant.project(), url.unwrap_or_default())
}

/// Where an earlier page stopped, read by `read`; nothing when this is the first page.
///
/// # Errors
/// A fault when the cursor is not one that this server made for this question.
pub(crate) fn start<T>(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let Some(cursor) = &query.cursor else {
        return Ok(None);
    };
    let opened = means.keys.open_cursor(&context(tenant, query), cursor);
    let position = opened.as_deref().and_then(read);
    position
        .map(Some)
        .ok_or_else(|| Fault::invalid("_cursor", "Invalid cursor").into())
}

/// A link to what comes after `position`.
pub(crate) fn cursor(means: Means<'_>, tenant: Tenant<'_>, query: &Query, position: &str) -> Next {
    let context = context(tenant, query);
    Next::Cursor(means.keys.seal_cursor(&context, position, &means.dice))
}

/// Sorts what is there in full, and cuts the page out of it.
pub(crate) fn cut_out(query: &Query, mut resources: Vec<Resource>) -> Matches {
    resources.retain(|resource| query.matches(resource));
    resources.sort_by(|one, other| query.compare(one, other));
    let all = resources.len();
    let resources: Vec<Resource> = on_page(query, resources).collect();
    let more = query.count > 0 && query.offset + resources.len() < all;
    Matches {
        resources,
        next: if more { Next::Offset } else { Next::None },
        total: query.wants_total().then_some(all as u64),
        by_counters: false,
    }
}

/// Those of all matches that are on the page.
pub(crate) fn on_page<T>(query: &Query, all: Vec<T>) -> impl Iterator<Item = T> {
    all.into_iter().skip(query.offset).take(query.count)
}

/// The refusal of an order that no index keeps, of more than can be sorted at once.
pub(crate) fn too_many_to_sort(what: &str) -> Failure {
    let words = format!("Sorting is limited to {MOST_READ} {what}; use a filter");
    Fault::invalid("_sort", words).into()
}
