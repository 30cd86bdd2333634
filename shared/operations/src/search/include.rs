//! What a search brings along: the resources that matches refer to, and the memberships that point to them.

use domain::access::{Interaction, Rights};
use domain::{Failure, ProfileRef, USER, UserId};
use fhir::search::Query;
use fhir::{Reference, Resource};
use store::{Key, Tenant};

use crate::Means;
use crate::create_client;
use crate::linked::Neighbour;

/// What `_include` and `_revinclude` ask for, in this project and its neighbours. What is of another project, not there, or not for whoever has these rights, is silently left out.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn included(
    means: Means<'_>,
    (tenant, neighbours): (Tenant<'_>, &[Neighbour<'_>]),
    (query, matches): (&Query, &[Resource]),
    rights: Option<&Rights>,
) -> Result<Vec<Resource>, Failure> {
    let references = query
        .include
        .iter()
        .flat_map(|include| matches.iter().flat_map(|found| include.references(found)));
    let places = |reference: Reference| -> Vec<Key> {
        let kind = reference.kind();
        if kind == USER {
            let id = reference.id().map(UserId::new);
            return id.map(Key::User).into_iter().collect();
        }
        let beside = neighbours.iter().filter(|it| it.project.exports(kind));
        let tenants = std::iter::once(tenant).chain(beside.map(|it| it.tenant));
        tenants
            .filter_map(|it| it.referenced_key(&reference))
            .collect()
    };
    let mut keys: Vec<Key> = references.flat_map(places).collect();
    keys.extend(pointing(tenant, query, matches).await?);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    keys.sort_by_key(|key| (key.pk(), key.sk()));
    keys.dedup();
    let mut found = tenant.read(&keys).await?;
    let mut resources = Vec::new();
    for key in &keys {
        let resource = means.store.resource_at(&mut found, key)?;
        let resource = resource.filter(|it| is_within(it, (tenant, neighbours)));
        let resource = resource.map(create_client::without_secrets);
        resources.extend(resource.and_then(|it| match rights {
            Some(rights) => rights.shown(it, Interaction::Read),
            None => Some(it),
        }));
    }
    Ok(resources)
}

fn is_within(resource: &Resource, (tenant, neighbours): (Tenant<'_>, &[Neighbour<'_>])) -> bool {
    let of = |tenant: Tenant<'_>| resource.meta.project == Some(tenant.project().uuid());
    of(tenant)
        || neighbours
            .iter()
            .any(|it| it.project.exports(&resource.kind) && of(it.tenant))
}

/// The memberships that point to matches, if they were asked for.
async fn pointing(
    tenant: Tenant<'_>,
    query: &Query,
    matches: &[Resource],
) -> Result<Vec<Key>, Failure> {
    if query.revinclude.is_empty() {
        return Ok(Vec::new());
    }
    let profiles = matches.iter().filter_map(|found| {
        Some(ProfileRef {
            kind: found.kind.parse().ok()?,
            id: found.id,
        })
    });
    tenant.memberships_with_any(profiles.collect()).await
}
