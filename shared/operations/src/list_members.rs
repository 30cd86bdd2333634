//! List the members of a project (seed guide, "Searching for Project Members"; contract: search).

mod chained;
mod plan;

use domain::access::Interaction;
use domain::{Failure, ProfileType};
use fhir::Resource;
use fhir::search::Query;
use store::{Key, Shelf, Tenant};

use crate::search::{
    Eyes, Listing, Matches, Way, along, by_range, check, cut_out, filtered, included, may_chain,
    settle, sorted, too_many_to_sort,
};
use crate::{Means, Sight};
use chained::by_neighbours;
use plan::Plan;

/// Reads a page, beside the authorisation.
///
/// # Errors
/// The faults of the query; a fault naming `_sort` when there are too many members to sort; [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: Result<Query, Failure>,
    mut sight: Sight,
) -> Result<Listing, Failure> {
    let all_seeing = sight.claimant().project() == means.keys.super_project();
    let (query, matches) = page(means, tenant, (query?, all_seeing)).await?;
    let caller = sight.caller().await?;
    may_chain(&caller, &query)?;
    let lens = caller.rights().must(&query.kind, Interaction::Search)?;
    // Only a server administrator can be under criteria here.
    let total = matches.total.filter(|_| lens.is_open());
    let shown = matches
        .resources
        .into_iter()
        .filter_map(|it| lens.shown(it));
    let shown: Vec<Resource> = shown.collect();
    let included = included(
        means,
        (tenant, &[]),
        (&query, &shown),
        Some(caller.rights()),
    )
    .await?;
    Ok(Listing {
        matches: shown,
        included,
        next: matches.next,
        total,
        by_counters: matches.by_counters,
        query,
    })
}

/// The same for somebody who may see everything.
///
/// # Errors
/// As [`look`].
pub(crate) async fn list(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: Query,
) -> Result<Listing, Failure> {
    let (query, matches) = page(means, tenant, (query, true)).await?;
    let included = included(means, (tenant, &[]), (&query, &matches.resources), None).await?;
    Ok(Listing {
        matches: matches.resources,
        included,
        next: matches.next,
        total: matches.total,
        by_counters: matches.by_counters,
        query,
    })
}

async fn page(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (mut query, all_seeing): (Query, bool),
) -> Result<(Query, Matches), Failure> {
    check(&query)?;
    let plan = Plan::of(&query, tenant.project());
    settle(&mut query, &plan::OF_PROJECT);
    loop {
        let matches = match plan.clone() {
            Plan::Nothing => cut_out(&query, Vec::new()),
            _ if !query.chains.is_empty() => {
                let wanted = (plan::types(&query), all_seeing);
                by_neighbours(means, tenant, &query, wanted).await?
            }
            Plan::Kinds(kinds) => of_kinds(means, tenant, &query, &kinds).await?,
            plan => by_place(means, tenant, &query, plan).await?,
        };
        match matches.that_fit() {
            Some(count) => query.count = count,
            None => return Ok((query, matches)),
        }
    }
}

/// The members with some types of profile: by an index, if the order or the filters are of one; else row by row.
async fn of_kinds(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    kinds: &[ProfileType],
) -> Result<Matches, Failure> {
    let ranges = plan::ranges(kinds);
    let way = Way::of(query, plan::is_settled);
    let shelves: Vec<Shelf> = kinds.iter().map(|it| tenant.member_shelf(*it)).collect();
    if let Some(way) = way.as_ref().filter(|way| !way.needs_rows) {
        return match way.is_straight() {
            true => straight(means, tenant, query, (kinds, &shelves, way)).await,
            false => along(means, tenant, query, (&shelves, way, &Eyes::All)).await,
        };
    }
    if !query.sort.is_empty() {
        return match (
            sorted(means, tenant, query, (&ranges, &Eyes::All)).await?,
            &way,
        ) {
            (Some(matches), _) => Ok(matches),
            (None, Some(way)) => along(means, tenant, query, (&shelves, way, &Eyes::All)).await,
            (None, None) => Err(too_many_to_sort("members")),
        };
    }
    match way {
        Some(way) => along(means, tenant, query, (&shelves, &way, &Eyes::All)).await,
        None if query.filters.iter().all(plan::is_settled) => {
            whole(means, tenant, query, kinds).await
        }
        None => filtered(means, tenant, query, (&ranges, &Eyes::All)).await,
    }
}

/// All members with these types of profile, in the order of an index.
async fn straight(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (kinds, shelves, way): (&[ProfileType], &[Shelf], &Way<'_>),
) -> Result<Matches, Failure> {
    let mut uncounted = query.clone();
    uncounted.total = None;
    let page = along(means, tenant, &uncounted, (shelves, way, &Eyes::All));
    let (page, total) = tokio::join!(page, total(tenant, query, kinds));
    Ok(with_total(page?, total?))
}

/// The ranges answer the question alone: no filter is left to hold rows against.
async fn whole(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    kinds: &[ProfileType],
) -> Result<Matches, Failure> {
    let ranges = plan::ranges(kinds);
    let page = by_range(means, tenant, query, &ranges);
    let (page, total) = tokio::join!(page, total(tenant, query, kinds));
    Ok(with_total(page?, total?))
}

fn with_total(page: Matches, total: Option<Total>) -> Matches {
    Matches {
        total: total.map(|total| total.members),
        by_counters: total.is_some_and(|total| total.by_counters),
        ..page
    }
}

/// How many members there are.
#[derive(Clone, Copy)]
struct Total {
    members: u64,
    by_counters: bool,
}

/// Counted while each range is one page of the table; above that, what the counters say.
async fn total(
    tenant: Tenant<'_>,
    query: &Query,
    kinds: &[ProfileType],
) -> Result<Option<Total>, Failure> {
    if !query.wants_total() {
        return Ok(None);
    }
    let ranges = plan::ranges(kinds);
    let (counted, kept) = tokio::join!(tenant.count_rows(&ranges, 1), tenant.counted(kinds));
    let (counted, kept) = (counted?, kept?);
    Ok(Some(Total {
        members: counted.unwrap_or(kept),
        by_counters: counted.is_none(),
    }))
}

/// The request names the members by something that leads to their places.
async fn by_place(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    plan: Plan,
) -> Result<Matches, Failure> {
    let places: Vec<Key> = match plan {
        Plan::Ids(ids) => ids
            .into_iter()
            .flat_map(|id| tenant.places_of(id))
            .collect(),
        Plan::User(user) => tenant.memberships_of(&[user]).await?,
        Plan::Profile(profile) => tenant.memberships_with(profile).await?,
        Plan::Address(email) => {
            let holders = tenant.holders_of(&means.blind_email(&email)).await?;
            tenant.memberships_of(&holders).await?
        }
        Plan::ExternalId(id) => {
            let guard = tenant.external_id_guard(means.blind_external_id(&id));
            let place = tenant.membership_behind(&guard).await?;
            place.into_iter().collect()
        }
        Plan::UserName(name) => {
            let guard = tenant.user_name_guard(means.blind_user_name(&name));
            let place = tenant.membership_behind(&guard).await?;
            place.into_iter().collect()
        }
        Plan::Nothing | Plan::Kinds(_) => Vec::new(),
    };
    let mut found = tenant.read(&places).await?;
    let members = tenant.members(&mut found, &places)?;
    let resources = members.into_iter().map(|it| it.membership.into_resource());
    Ok(cut_out(query, resources.collect::<Vec<Resource>>()))
}
