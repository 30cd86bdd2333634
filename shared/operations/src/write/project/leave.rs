//! A project is deleted, and comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Caller, Failure, Fault, PROJECT, Project, Refusal};
use fhir::{Meta, Resource};
use serde_json::Value;
use store::{Aborted, Action, Tombstone, Transaction};
use uuid::Uuid;

use super::super::{Change, Posted};
use super::{check_privileges, checked, take_lists};
use crate::Means;
use crate::record::changed_fields;

const DAY: u64 = 24 * 60 * 60;

/// Deletes a project: from now on nobody signs in to it, and no token of it works. Its rows stay for as long as it can come back.
pub(in crate::write) async fn close(
    means: Means<'_>,
    caller: &Caller,
    project: &Project,
    seen: Option<Uuid>,
) -> Result<(), Aborted> {
    if !caller.is_super_admin() || project.is_super_admin() {
        return Err(Failure::from(Refusal::Forbidden).into());
    }
    let resource = project.resource();
    if seen.is_some_and(|seen| seen != resource.meta.version) {
        return Err(Failure::from(Refusal::Stale).into());
    }
    let tenant = means.store.of(caller);
    let last = means.next_version(caller.profile(), &resource.meta);
    let event = (Action::Delete, "delete-project");
    let own = project.days_of_grace();
    let own = own.map(|days| Duration::from_secs(days * DAY));
    let until = means.now.plus(own.unwrap_or(means.settings.deletion_grace));
    Transaction::new()
        .steps(tenant.take_leave(project, &last, until))
        .step(tenant.keep_version(resource))
        .step(tenant.bury(PROJECT, resource.id, &last))
        .step(means.event(caller, event, resource, BTreeMap::new()))
        .commit_or_look_again(means.store, means.dice)
        .await
}

/// A deleted project comes back, as a version after its deletion, with everything it had.
pub(in crate::write) async fn reopen(
    means: Means<'_>,
    caller: &Caller,
    posted: &Posted,
    tombstone: &Tombstone,
) -> Result<Resource, Aborted> {
    if !caller.is_super_admin() {
        return Err(Failure::from(Refusal::NotFound).into());
    }
    posted
        .means_version(tombstone.version)
        .map_err(Failure::from)?;
    let tenant = means.store.of(caller);
    let old = tenant.read_leaving_project().await?;
    let (Change::Whole(sent), Some(old)) = (&posted.change, old) else {
        return Err(Failure::from(Refusal::Gone).into());
    };
    let mut sent = sent.clone();
    if !take_lists(&mut sent)?.is_empty() {
        let words = "A project that comes back has the secrets and sites that it had";
        return Err(Failure::from(Fault::structure(PROJECT, words)).into());
    }
    let before = tombstone.meta(old.resource().id);
    let meta = Meta {
        rest: Meta::rest_of(sent.get("meta").unwrap_or(&Value::Null)),
        ..means.next_version(caller.profile(), &before)
    };
    let mut body = checked(old.overwritten_by(sent, true))?;
    // Whose memberships are marked was settled before.
    if let Some(owner) = old.resource().body.get("owner") {
        body.insert("owner".into(), owner.clone());
    }
    let new = Project::from_resource(Resource {
        body,
        meta,
        ..old.resource().clone()
    });
    check_privileges(means, (&old, &new)).await?;
    let fields = changed_fields(&old.resource().body, &new.resource().body);
    let event = (Action::Execute, "restore-project");
    Transaction::new()
        .steps(tenant.come_back(&old, &new))
        .steps(tenant.unbury(PROJECT, new.resource().id, tombstone))
        .step(means.event(caller, event, new.resource(), fields))
        .commit_or_look_again(means.store, means.dice)
        .await?;
    Ok(new.into_resource())
}
