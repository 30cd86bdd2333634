//! Create a bare project: no owner, no application, no member (seed guide, "Create a New Project").

use domain::{Caller, Failure, Fault, PROJECT, Project, Refusal};
use fhir::Resource;
use serde_json::{Map, Value};
use store::{Action, Tenant, Transaction};

use crate::once::{self, Turn, Wish};
use crate::record::all_fields;
use crate::vault::Vault;
use crate::{Means, linked};

/// Fields that refer to what a new project cannot have yet, or that have a place of their own.
const NOT_YET: [&str; 5] = [
    "secret",
    "systemSecret",
    "site",
    "defaultPatientAccessPolicy",
    "defaultAccessPolicies",
];

/// Reads the project that is to be made.
///
/// # Errors
/// One fault per field that does not fit the definition or cannot be set yet.
pub fn parse(body: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Fault>> {
    let kind = body
        .get("resourceType")
        .and_then(Value::as_str)
        .filter(|kind| !kind.is_empty());
    if kind != Some(PROJECT) {
        let found = kind.unwrap_or("<EMPTY>");
        let words = format!("Incorrect resource type: expected {PROJECT}, but found {found}");
        return Err(vec![Fault::general(words)]);
    }
    let mut faults = domain::faults(PROJECT, &Value::Object(body.clone()));
    faults.extend(domain::feature_faults(body));
    for field in NOT_YET.iter().filter(|field| body.contains_key(**field)) {
        faults.push(Fault::structure(
            format!("{PROJECT}.{field}"),
            "Cannot be set before the project exists",
        ));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut fields = body.clone();
    for envelope in ["resourceType", "id", "meta"] {
        fields.shift_remove(envelope);
    }
    Ok(fields)
}

/// What the request meets.
pub struct Seen {
    fields: Map<String, Value>,
    turn: Turn,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: domain::Claimant,
    wish: Wish<Map<String, Value>>,
) -> Result<Seen, Failure> {
    let (fields, once) = wish?;
    let turn = once::look(means, tenant, &claimant, once).await?;
    Ok(Seen { fields, turn })
}

/// Creates the project.
///
/// # Errors
/// A fault when the owner is no server-scoped user; [`Failure::Unavailable`].
pub async fn create_project(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let home = means.store.of(caller);
    if let Some(earlier) = seen.turn.earlier() {
        return created_before(means, earlier).await;
    }
    check_owner(means, &seen.fields).await?;
    linked::check(means, &seen.fields).await?;
    let id = means.dice.id();
    let project = Project::from_resource(Resource {
        kind: PROJECT.into(),
        id,
        meta: means.first_version(caller.profile(), Some(id)),
        body: seen.fields,
    });
    let resource = project.resource();
    let vault = Vault::new(means, project.id())?;
    let data_key = vault.step(means.store.founding(project.id()));
    let founded = caller.clone().acting_in(project.id())?;
    let event = (Action::Create, "create-project");
    let written = Transaction::new()
        .steps(means.store.create_project(&project, 0))
        .steps(data_key)
        .step(means.event(&founded, event, resource, all_fields(&resource.body)))
        .steps(seen.turn.remember(home, resource, means.now))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (home, means.now)).await? {
        None => Ok(project.into_resource()),
        Some(earlier) => created_before(means, &earlier).await,
    }
}

/// The project that was made for the same key.
pub(crate) async fn created_before(
    means: Means<'_>,
    earlier: &store::Answered,
) -> Result<Resource, Failure> {
    let id = domain::ProjectId::new(earlier.resource);
    let project = means.store.founding(id).read_project().await?;
    Ok(project.ok_or(Refusal::Gone)?.into_resource())
}

/// A project's owner is a user above all projects.
async fn check_owner(means: Means<'_>, fields: &Map<String, Value>) -> Result<(), Failure> {
    let Some(owner) = fields.get("owner") else {
        return Ok(());
    };
    let owner = fhir::Reference::from_json(owner).filter(|owner| owner.kind() == domain::USER);
    let user = match owner.and_then(|owner| owner.id()) {
        Some(id) => means.store.user(domain::UserId::new(id)).await?,
        None => None,
    };
    match user.filter(|user| user.scope() == domain::Scope::Server) {
        Some(_) => Ok(()),
        None => Err(Fault::structure("Project.owner", "Invalid reference (Not found)").into()),
    }
}
