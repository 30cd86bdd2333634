//! The projects that a project is linked to: what they export is read there as if it were one's own, under the same rules, and never
//! written. Without a link nothing is read.

use domain::access::Interaction;
use domain::{Caller, Failure, Fault, PROJECT, Project, ProjectId, Refusal};
use fhir::{Reference, Resource};
use serde_json::{Map, Value};
use store::{Key, Tenant};
use uuid::Uuid;

use crate::Means;
use crate::create_client::without_secrets;

/// A project that the caller's own is linked to, as it is now.
pub(crate) struct Neighbour<'a> {
    pub(crate) project: Project,
    pub(crate) tenant: Tenant<'a>,
}

/// The projects within reach. One that is not there, or on its way out, is none.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn neighbours<'a>(
    means: Means<'a>,
    caller: &Caller,
) -> Result<Vec<Neighbour<'a>>, Failure> {
    read(beside(means, caller), |_| Vec::new())
        .await
        .map(|it| it.0)
}

/// The doors to the projects that the caller's own is linked to; server administrators need none.
fn beside<'a>(means: Means<'a>, caller: &Caller) -> Vec<Tenant<'a>> {
    let links = match caller.is_super_admin() {
        true => Vec::new(),
        false => caller.project().links(),
    };
    let beside = links.into_iter();
    beside
        .filter_map(|id| means.store.beside(caller, id))
        .collect()
}

/// Reads the projects behind these doors, and of each of them `more` rows in the same trip.
async fn read<'a>(
    beside: Vec<Tenant<'a>>,
    more: impl Fn(Tenant<'a>) -> Vec<Key>,
) -> Result<(Vec<Neighbour<'a>>, store::Found), Failure> {
    let Some(first) = beside.first() else {
        return Ok((Vec::new(), store::Found::default()));
    };
    let mut keys: Vec<Key> = beside.iter().map(Tenant::project_key).collect();
    keys.extend(beside.iter().flat_map(|it| more(*it)));
    let mut found = first.read(&keys).await?;
    let mut neighbours = Vec::new();
    for tenant in beside {
        let project = tenant.project_in(&mut found)?;
        let project = project.filter(|project| !project.is_super_admin());
        neighbours.extend(project.map(|project| Neighbour { project, tenant }));
    }
    Ok((neighbours, found))
}

/// The resource of a project within reach, as far as the caller may read it.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn find(
    means: Means<'_>,
    caller: &Caller,
    (kind, id): (&str, Uuid),
) -> Result<Option<Resource>, Failure> {
    let found = found(beside(means, caller), (kind, id)).await?;
    let lens = caller.rights().lens(kind, Interaction::Read);
    Ok(found.and_then(|(_, resource)| lens.shown(without_secrets(resource))))
}

/// The project within reach that has a resource, whether or not the caller may read it there.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn holder<'a>(
    means: Means<'a>,
    caller: &Caller,
    (kind, id): (&str, Uuid),
) -> Result<Option<Tenant<'a>>, Failure> {
    let found = found(beside(means, caller), (kind, id)).await?;
    Ok(found.map(|(tenant, _)| tenant))
}

/// The resource of a project that `project` is linked to, whether or not anybody may read it there; for those who administer `project`.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn exported_to(
    means: Means<'_>,
    (caller, project): (&Caller, &Project),
    address: (&str, Uuid),
) -> Result<Option<Resource>, Failure> {
    let beside = match caller.is_super_admin() {
        true => {
            let links = project.links().into_iter();
            links.map(|id| means.store.founding(id)).collect()
        }
        false => beside(means, caller),
    };
    let found = found(beside, address).await?;
    Ok(found.map(|(_, resource)| without_secrets(resource)))
}

async fn found<'a>(
    beside: Vec<Tenant<'a>>,
    (kind, id): (&str, Uuid),
) -> Result<Option<(Tenant<'a>, Resource)>, Failure> {
    let place = |tenant: Tenant<'_>| match kind {
        PROJECT => Vec::new(),
        _ => vec![tenant.resource_key(kind, id)],
    };
    let (neighbours, mut rows) = read(beside, place).await?;
    for Neighbour { project, tenant } in neighbours {
        let resource = match kind {
            PROJECT => (project.id() == ProjectId::new(id)).then(|| project.into_resource()),
            _ if !project.exports(kind) => None,
            _ => {
                let key = tenant.resource_key(kind, id);
                tenant.stored(&mut rows, &key)?.map(|it| it.resource)
            }
        };
        if let Some(resource) = resource {
            return Ok(Some((tenant, resource)));
        }
    }
    Ok(None)
}

/// Whether a reference leads to a resource within reach that the caller may read.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn shows(
    means: Means<'_>,
    caller: &Caller,
    reference: &Reference,
) -> Result<bool, Failure> {
    let Some(id) = reference.id() else {
        return Ok(false);
    };
    Ok(find(means, caller, (reference.kind(), id)).await?.is_some())
}

/// Why something is not changed that was not found in the caller's own project: it is read here, and changed elsewhere.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn refused(
    means: Means<'_>,
    caller: &Caller,
    (kind, id): (&str, Uuid),
) -> Result<Refusal, Failure> {
    let readable = find(means, caller, (kind, id)).await?;
    Ok(readable.map_or(Refusal::NotFound, |_| Refusal::Forbidden))
}

/// Links are made to projects that are there, and never to that of the server's administrators.
///
/// # Errors
/// One fault for each that leads elsewhere; [`Failure::Unavailable`].
pub(crate) async fn check(means: Means<'_>, body: &Map<String, Value>) -> Result<(), Failure> {
    let mut faults = domain::link_faults(body);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let links = body.get("link").and_then(Value::as_array);
    for (at, link) in links.into_iter().flatten().enumerate() {
        let project = link.get("project").and_then(Reference::from_json);
        let id = project.and_then(|project| project.id()).unwrap_or_default();
        let tenant = means.store.founding(ProjectId::new(id));
        let project = tenant.read_project().await?;
        if project.is_none_or(|project| project.is_super_admin()) {
            let path = format!("{PROJECT}.link[{at}].project");
            faults.push(Fault::structure(path, "Invalid reference (Not found)"));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.into()),
    }
}
