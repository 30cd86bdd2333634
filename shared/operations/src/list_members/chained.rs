//! Members by what is true of whom they stand for: `profile:Practitioner.name=…`, `user:User.email=…`.

use std::collections::{BTreeSet, HashSet};

use domain::{Failure, ProfileType, USER, UserId};
use fhir::search::{Chain, Query, SearchParam};
use fhir::{Reference, Resource};
use store::{Cut, Key, Tenant};

use super::plan;
use crate::Means;
use crate::search::{MOST_READ, Matches, Reached, chosen, cut_out, start, too_many_to_sort};

/// The members whose neighbours fit, among a thousand rows and the thousand to which they point. `all_seeing` sees users of every scope,
/// others those of the project.
///
/// # Errors
/// A fault of the cursor, or naming `_sort` when there are too many members to sort; [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(super) async fn by_neighbours(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    (kinds, all_seeing): (Vec<ProfileType>, bool),
) -> Result<Matches, Failure> {
    let ranges = plan::ranges(&pointing(query, kinds));
    let start = start(means, tenant, query)?;
    let read = tenant.page_of_rows(&ranges, MOST_READ, start).await?;
    let end = Reached::of(&read);
    let rows = read.resources.into_iter().zip(read.cuts);
    let mut members: Vec<(Resource, Cut)> = rows.filter(|(it, _)| query.matches(it)).collect();
    for chain in &query.chains {
        let fitting = fitting(means, tenant, chain, (&members, all_seeing)).await?;
        let Chain::Forward { reference, .. } = chain else {
            continue;
        };
        members.retain(|(it, _)| target(it, reference).is_some_and(|it| fitting.contains(&it)));
    }
    if query.sort.is_empty() {
        return Ok(chosen(means, tenant, query, (members, end)));
    }
    match end.is_end() {
        true => Ok(cut_out(query, members.into_iter().map(|it| it.0).collect())),
        false => Err(too_many_to_sort("members")),
    }
}

/// The profile types that can match: a condition on a profile names one.
fn pointing(query: &Query, mut kinds: Vec<ProfileType>) -> Vec<ProfileType> {
    for chain in &query.chains {
        match chain {
            Chain::Forward { target, .. } if target == USER => kinds.retain(|it| it.is_person()),
            Chain::Forward { target, .. } => kinds.retain(|it| it.as_str() == target),
            Chain::Reverse { .. } => kinds.clear(),
        }
    }
    kinds
}

/// The references, among those of these members, to what the chain lets through.
async fn fitting(
    means: Means<'_>,
    tenant: Tenant<'_>,
    chain: &Chain,
    (members, all_seeing): (&[(Resource, Cut)], bool),
) -> Result<HashSet<String>, Failure> {
    let mut fitting = HashSet::new();
    let Chain::Forward {
        reference, filter, ..
    } = chain
    else {
        return Ok(fitting);
    };
    let targets: BTreeSet<String> = members
        .iter()
        .filter_map(|(it, _)| target(it, reference))
        .collect();
    let keyed = targets
        .into_iter()
        .filter_map(|it| Some((key(tenant, &it)?, it)));
    let keyed: Vec<(Key, String)> = keyed.collect();
    let keys: Vec<Key> = keyed.iter().map(|(key, _)| key.clone()).collect();
    let mut found = tenant.read(&keys).await?;
    let own = Some(tenant.project().uuid());
    for (key, target) in keyed {
        let neighbour = means.store.resource_at(&mut found, &key)?;
        let neighbour = neighbour.filter(|it| all_seeing || it.meta.project == own);
        if neighbour.is_some_and(|it| filter.matches(&it)) {
            fitting.insert(target);
        }
    }
    Ok(fitting)
}

fn target(member: &Resource, param: &SearchParam) -> Option<String> {
    let field = member.body.get(param.code)?;
    field.get("reference")?.as_str().map(str::to_owned)
}

fn key(tenant: Tenant<'_>, target: &str) -> Option<Key> {
    let reference = Reference::to(target);
    match reference.kind() {
        USER => reference.id().map(|id| Key::User(UserId::new(id))),
        _ => tenant.referenced_key(&reference),
    }
}
