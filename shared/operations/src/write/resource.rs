//! Resources that are nothing but resources of their project: profiles, policies, applications, clinical data.

use domain::access::Interaction;
use domain::{Caller, Failure, Refusal};
use fhir::{Meta, Resource};
use serde_json::{Map, Value};
use store::{Aborted, Action, Step, Stored, Tombstone, Transaction};

use super::target::{Target, is_ordinary};
use super::{Posted, application, new_references};
use crate::create_client::CLIENT_APPLICATION;
use crate::create_resource::{self, check_definition, without_envelope};
use crate::invite::{index_steps, reindex_steps};
use crate::record::{all_fields, changed_fields};
use crate::resource_cap::must_have_room;
use crate::vault::Vault;
use crate::{Means, accounts, domain_configuration, provider_secrets, realm, rights};

/// Another version of a resource; the same one when nothing changes.
pub(super) async fn rewrite(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
    stored: &Stored,
) -> Result<Resource, Aborted> {
    let old = &stored.resource;
    rights::to_touch(caller, Interaction::Update, old)?;
    posted
        .means_version(old.meta.version)
        .map_err(Failure::from)?;
    let vaults = target.vaults(means);
    let sent = posted.wanted(&rights::before_change(&vaults, caller, old)?)?;
    check(means, caller, (posted, target), (Some(old), &sent)).await?;
    let meta = means.next_version(caller.profile(), &old.meta);
    let meta = Meta {
        on_behalf_of: caller.on_behalf_of(),
        ..meta
    };
    let tenant = means.store.of(caller);
    let vault = target.vault(means, tenant)?;
    let (new, credentials) = next((means, &vault), (old, meta), sent, target)?;
    let project = realm::project(caller, target.realm.as_ref())?;
    let new = project.with_default_profile(new);
    let new = rights::to_update(caller, old, new)?;
    if old.same_content(&new) {
        return Ok(old.clone());
    }
    let fields = changed_fields(&application::told(old), &application::told(&new));
    let event = (Action::Update, "update-resource");
    Transaction::new()
        .steps(tenant.rewrite_resource(old, &new))
        .steps(reindex_steps(means, tenant, old, Some(&new))?)
        .steps(credentials)
        .steps(vault.step(tenant))
        .step(means.event(caller, event, &new, fields))
        .commit_or_look_again(means.store, means.dice)
        .await?;
    Ok(new)
}

/// The version after `old`, and what becomes of an application's credentials.
fn next(
    (means, vault): (Means<'_>, &Vault<'_>),
    (old, meta): (&Resource, Meta),
    mut sent: Map<String, Value>,
    target: &mut Target,
) -> Result<(Resource, Option<Step>), Failure> {
    let rest = Meta::rest_of(sent.get("meta").unwrap_or(&Value::Null));
    let body = without_envelope(&mut sent)?;
    let (body, credentials) = match old.kind.as_str() {
        CLIENT_APPLICATION => application::next(means, (vault, old), body, &mut target.found)?,
        _ => (body, None),
    };
    let mut new = Resource {
        kind: old.kind.clone(),
        id: old.id,
        meta: Meta { rest, ..meta },
        body,
    };
    domain_configuration::settle(means, &mut new)?;
    provider_secrets::seal(vault, &mut new, Some(old))?;
    Ok((new, credentials))
}

/// A resource that was deleted comes back, as a version after its deletion.
pub(super) async fn restore(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
    tombstone: &Tombstone,
) -> Result<Resource, Aborted> {
    let version = tombstone.version;
    posted.means_version(version).map_err(Failure::from)?;
    if !rights::knows_of_deleted(caller, &target.kind) {
        return Err(Failure::from(Refusal::NotFound).into());
    }
    let super::Change::Whole(sent) = &posted.change else {
        return Err(Failure::from(Refusal::Gone).into());
    };
    if !is_ordinary(&target.kind) {
        return Err(Failure::from(Refusal::Gone).into());
    }
    check(means, caller, (posted, target), (None, sent)).await?;
    let before = tombstone.meta(target.project.uuid());
    let meta = means.next_version(caller.profile(), &before);
    let tenant = means.store.of(caller);
    let back = tenant.unbury(&target.kind, target.id, tombstone);
    make(means, caller, (target, sent.clone()), (meta, back)).await
}

/// A resource with an id that a super admin has chosen; nobody else chooses ids.
pub(super) async fn create(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
) -> Result<Resource, Aborted> {
    let missing = || Aborted::from(Failure::from(Refusal::NotFound));
    let super::Change::Whole(sent) = &posted.change else {
        return Err(missing());
    };
    if !(caller.is_super_admin() && is_ordinary(&target.kind) && posted.id.is_some()) {
        return Err(missing());
    }
    if posted.seen.is_some() {
        return Err(Failure::from(Refusal::Stale).into());
    }
    check(means, caller, (posted, target), (None, sent)).await?;
    let meta = means.first_version(caller.profile(), Some(target.project.uuid()));
    make(means, caller, (target, sent.clone()), (meta, Vec::new())).await
}

async fn make(
    means: Means<'_>,
    caller: &Caller,
    (target, sent): (&mut Target, Map<String, Value>),
    (meta, more): (Meta, Vec<Step>),
) -> Result<Resource, Aborted> {
    let tenant = means.store.of(caller);
    let project = realm::project(caller, target.realm.as_ref())?;
    must_have_room(means, tenant, &project).await?;
    let vault = target.vault(means, tenant)?;
    let address = (target.kind.as_str(), target.id);
    let new = create_resource::resource(means, &vault, address, (meta, sent))?;
    let new = project.with_default_profile(new);
    let accounts = accounts::of_patients((tenant, &target.found), &new)?;
    let new = caller.rights().to_create_among(new, &accounts);
    let new = new.map_err(Failure::from)?;
    let event = (Action::Create, "create-resource");
    let row = match more.is_empty() {
        true => tenant.create_resource(&new, 0),
        false => tenant.bring_back_resource(&new),
    };
    Transaction::new()
        .step(row)
        .steps(index_steps(means, tenant, &new)?)
        .steps(more)
        .steps(vault.step(tenant))
        .step(means.event(caller, event, &new, all_fields(&new.body)))
        .commit_or_look_again(means.store, means.dice)
        .await?;
    Ok(new)
}

async fn check(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
    (old, sent): (Option<&Resource>, &Map<String, Value>),
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let project = realm::project(caller, target.realm.as_ref())?;
    check_definition(&posted.kind, sent, &project)?;
    let (references, found) = new_references(tenant, (posted, target), (old, sent)).await?;
    let own = Some(target.id);
    let checked = references
        .check(means, caller, (tenant, &found), (&project, own))
        .await;
    // What else was read is asked for afterwards.
    if posted.is_whole() {
        target.found = found;
    }
    checked
}
