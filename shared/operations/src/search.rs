//! Search the resources of a project by type (contract: search). What has an index is answered by it; everything else is a bounded read
//! with a cursor.

mod across;
mod audit;
mod eyes;
mod fence;
mod include;
mod library;
mod page;
mod places;
mod rows;
mod walk;

use domain::access::Interaction;
use domain::{Caller, Claimant, Failure, Fault, PROJECT_MEMBERSHIP, Refusal};
use fhir::search::{Chain, Query};
use store::Tenant;

use crate::linked::{self, Neighbour};
use crate::read_resource::unknown_type;
use crate::vault::Vaults;
use crate::{Means, Sight, list_members, rights};
use eyes::Ahead;
use library::Library;

pub(crate) use eyes::Eyes;
pub(crate) use fence::{asks_for, check, settle};
pub(crate) use include::included;
pub use page::Listing;
pub(crate) use page::{MOST_READ, Matches, cut_out, too_many_to_sort};
pub(crate) use rows::{Reached, by_range, chosen, filtered, sorted, start};
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

/// The same, for a table: it says which columns.
///
/// # Errors
/// As [`read`]; a fault when no field is named, as recorded.
pub fn read_for_table(kind: &str, pairs: &[(String, String)]) -> Result<Query, Failure> {
    let query = read(kind, pairs)?;
    match query
        .fields
        .as_ref()
        .is_some_and(|fields| !fields.is_empty())
    {
        true => Ok(query),
        false => Err(Fault::general("Missing _fields parameter").into()),
    }
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

/// Who reads where.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    means: Means<'a>,
    tenant: Tenant<'a>,
    /// Whether it is the reader's own project, or one that it is linked to.
    at_home: bool,
    all_seeing: bool,
}

/// Reads a page of what is in reach: of the project, and of what the projects export that it is linked to.
///
/// # Errors
/// As [`look_at_home`].
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, query): (&str, Result<Query, Failure>),
    sight: Sight,
) -> Result<Listing, Failure> {
    read_page(means, (tenant, claimant), (kind, query), (sight, true)).await
}

/// Reads a page of the project, beside the authorisation as far as one can: who is under no criteria pays for nothing, and for others rows are read
/// ahead and held against their rules.
///
/// # Errors
/// [`Refusal::Forbidden`] for a type that no rule lets the caller search, before the faults of the query; a fault naming `_sort` when
/// there is too much to sort; [`Failure::Unavailable`].
pub(crate) async fn look_at_home(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, query): (&str, Result<Query, Failure>),
    sight: Sight,
) -> Result<Listing, Failure> {
    read_page(means, (tenant, claimant), (kind, query), (sight, false)).await
}

async fn read_page(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, query): (&str, Result<Query, Failure>),
    (mut sight, around): (Sight, bool),
) -> Result<Listing, Failure> {
    if rights::is_protected(means, kind, &claimant) {
        return Err(Refusal::Forbidden.into());
    }
    let all_seeing = claimant.project() == means.keys.super_project();
    let reader = Reader {
        means,
        tenant,
        at_home: true,
        all_seeing,
    };
    let part = Eyes::Of(Box::new(sight.clone()));
    let ahead = match &query {
        Ok(query) if query.kind != PROJECT_MEMBERSHIP => Ahead::of((&claimant, all_seeing), kind),
        _ => Ahead::Nothing,
    };
    let early = match (&query, ahead) {
        (Ok(query), Ahead::All) => Some(reader.page(query, &Eyes::All).await),
        (Ok(query), Ahead::Part) => Some(reader.page(query, &part).await),
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
    // Only memberships of one's own project say something of what one searches.
    if around && query.chains.is_empty() {
        let beside = linked::neighbours(means, &caller).await?;
        if !beside.is_empty() {
            let eyes = if lens.is_open() { Eyes::All } else { part };
            let page = across::page(reader, &beside, (&query, &eyes)).await?;
            return listing(means, (tenant, &beside), page, &caller).await;
        }
    }
    let told = lens.ids().is_some() || lens.hides(&query);
    let page = match (early, ahead, lens.is_open()) {
        (Some(page), Ahead::All, true) => page?,
        (Some(Ok(page)), Ahead::Part, false) if !told => page,
        (Some(Ok(page)), Ahead::Part, _) if page.1.is_whole(&query) && !lens.hides(&query) => page,
        (_, _, true) => reader.page(&query, &Eyes::All).await?,
        (_, _, false) => reader.page(&query, &part).await?,
    };
    listing(means, (tenant, &[]), page, &caller).await
}

/// What a page shows, with what comes along.
async fn listing(
    means: Means<'_>,
    places: (Tenant<'_>, &[Neighbour<'_>]),
    (query, matches): (Query, Matches),
    caller: &Caller,
) -> Result<Listing, Failure> {
    let found = (&query, matches.resources.as_slice());
    let included = included(means, places, found, Some(caller.rights())).await?;
    let rights = caller.rights();
    let mut vaults = Vaults::none(means);
    vaults.learn(rights, matches.resources.iter()).await?;
    let shown = matches.resources.into_iter();
    Ok(Listing {
        matches: shown
            .map(|resource| vaults.revealed(rights, resource))
            .collect::<Result<_, _>>()?,
        included,
        next: matches.next,
        total: matches.total,
        by_counters: matches.by_counters,
        query,
    })
}

/// A condition on a neighbour is for those who may search the neighbours.
pub(crate) fn may_chain(caller: &Caller, query: &Query) -> Result<(), Failure> {
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

impl Reader<'_> {
    /// A page, and the question that it answers: one for fewer resources where those that were asked for do not fit into an answer.
    async fn page(self, query: &Query, eyes: &Eyes) -> Result<(Query, Matches), Failure> {
        check(query)?;
        let Self {
            means,
            tenant,
            at_home,
            all_seeing,
        } = self;
        let mut query = query.clone();
        let library = Library {
            means,
            tenant,
            at_home,
            all_seeing,
            eyes,
        };
        loop {
            let matches = library.matches(&mut query).await?;
            match matches.that_fit() {
                Some(count) => query.count = count,
                None => return Ok((query, matches)),
            }
        }
    }
}
