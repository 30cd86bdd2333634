//! Create a resource of a project: a patient, a policy, an organization, any other FHIR type that is not administered by routes
//! of its own.

use std::collections::HashSet;

use domain::access::{Interaction, faults_of_policy};
use domain::{
    Caller, Claimant, Failure, Fault, PROJECT_MEMBERSHIP, Project, Refusal, Secret, USER,
};
use fhir::{Meta, Reference, Resource};
use serde_json::{Map, Value};
use store::{Action, Found, Key, Stored, Tenant, Transaction};

use crate::create_client::{self, CLIENT_APPLICATION};
use crate::invite::index_steps;
use crate::once::{Turn, Wish, answer_again};
use crate::read_resource::{PROTECTED, revealed, unknown_type};
use crate::record::all_fields;
use crate::{Means, Sight, realm};

/// Types that come to exist only by routes of their own, or by the server.
const BY_OTHER_ROUTES: [&str; 3] = ["AuditEvent", USER, "UserSecurityRequest"];
/// Types that are always held against their definition, whatever the project's setting.
const ALWAYS_STRICT: [&str; 4] = [
    "AccessPolicy",
    "Bot",
    CLIENT_APPLICATION,
    "UserConfiguration",
];
/// References that must resolve whatever the project's setting.
const ALWAYS_RESOLVES: [&str; 1] = ["RelatedPerson.patient"];
/// References that a resource may make, and those of them that may lead outside what is known of the project: each costs a look.
const MOST_REFERENCES: usize = 2_000;
const MOST_UNRESOLVED: usize = 50;
/// Types that live above projects; references to them are not held against the project.
const ABOVE_PROJECTS: [&str; 2] = ["Project", USER];

/// What was sent.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The type named by the path.
    pub kind: String,
    /// The resource as sent.
    pub body: Map<String, Value>,
}

