//! The ways through the resources of one type, the first that fits.

use domain::{Failure, PROJECT, USER};
use fhir::Resource;
use fhir::search::{Filter, Modifier, Next, Query};
use store::{RowRange, Shelf, Tenant};

use super::page::{self, Matches, cut_out, too_many_to_sort};
use super::rows::{by_range, filtered, sorted};
use super::walk::{self, Way, along};
use super::{Eyes, asks_for, audit, settle};
use crate::Means;
use crate::audit_event::AUDIT_EVENT;

/// How many pages of its own are put to what is there for every project.
const MOST_PAGES: usize = 10;

/// The resources of one type, or some of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Library<'a> {
    pub(super) means: Means<'a>,
    pub(super) tenant: Tenant<'a>,
    /// Whether it is the reader's own project: what is there for every project is there once.
    pub(super) at_home: bool,
    /// Whether the reader is a super admin, for whom projects and users stand above the fences.
    pub(super) all_seeing: bool,
    pub(super) eyes: &'a Eyes,
}

impl Library<'_> {
    /// The matches on a page, of what is there for every project and of the project's own.
    pub(super) async fn matches(self, query: &mut Query) -> Result<Matches, Failure> {
        match self.at_home && fhir::library::holds(&query.kind) {
            true => Box::pin(self.with_shared(query)).await,
            false => self.own(query).await,
        }
    }

    /// Projects hardly have definitions and code lists of their own: they are read whole, and put to the others.
    async fn with_shared(self, query: &Query) -> Result<Matches, Failure> {
        let mut whole = query.clone();
        (whole.sort, whole.cursor) = (Vec::new(), None);
        (whole.offset, whole.count) = (0, page::MOST_READ);
        let mut own = Vec::new();
        for page in 1.. {
            let read = Box::pin(self.own(&mut whole)).await?;
            own.extend(read.resources);
            match read.next {
                Next::None => break,
                _ if page == MOST_PAGES => return Err(too_many_to_sort(&resources(query))),
                Next::Offset => whole.offset += page::MOST_READ,
                Next::Cursor(cursor) => whole.cursor = Some(cursor),
            }
        }
        let mut params = query.filters.iter().flat_map(Filter::params);
        let inner = params.any(|param| param.paths.iter().any(|path| path.contains('.')));
        let mut all = fhir::library::all(&query.kind);
        let held_against_rules = self.eyes.are_of_somebody();
        if held_against_rules || inner {
            all = all.into_iter().map(fhir::library::whole).collect();
        }
        if held_against_rules {
            let rows = all.into_iter().map(|it| (it, ()));
            let seen = self.eyes.see(self.means, query, rows).await?;
            all = seen.into_iter().map(|(it, ())| it).collect();
        }
        all.extend(own);
        let mut matches = cut_out(query, all);
        if !held_against_rules {
            matches.resources = matches.resources.into_iter().map(shown_whole).collect();
        }
        Ok(matches)
    }

    async fn own(self, query: &mut Query) -> Result<Matches, Failure> {
        if !(self.all_seeing && query.kind == PROJECT) {
            if !asks_for(query, self.tenant.project(), &["_project"]) {
                return Ok(cut_out(query, Vec::new()));
            }
            settle(query, &["_project"]);
        }
        if query.kind == AUDIT_EVENT {
            return audit::look(self.means, self.tenant, query, self.eyes).await;
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
        let way = match self.way(query) {
            Some(way) => way,
            None if query.sort.is_empty() => Way::through(query),
            None => return self.sorted_from(query, shelves).await,
        };
        let way = way.seen_by(self.eyes);
        along(self.means, self.tenant, query, (shelves, &way, self.eyes)).await
    }

    /// Reads everything there is and sorts it, if it is not too much.
    async fn sorted_from(self, query: &Query, shelves: &[Shelf]) -> Result<Matches, Failure> {
        let mut whole = query.clone();
        (whole.sort, whole.offset, whole.count) = (Vec::new(), 0, page::MOST_READ);
        let way = Way::through(&whole).seen_by(self.eyes);
        let all = along(self.means, self.tenant, &whole, (shelves, &way, self.eyes)).await?;
        match all.next {
            Next::None => Ok(cut_out(query, all.resources)),
            _ => Err(too_many_to_sort(&resources(query))),
        }
    }

    /// A way through an index, unless it could tell what the caller must not see.
    fn way(self, query: &Query) -> Option<Way<'_>> {
        match self.eyes.must_not_follow(query) {
            true => None,
            false => Way::of(query, |_| false).map(|way| way.seen_by(self.eyes)),
        }
    }

    async fn in_range(self, query: &Query) -> Result<Matches, Failure> {
        let Self {
            means,
            tenant,
            eyes,
            ..
        } = self;
        let ranges = [RowRange::Type(query.kind.clone())];
        let shelves = [tenant.shelf(&query.kind)];
        let way = self.way(query);
        if let Some(way) = way.as_ref().filter(|way| !way.needs_rows) {
            return along(means, tenant, query, (&shelves, way, eyes)).await;
        }
        if !query.sort.is_empty() {
            let all = sorted(means, tenant, query, (&ranges, eyes)).await?;
            return match (all, &way) {
                (Some(matches), _) => Ok(matches),
                (None, Some(way)) => along(means, tenant, query, (&shelves, way, eyes)).await,
                (None, None) => Err(too_many_to_sort(&resources(query))),
            };
        }
        let whole = query.filters.is_empty() && !eyes.are_of_somebody();
        match way {
            Some(way) => along(means, tenant, query, (&shelves, &way, eyes)).await,
            None if whole => self.whole_range(query, &ranges, &shelves).await,
            None => filtered(means, tenant, query, (&ranges, eyes)).await,
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

/// Only what nobody has made is not whole yet.
fn shown_whole(resource: Resource) -> Resource {
    match resource.meta.project {
        None => fhir::library::whole(resource),
        Some(_) => resource,
    }
}

fn is_none(filter: &Filter) -> bool {
    filter.modifier == Modifier::Missing(true)
}

fn resources(query: &Query) -> String {
    format!("resources of type {}", query.kind)
}
