//! List the members of a project (seed guide, "Searching for Project Members"; contract: search).

mod plan;

use domain::{Email, Failure, Fault, Membership, PROJECT_MEMBERSHIP, Scope, UserId};
use fhir::Resource;
use fhir::search::{Next, Query};
use store::{Cut, Key, Member, MemberRange, Tenant};

use crate::Means;
use plan::Plan;

/// A list whose filters no index answers reads at most this many rows for one page, and sorts at most as many.
const MOST_READ: usize = 1_000;
/// Pages are numbered by offset up to here; beyond, the link to the next page is a cursor.
const LAST_OFFSET: usize = 10_000;

/// A page of a list.
#[derive(Debug)]
pub struct Listing {
    /// The matches, in order.
    pub members: Vec<Resource>,
    /// What `_include` adds.
    pub included: Vec<Resource>,
    /// How the list goes on.
    pub next: Next,
    /// How many there are in all, if that was asked for.
    pub total: Option<u64>,
    /// What was asked.
    pub query: Query,
}

/// Reads a page, beside the authorisation.
///
/// # Errors
/// The faults of the query; a fault naming `_sort` when there are too many members to sort; [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: Result<Query, Failure>,
) -> Result<Listing, Failure> {
    let mut query = query?;
    plan::check(&query)?;
    let plan = Plan::of(&query, tenant.project());
    plan::settle(&mut query);
    let matches = match plan {
        Plan::Nothing => cut_out(&query, Vec::new()),
        Plan::Ranges(ranges) if query.sort.is_empty() && plan::is_answered_by_ranges(&query) => {
            by_range(means, tenant, &query, &ranges).await?
        }
        Plan::Ranges(ranges) if query.sort.is_empty() => {
            filtered(means, tenant, &query, &ranges).await?
        }
        Plan::Ranges(ranges) => sorted(tenant, &query, &ranges).await?,
        plan => by_place(means, tenant, &query, plan).await?,
    };
    let members: Vec<Resource> = matches.members;
    let included = included(tenant, &query, &members).await?;
    Ok(Listing {
        members,
        included,
        next: matches.next,
        total: matches.total,
        query,
    })
}

#[derive(Default)]
struct Matches {
    members: Vec<Resource>,
    next: Next,
    total: Option<u64>,
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

fn start(means: Means<'_>, tenant: Tenant<'_>, query: &Query) -> Result<Option<Cut>, Failure> {
    let Some(cursor) = &query.cursor else {
        return Ok(None);
    };
    let opened = means.keys.open_cursor(&context(tenant, query), cursor);
    let cut = opened
        .as_deref()
        .and_then(|position| position.split_once(' '));
    let cut = cut.and_then(|(range, after)| {
        Some(Cut {
            range: range.parse().ok()?,
            after: after.to_owned(),
        })
    });
    cut.map(Some)
        .ok_or_else(|| Fault::invalid("_cursor", "Invalid cursor").into())
}

fn cursor(means: Means<'_>, tenant: Tenant<'_>, query: &Query, cut: &Cut) -> Next {
    let position = format!("{} {}", cut.range, cut.after);
    Next::Cursor(
        means
            .keys
            .seal_cursor(&context(tenant, query), &position, &means.dice),
    )
}

/// The page is a piece of one or more ranges: it reads what it returns, and one row more to know whether there is a next page.
async fn by_range(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    ranges: &[MemberRange],
) -> Result<Matches, Failure> {
    let start = start(means, tenant, query)?;
    let wanted = query.offset + query.count;
    let page = async {
        if query.count == 0 {
            return Ok(store::MemberPage::default());
        }
        tenant.page_of_members(ranges, wanted + 1, start).await
    };
    let (page, total) = tokio::join!(page, total(tenant, query, ranges));
    let page = page?;
    let more = page.members.len() > wanted;
    let next = match page.cuts.get(wanted.saturating_sub(1)).filter(|_| more) {
        None => Next::None,
        Some(_) if query.cursor.is_none() && wanted <= LAST_OFFSET => Next::Offset,
        Some(cut) => cursor(means, tenant, query, cut),
    };
    let members = page
        .members
        .into_iter()
        .skip(query.offset)
        .take(query.count)
        .map(resource)
        .collect();
    Ok(Matches {
        members,
        next,
        total: total?,
    })
}

async fn total(
    tenant: Tenant<'_>,
    query: &Query,
    ranges: &[MemberRange],
) -> Result<Option<u64>, Failure> {
    if !query.wants_total() {
        return Ok(None);
    }
    let total = tenant.count_members_in(ranges).await?;
    Ok(u64::try_from(total).ok())
}

/// No index answers the filters: rows are read and held against them, a thousand at most.
async fn filtered(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    ranges: &[MemberRange],
) -> Result<Matches, Failure> {
    let page = tenant
        .page_of_members(ranges, MOST_READ, start(means, tenant, query)?)
        .await?;
    let last = page.cuts.last().cloned();
    let rows = page.members.into_iter().zip(page.cuts);
    let mut matches: Vec<(Member, Cut)> = rows
        .filter(|(member, _)| query.matches(member.membership.resource()))
        .collect();
    let total = (query.wants_total() && !page.more && query.cursor.is_none())
        .then_some(matches.len() as u64);
    let wanted = query.offset + query.count;
    let next = match matches.get(wanted.saturating_sub(1)) {
        Some((_, cut)) if matches.len() > wanted && query.count > 0 => {
            cursor(means, tenant, query, cut)
        }
        _ => match last.filter(|_| page.more) {
            Some(cut) => cursor(means, tenant, query, &cut),
            None => Next::None,
        },
    };
    let members = matches
        .drain(..)
        .skip(query.offset)
        .take(query.count)
        .map(|(member, _)| resource(member));
    Ok(Matches {
        members: members.collect(),
        next,
        total,
    })
}

/// The order is that of the request: all matches are read, a thousand rows at most.
async fn sorted(
    tenant: Tenant<'_>,
    query: &Query,
    ranges: &[MemberRange],
) -> Result<Matches, Failure> {
    let page = tenant.page_of_members(ranges, MOST_READ, None).await?;
    if page.more {
        let words = format!("Sorting is limited to {MOST_READ} members; use a filter");
        return Err(Fault::invalid("_sort", words).into());
    }
    let members = page.members.into_iter().map(resource).collect();
    Ok(cut_out(query, members))
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
        Plan::User(user) => tenant.memberships_of(user).await?,
        Plan::Profile(profile) => tenant.memberships_with(profile).await?,
        Plan::ExternalId(id) => {
            let guard = tenant.external_id_guard(means.blind_external_id(&id));
            tenant
                .membership_behind(&guard)
                .await?
                .into_iter()
                .collect()
        }
        Plan::UserName(name) => {
            let guard = tenant.user_name_guard(means.blind_user_name(&name));
            tenant
                .membership_behind(&guard)
                .await?
                .into_iter()
                .collect()
        }
        Plan::Address(email) => places_by_address(means, tenant, &email).await?,
        Plan::Nothing | Plan::Ranges(_) => Vec::new(),
    };
    let mut found = tenant.read(&places).await?;
    let mut members = tenant.members(&mut found, &places)?;
    members.retain(|member| query.matches(member.membership.resource()));
    Ok(cut_out(query, members.into_iter().map(resource).collect()))
}

