//! Read one resource of a project by type and id.

use domain::access::{Interaction, Rights};
use domain::{
    Claimant, Failure, Fault, MembershipId, PROJECT, PROJECT_MEMBERSHIP, ProjectId, Refusal, USER,
    User, UserId,
};
use fhir::Resource;
use store::{Existence, Tenant};
use uuid::Uuid;

use crate::audit_event::{AUDIT_EVENT, audit_event};
use crate::provider_secrets::may_name_provider;
use crate::vault::Vaults;
use crate::{Means, Sight, linked, rights};

/// The resource as the caller sees it, read beside the authorisation.
///
/// # Errors
/// A fault for an unknown type; [`Refusal::Forbidden`] for one that no rule lets the caller read, whatever the id; [`Refusal::NotFound`]
/// for an unknown, foreign or malformed id alike, and for a resource that the rules do not let him read; [`Refusal::Gone`]. What a
/// linked project exports is not foreign.
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, id): (&str, &str),
    mut sight: Sight,
) -> Result<Resource, Failure> {
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    if rights::is_protected(means, kind, &claimant) {
        return Err(Refusal::Forbidden.into());
    }
    // A malformed id costs the same read as an unknown one.
    let wanted = domain::MembershipId::new(Uuid::nil());
    let id = id.parse::<MembershipId>().unwrap_or(wanted).uuid();
    let found = anywhere(means, (tenant, claimant), (kind, id));
    let (found, vaults) = tokio::join!(found, own_vault(means, tenant, kind));
    let caller = sight.caller().await?;
    let lens = caller.rights().must(kind, Interaction::Read)?;
    match found {
        Ok(resource) => {
            let (rights, mut vaults) = (caller.rights(), vaults?);
            vaults.learn(rights, std::iter::once(&resource)).await?;
            let resource = vaults.revealed(rights, resource)?;
            lens.shown(resource).ok_or_else(not_found)
        }
        Err(Failure::Refused(Refusal::NotFound)) => {
            let beside = linked::find(means, &caller, (kind, id)).await?;
            beside.ok_or_else(not_found)
        }
        // Nobody can say whether it was for him.
        Err(Failure::Refused(Refusal::Gone)) if !lens.is_open() => Err(not_found()),
        Err(failure) => Err(failure),
    }
}

/// The key to what is sealed in resources of the type, if any may be, in the project to which the credentials lead.
async fn own_vault<'a>(
    means: Means<'a>,
    tenant: Tenant<'_>,
    kind: &str,
) -> Result<Vaults<'a>, Failure> {
    if !may_name_provider(kind) {
        return Ok(Vaults::none(means));
    }
    let mut found = tenant.read(&[tenant.data_key_place()]).await?;
    let key = tenant.data_key_in(&mut found)?;
    Ok(Vaults::knowing(means, tenant.project(), key))
}

async fn anywhere(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    (kind, id): (&str, Uuid),
) -> Result<Resource, Failure> {
    if let Some(shared) = shared(kind, id) {
        return Ok(shared);
    }
    let all_seeing = claimant.project() == means.keys.super_project();
    let tenant = match all_seeing {
        true => whereabouts(means, tenant, (kind, id)).await?,
        false => tenant,
    };
    within(means, tenant, (kind, id), all_seeing).await
}

/// What is there for every project.
fn shared(kind: &str, id: Uuid) -> Option<Resource> {
    let holds = fhir::library::holds(kind);
    holds.then(|| fhir::library::find(kind, id)).flatten()
}

/// Where super admins find a resource: in the project in which it stands. A project stands in itself, also when it is deleted.
pub(crate) async fn whereabouts<'a>(
    means: Means<'a>,
    tenant: Tenant<'a>,
    (kind, id): (&str, Uuid),
) -> Result<Tenant<'a>, Failure> {
    if kind == PROJECT {
        return Ok(means.store.founding(ProjectId::new(id)));
    }
    let project = means.store.whereabouts(id).await?;
    Ok(project.map_or(tenant, |project| means.store.founding(project)))
}

/// The resource of a known type in this very project, as it is stored.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Gone`].
pub(crate) async fn within(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (kind, id): (&str, Uuid),
    all_seeing: bool,
) -> Result<Resource, Failure> {
    match kind {
        PROJECT_MEMBERSHIP => {
            let id = MembershipId::new(id);
            let mut found = tenant.read(&tenant.places_of(id)).await?;
            Ok(tenant.member(&mut found, id)?.membership.into_resource())
        }
        PROJECT => project(tenant, id).await,
        USER => user(means, tenant, id, all_seeing).await,
        AUDIT_EVENT => tenant
            .event(id)
            .await?
            .map(|event| audit_event(tenant, id, event))
            .ok_or_else(not_found),
        _ => match tenant.resource(kind, id).await? {
            Existence::Here(stored) => Ok(stored.resource),
            Existence::Gone => Err(Refusal::Gone.into()),
            Existence::Unknown => Err(Refusal::NotFound.into()),
        },
    }
}

/// The fault of a type that FHIR does not have.
pub(crate) fn unknown_type() -> Failure {
    Fault {
        expression: None,
        ..Fault::structure("", "Unknown resource type")
    }
    .into()
}

fn not_found() -> Failure {
    Refusal::NotFound.into()
}

async fn project(tenant: Tenant<'_>, id: Uuid) -> Result<Resource, Failure> {
    if tenant.project() != ProjectId::new(id) {
        return Err(not_found());
    }
    let gone = tenant.gone_key(PROJECT, id);
    let mut found = tenant.read(&[tenant.project_key(), gone.clone()]).await?;
    match tenant.project_in(&mut found)? {
        Some(project) => Ok(project.into_resource()),
        None if tenant.has(&found, &gone) => Err(Refusal::Gone.into()),
        None => Err(not_found()),
    }
}

async fn user(
    means: Means<'_>,
    tenant: Tenant<'_>,
    id: Uuid,
    all_seeing: bool,
) -> Result<Resource, Failure> {
    let user: Option<User> = means.store.user(UserId::new(id)).await?;
    let visible = |user: &User| all_seeing || user.scope().project() == Some(tenant.project());
    user.filter(visible)
        .map(|user| user.resource)
        .ok_or_else(not_found)
}

/// An application with its secrets, for those to whom they are shown; anything else as it is.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn revealed(
    means: Means<'_>,
    rights: &Rights,
    resource: Resource,
) -> Result<Resource, Failure> {
    let mut vaults = Vaults::none(means);
    vaults.learn(rights, std::iter::once(&resource)).await?;
    vaults.revealed(rights, resource)
}

/// What a project's administrators do not see of the project.
const HIDDEN_FROM_ADMINS: [&str; 3] = ["superAdmin", "systemSecret", "strictMode"];

/// A project as its administrators see it who are about to change it.
pub(crate) fn seen(all_seeing: bool, mut project: Resource) -> Resource {
    if !all_seeing {
        let body = &mut project.body;
        body.retain(|field, _| !HIDDEN_FROM_ADMINS.contains(&field.as_str()));
    }
    project
}
