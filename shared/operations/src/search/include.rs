//! What a search brings along: the resources that matches refer to, and the memberships that point to them.

use domain::access::{Interaction, Rights};
use domain::{Failure, ProfileRef, USER, UserId};
use fhir::Resource;
use fhir::search::Query;
use store::{Key, Tenant};

use crate::Means;
use crate::create_client;

/// What `_include` and `_revinclude` ask for. What is not of this project, not there, or not for whoever has these rights, is silently left out.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn included(
    means: Means<'_>,
    tenant: Tenant<'_>,
    query: &Query,
    matches: &[Resource],
    rights: Option<&Rights>,
) -> Result<Vec<Resource>, Failure> {
    let references = query
        .include
        .iter()
        .flat_map(|include| matches.iter().flat_map(|found| include.references(found)));
    let mut keys: Vec<Key> = references
        .filter_map(|reference| match reference.kind() {
            USER => Some(Key::User(UserId::new(reference.id()?))),
            _ => tenant.referenced_key(&reference),
        })
        .collect();
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
        let resource = resource.filter(|it| it.meta.project == Some(tenant.project().uuid()));
        let resource = resource.map(create_client::without_secrets);
        resources.extend(resource.and_then(|it| match rights {
            Some(rights) => rights.shown(it, Interaction::Read),
            None => Some(it),
        }));
    }
    Ok(resources)
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