/// The memberships of the users who have an address: of the one above all projects, and of the one inside this project. Where
/// there is no such user the same rows are asked for, so that the time of an answer does not tell who is registered elsewhere.
async fn places_by_address(
    means: Means<'_>,
    tenant: Tenant<'_>,
    email: &Email,
) -> Result<Vec<Key>, Failure> {
    let blind = means.blind_email(email);
    let scopes = [Scope::Server, Scope::Project(tenant.project())];
    let guards = scopes.map(|scope| Key::EmailGuard(scope, blind.clone()));
    let mut found = tenant.read(&guards).await?;
    let mut users = Vec::with_capacity(guards.len());
    for guard in &guards {
        let holder = means.store.holder(&mut found, guard)?;
        users.push(holder.map_or_else(|| UserId::new(uuid::Uuid::nil()), |holder| holder.user));
    }
    let (one, other) = tokio::join!(
        tenant.memberships_of(users[0]),
        tenant.memberships_of(users[1])
    );
    Ok([one?, other?].concat())
}

/// Sorts what is there in full, and cuts the page out of it.
fn cut_out(query: &Query, mut members: Vec<Resource>) -> Matches {
    members.retain(|member| query.matches(member));
    members.sort_by(|one, other| query.compare(one, other));
    let all = members.len();
    let members: Vec<Resource> = members
        .into_iter()
        .skip(query.offset)
        .take(query.count)
        .collect();
    let more = query.count > 0 && query.offset + members.len() < all;
    Matches {
        members,
        next: if more { Next::Offset } else { Next::None },
        total: query.wants_total().then_some(all as u64),
    }
}

/// The resources of this project that `_include` names; others are silently left out.
async fn included(
    tenant: Tenant<'_>,
    query: &Query,
    members: &[Resource],
) -> Result<Vec<Resource>, Failure> {
    let references = query
        .include
        .iter()
        .flat_map(|include| members.iter().flat_map(|m| include.references(m)));
    let mut keys: Vec<Key> = references
        .filter_map(|reference| tenant.referenced_key(&reference))
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    keys.sort_by_key(Key::sk);
    keys.dedup();
    let mut found = tenant.read(&keys).await?;
    let mut resources = Vec::new();
    for key in &keys {
        resources.extend(
            tenant
                .stored(&mut found, key)?
                .map(|stored| stored.resource),
        );
    }
    Ok(resources)
}

fn resource(member: Member) -> Resource {
    let membership: Membership = member.membership;
    debug_assert_eq!(membership.resource().kind, PROJECT_MEMBERSHIP);
    membership.into_resource()
}
