//! Search the resources of a project by type (contract: search). What has an index is answered by it; everything else is a bounded read
//! with a cursor.

mod audit;
mod fence;
mod include;
mod page;
mod places;
mod rows;
mod walk;

use domain::{Claimant, Failure, PROJECT, PROJECT_MEMBERSHIP, Refusal, USER};
use fhir::search::Query;
use store::{RowRange, Shelf, Tenant};

use crate::audit_event::AUDIT_EVENT;
use crate::read_resource::{is_protected, seen, unknown_type};
use crate::{Means, list_members};

pub(crate) use fence::{asks_for, check, settle};
pub(crate) use include::included;
pub use page::Listing;
pub(crate) use page::{Matches, cut_out, too_many_to_sort};
pub(crate) use rows::{by_range, filtered, sorted};
pub(crate) use walk::{Way, along};

/// What is asked of resources of `kind`.
///
/// # Errors
/// A fault for an unknown type; one for every parameter that is wrong.
pub fn read(kind: &str, pairs: &[(String, String)]) -> Result<Query, Failure> {
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    Ok(domain::search(kind, pairs)?)
}

/// The project that the parameters of a search name: it leads super admins there.
pub fn project_named(pairs: &[(String, String)]) -> Option<&str> {
    const NAMES: [&str; 3] = [
        "project",
        "_project",
        "_has:ProjectMembership:profile:project",
    ];
    let named = |name: &&str| pairs.iter().find(|(of, _)| of == name);
    let (_, value) = NAMES.iter().find_map(named)?;
    Some(value)
}

/// The resources of one type, or some of them.
#[derive(Clone, Copy, Debug)]
struct Library<'a> {
    means: Means<'a>,
    tenant: Tenant<'a>,
    /// Whether the reader is a super admin, for whom projects and users stand above the fences.
    all_seeing: bool,
}

/// Reads a page, beside the authorisation.
///
/// # Errors
/// [`Refusal::Forbidden`] for a protected type; the faults of the query; a fault naming `_sort` when there is too much to sort;
/// [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    query: Result<Query, Failure>,
) -> Result<Listing, Failure> {
    let mut query = query?;
    if is_protected(means, &query.kind, &claimant) {
        return Err(Refusal::Forbidden.into());
    }
    if query.kind == PROJECT_MEMBERSHIP {
        return list_members::look(means, tenant, Ok(query)).await;
    }
    check(&query)?;
    let library = Library {
        means,
        tenant,
        all_seeing: claimant.project() == means.keys.super_project(),
    };
    let matches = library.matches(&mut query).await?;
    let included = included(means, tenant, &query, &matches.resources).await?;
    let shown = matches.resources.into_iter();
    Ok(Listing {
        matches: shown
            .map(|resource| seen(means, library.all_seeing, resource))
            .collect::<Result<_, _>>()?,
        included,
        next: matches.next,
        total: matches.total,
        by_counters: matches.by_counters,
        query,
    })
}

impl Library<'_> {
    async fn matches(self, query: &mut Query) -> Result<Matches, Failure> {
        if !(self.all_seeing && query.kind == PROJECT) {
            if !asks_for(query, self.tenant.project(), &["_project"]) {
                return Ok(cut_out(query, Vec::new()));
            }
            settle(query, &["_project"]);
        }
        if query.kind == AUDIT_EVENT {
            return audit::look(self.means, self.tenant, query).await;
        }
        if let Some(matches) = self.by_membership(query).await? {
            return Ok(matches);
        }
        if let Some(keys) = self.places(query).await? {
            return self.at(query, &keys).await;
        }
        match self.shelves(query) {
            Some(shelves) => self.on_shelves(query, &shelves).await,
            None => self.in_range(query).await,
        }
    }

    /// The shelves of types whose rows lie scattered over the table; other types are one range of it.
    fn shelves(self, query: &Query) -> Option<Vec<Shelf>> {
        match query.kind.as_str() {
            PROJECT => Some(vec![self.means.store.project_shelf()]),
            USER if self.is_above_projects(query) => {
                Some(vec![self.means.store.server_user_shelf()])
            }
            USER => Some(vec![self.tenant.user_shelf()]),
            _ => None,
        }
    }

    /// Whether a super admin means users who belong to no project: he named none.
    fn is_above_projects(self, query: &Query) -> bool {
        self.all_seeing
            && self.tenant.project() == self.means.keys.super_project()
            && query.filter("project").is_none_or(is_none)
    }

    async fn on_shelves(self, query: &Query, shelves: &[Shelf]) -> Result<Matches, Failure> {
        let way = match Way::of(query, |_| false) {
            Some(way) => way,
            None if query.sort.is_empty() => Way::through(query),
            None => return self.sorted_from(query, shelves).await,
        };
        along(self.means, self.tenant, query, (shelves, &way)).await
    }

    /// Reads everything there is and sorts it, if it is not too much.
    async fn sorted_from(self, query: &Query, shelves: &[Shelf]) -> Result<Matches, Failure> {
        let mut whole = query.clone();
        (whole.sort, whole.offset, whole.count) = (Vec::new(), 0, page::MOST_READ);
        let way = Way::through(&whole);
        let all = along(self.means, self.tenant, &whole, (shelves, &way)).await?;
        match all.next {
            fhir::search::Next::None => Ok(cut_out(query, all.resources)),
            _ => Err(too_many_to_sort(&resources(query))),
        }
    }

    async fn in_range(self, query: &Query) -> Result<Matches, Failure> {
        let Self { means, tenant, .. } = self;
        let ranges = [RowRange::Type(query.kind.clone())];
        let shelves = [tenant.shelf(&query.kind)];
        let way = Way::of(query, |_| false);
        if let Some(way) = way.as_ref().filter(|way| !way.needs_rows) {
            return along(means, tenant, query, (&shelves, way)).await;
        }
        if !query.sort.is_empty() {
            return match (sorted(tenant, query, &ranges).await?, &way) {
                (Some(matches), _) => Ok(matches),
                (None, Some(way)) => along(means, tenant, query, (&shelves, way)).await,
                (None, None) => Err(too_many_to_sort(&resources(query))),
            };
        }
        match way {
            Some(way) => along(means, tenant, query, (&shelves, &way)).await,
            None if query.filters.is_empty() => self.whole_range(query, &ranges, &shelves).await,
            None => filtered(means, tenant, query, &ranges).await,
        }
    }

    async fn whole_range(
        self,
        query: &Query,
        ranges: &[RowRange],
        shelves: &[Shelf],
    ) -> Result<Matches, Failure> {
        let page = by_range(self.means, self.tenant, query, ranges);
        let (page, total) = tokio::join!(page, self.total(query, ranges, shelves));
        Ok(Matches {
            total: total?,
            ..page?
        })
    }

    /// Counted in the table while it is one page of it, above that in the index, which may be a moment behind.
    async fn total(
        self,
        query: &Query,
        ranges: &[RowRange],
        shelves: &[Shelf],
    ) -> Result<Option<u64>, Failure> {
        if !query.wants_total() {
            return Ok(None);
        }
        match self.tenant.count_rows(ranges, 1).await? {
            Some(total) => Ok(Some(total)),
            None => walk::tally(self.means, shelves).await,
        }
    }
}

fn is_none(filter: &fhir::search::Filter) -> bool {
    filter.modifier == fhir::search::Modifier::Missing(true)
}

fn resources(query: &Query) -> String {
    format!("resources of type {}", query.kind)
}
