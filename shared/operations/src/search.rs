//! Search the resources of a project by type (contract: search). What has an index is answered by it; everything else is a bounded read
//! with a cursor.

mod audit;
mod eyes;
mod fence;
mod include;
mod page;
mod places;
mod rows;
mod walk;

use domain::access::Interaction;
use domain::{Caller, Claimant, Failure, PROJECT, PROJECT_MEMBERSHIP, Refusal, USER};
use fhir::search::{Chain, Query};
use store::{RowRange, Shelf, Tenant};

use crate::audit_event::AUDIT_EVENT;
use crate::read_resource::{PROTECTED, revealed, unknown_type};
use crate::{Means, Sight, list_members};
use eyes::Ahead;

pub(crate) use eyes::Eyes;
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
    eyes: &'a Eyes,
}

/// Reads a page, beside the authorisation as far as one can: who is under no criteria pays for nothing, and for others rows are read
/// ahead and held against their rules.
///
/// # Errors
/// [`Refusal::Forbidden`] for a type that no rule lets the caller search, before the faults of the query; a fault naming `_sort` when
/// there is too much to sort; [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, query): (&str, Result<Query, Failure>),
    mut sight: Sight,
) -> Result<Listing, Failure> {
    if PROTECTED.contains(&kind) {
        return Err(Refusal::Forbidden.into());
    }
    let ahead = match &query {
        Ok(query) if query.kind != PROJECT_MEMBERSHIP => Ahead::of(&claimant, kind),
        _ => Ahead::Nothing,
    };
    let read = async |query: &Query, eyes: &Eyes| {
        let all_seeing = claimant.project() == means.keys.super_project();
        let library = Library {
            means,
            tenant,
            all_seeing,
            eyes,
        };
        library.page(query.clone()).await
    };
    let part = Eyes::Of(sight.clone());
    let early = match (&query, ahead) {
        (Ok(query), Ahead::All) => Some(read(query, &Eyes::All).await),
        (Ok(query), Ahead::Part) => Some(read(query, &part).await),
        _ => None,
    };
    let caller = sight.caller().await?;
    if fhir::known(kind) {
        caller.rights().must(kind, Interaction::Search)?;
    }
    let query = query?;
    may_chain(&caller, &query)?;
    if kind == PROJECT_MEMBERSHIP {
        return list_members::look(means, tenant, Ok(query), sight).await;
    }
    let lens = eyes::lens(&caller, kind);
    let found = match (early, ahead, lens.is_open()) {
        (Some(page), Ahead::All, true) => page,
        (Some(Ok(page)), Ahead::Part, false) if lens.ids().is_none() && !lens.hides(&query) => {
            Ok(page)
        }
        (Some(Ok(page)), Ahead::Part, _) if page.1.is_whole(&query) && !lens.hides(&query) => {
            Ok(page)
        }
        (_, _, true) => read(&query, &Eyes::All).await,
        (_, _, false) => read(&query, &part).await,
    };
    let (query, matches) = found?;
    let included = included(
        means,
        tenant,
        &query,
        &matches.resources,
        Some(caller.rights()),
    )
    .await?;
    let shown = matches.resources.into_iter();
    Ok(Listing {
        matches: shown
            .map(|resource| revealed(means, caller.rights(), resource))
            .collect::<Result<_, _>>()?,
        included,
        next: matches.next,
        total: matches.total,
        by_counters: matches.by_counters,
        query,
    })
}

/// A condition on a neighbour is for those who may search the neighbours.
fn may_chain(caller: &Caller, query: &Query) -> Result<(), Failure> {
    for chain in &query.chains {
        let neighbour = match chain {
            Chain::Forward { target, .. } => target,
            Chain::Reverse { source, .. } => source,
        };
        if fhir::known(neighbour) && !eyes::lens(caller, neighbour).is_open() {
            return Err(Refusal::Forbidden.into());
        }
    }
    Ok(())
}

impl Library<'_> {
    async fn page(self, mut query: Query) -> Result<(Query, Matches), Failure> {
        check(&query)?;
        let matches = self.matches(&mut query).await?;
        Ok((query, matches))
    }

    async fn matches(self, query: &mut Query) -> Result<Matches, Failure> {
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
            fhir::search::Next::None => Ok(cut_out(query, all.resources)),
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

fn is_none(filter: &fhir::search::Filter) -> bool {
    filter.modifier == fhir::search::Modifier::Missing(true)
}

fn resources(query: &Query) -> String {
    format!("resources of type {}", query.kind)
}