/// What the request meets.
pub struct Seen {
    posted: Posted,
    turn: Turn,
    references: Vec<(String, Reference)>,
    found: Found,
    project: Option<Project>,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::Forbidden`] for a type of which no rule lets the caller make any, before everything that is wrong with what he sent; a fault
/// for an unknown type, [`Refusal::Forbidden`] for one that is not made by hand, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    kind: &str,
    wish: Wish<Posted>,
    mut sight: Sight,
) -> Result<Seen, Failure> {
    let seen = meet(means, tenant, claimant, wish).await;
    let caller = sight.caller().await?;
    if fhir::known(kind) {
        caller.rights().must(kind, Interaction::Create)?;
    }
    seen
}

async fn meet(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<Posted>,
) -> Result<Seen, Failure> {
    let (posted, once) = wish?;
    check_type(&posted)?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut references = Vec::new();
    collect(
        &posted.kind,
        &Value::Object(posted.body.clone()),
        &mut references,
    );
    if references.len() > MOST_REFERENCES {
        return Err(too_many(&posted.kind, MOST_REFERENCES));
    }
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.extend(
        references
            .iter()
            .filter_map(|(_, reference)| tenant.referenced_key(reference)),
    );
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Seen {
        posted,
        turn: Turn::among(&mut found, slip, (tenant, means.now))?,
        references,
        project: tenant.project_in(&mut found)?,
        found,
    })
}

fn check_type(posted: &Posted) -> Result<(), Failure> {
    let kind = posted.kind.as_str();
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    if PROTECTED.contains(&kind) || BY_OTHER_ROUTES.contains(&kind) {
        return Err(Refusal::Forbidden.into());
    }
    let sent = posted
        .body
        .get("resourceType")
        .and_then(Value::as_str)
        .filter(|sent| !sent.is_empty());
    if sent != Some(kind) {
        let found = sent.unwrap_or("<EMPTY>");
        return Err(Fault::general(format!(
            "Incorrect resource type: expected {kind}, but found {found}"
        ))
        .into());
    }
    if kind == PROJECT_MEMBERSHIP {
        // The administrators' rights blank `project` and `user` on the way in, so that nothing valid is left.
        let missing = |field: &str| {
            Fault::structure(
                format!("{PROJECT_MEMBERSHIP}.{field}"),
                "Missing required property",
            )
        };
        return Err(vec![missing("project"), missing("user")].into());
    }
    Ok(())
}

/// Every literal reference in a resource, with its path.
fn collect(path: &str, value: &Value, found: &mut Vec<(String, Reference)>) {
    match value {
        Value::Object(object) => {
            let reference =
                Reference::from_json(value).filter(|reference| reference.id().is_some());
            found.extend(reference.map(|reference| (path.to_owned(), reference)));
            for (name, inner) in object.iter().filter(|(name, _)| *name != "meta") {
                collect(&format!("{path}.{name}"), inner, found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(&format!("{path}[{at}]"), item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Creates the resource.
///
/// # Errors
/// The faults of its definition and of its references, [`Refusal::NotFound`] for a project that is not there,
/// [`Refusal::TooLarge`].
pub async fn create_resource(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    let shown = |resource| shown(means, caller, resource);
    if let Some(earlier) = seen.turn.earlier() {
        return shown(answer_again(tenant, earlier).await?);
    }
    let project = &realm::project(caller, seen.project.as_ref())?;
    check_definition(&seen.posted, project)?;
    check_references(means, caller, &seen, project).await?;
    let made = resource(means, caller, seen.posted)?;
    let resource = caller.rights().to_create(made)?;
    let event = (Action::Create, "create-resource");
    let written = Transaction::new()
        .step(tenant.create_resource(&resource, 0))
        .steps(index_steps(means, tenant, &resource))
        .step(means.event(caller, event, &resource, all_fields(&resource.body)))
        .steps(seen.turn.remember(tenant, &resource, means.now))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (tenant, means.now)).await? {
        None => shown(resource),
        Some(earlier) => shown(answer_again(tenant, &earlier).await?),
    }
}

/// What was made as its maker sees it: who may not read it learns where it is, and no more than he has sent.
fn shown(means: Means<'_>, caller: &Caller, resource: Resource) -> Result<Resource, Failure> {
    let resource = revealed(means, caller.rights(), resource)?;
    let readable = caller.rights().shown(resource.clone(), Interaction::Read);
    Ok(match readable {
        Some(resource) => resource,
        None => Resource {
            body: Map::new(),
            ..resource
        },
    })
}

fn check_definition(posted: &Posted, project: &Project) -> Result<(), Failure> {
    if !project.is_strict() && !ALWAYS_STRICT.contains(&posted.kind.as_str()) {
        return Ok(());
    }
    let mut faults = domain::faults(&posted.kind, &Value::Object(posted.body.clone()));
    if posted.kind == "AccessPolicy" && faults.is_empty() {
        faults = faults_of_policy(&posted.body);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}

/// A reference that does not resolve in the project is refused if the project wants that, or if its target exists in another
/// project: projects are a hard boundary (seed: "resources within one project cannot reference resources in another").
async fn check_references(
    means: Means<'_>,
    caller: &Caller,
    seen: &Seen,
    project: &Project,
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let hidden = hidden(caller, tenant, seen)?;
    let mut faults = Vec::new();
    let mut looked_up = 0;
    for (path, reference) in &seen.references {
        let above = ABOVE_PROJECTS.contains(&reference.kind());
        let key = tenant.referenced_key(reference);
        let must = project.checks_references() || ALWAYS_RESOLVES.contains(&path.as_str());
        let there = key.is_some_and(|key| tenant.has(&seen.found, &key));
        let there = there && !(must && hidden.contains(&reference.reference));
        if above || there {
            continue;
        }
        looked_up += 1;
        if looked_up > MOST_UNRESOLVED {
            return Err(too_many(&seen.posted.kind, MOST_UNRESOLVED));
        }
        let foreign = match reference.id() {
            Some(id) if !must => means
                .store
                .whereabouts(id)
                .await?
                .is_some_and(|p| p != tenant.project()),
            _ => true,
        };
        if foreign {
            faults.push(Fault::structure(path, "Invalid reference (Not found)"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}

/// The references that lead to what the caller may not read: for him it is not there (contract: cross-project references).
fn hidden(caller: &Caller, tenant: Tenant<'_>, seen: &Seen) -> Result<HashSet<String>, Failure> {
    let mut hidden = HashSet::new();
    for (_, reference) in &seen.references {
        let lens = caller.rights().lens(reference.kind(), Interaction::Read);
        let key = tenant.referenced_key(reference).filter(|_| !lens.is_open());
        let stored = key.map(|key| tenant.peek(&seen.found, &key)).transpose()?;
        let shown = |stored: Stored| lens.rule_for(&stored.resource).is_some();
        if !stored.flatten().is_some_and(shown) && !lens.is_open() {
            hidden.insert(reference.reference.clone());
        }
    }
    Ok(hidden)
}

fn too_many(kind: &str, most: usize) -> Failure {
    Fault::structure(
        kind,
        format!("More than {most} references cannot be checked"),
    )
    .into()
}

fn resource(means: Means<'_>, caller: &Caller, posted: Posted) -> Result<Resource, Failure> {
    let Posted { kind, mut body } = posted;
    let rest = Meta::rest_of(body.get("meta").unwrap_or(&Value::Null));
    for envelope in ["resourceType", "id", "meta"] {
        body.shift_remove(envelope);
    }
    let Value::Object(mut body) = fhir::without_empties(Value::Object(body)) else {
        return Err(Fault::general("Content could not be parsed").into());
    };
    let id = means.dice.id();
    if kind == CLIENT_APPLICATION {
        let secret = body
            .shift_remove("secret")
            .and_then(|secret| secret.as_str().map(Secret::new));
        body.shift_remove("retiringSecret");
        body.extend(secret.map(|secret| {
            let secret = (create_client::SECRET, &secret);
            create_client::sealed(means, domain::ClientId::new(id), secret)
        }));
    }
    let meta = Meta {
        rest,
        on_behalf_of: caller.on_behalf_of(),
        ..means.first_version(caller.profile(), Some(caller.realm().uuid()))
    };
    Ok(Resource {
        kind,
        id,
        meta,
        body,
    })
}
