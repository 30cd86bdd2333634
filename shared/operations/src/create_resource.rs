//! Create a resource of a project: a patient, a policy, an organization, any other FHIR type that is not administered by routes
//! of its own.

use domain::access::{Interaction, faults_of_policy};
use domain::{
    Caller, Claimant, Failure, Fault, PROJECT_MEMBERSHIP, Project, Refusal, Secret, USER,
};
use fhir::{Meta, Resource};
use serde_json::{Map, Value};
use store::{Action, Found, Key, Step, Tenant, Transaction};
use uuid::Uuid;

use crate::boundary::References;
use crate::conditional::Claim;
use crate::conditional_references::resolved;
use crate::create_client::{self, CLIENT_APPLICATION};
use crate::domain_configuration::{self, DOMAIN_CONFIGURATION};
use crate::invite::index_steps;
use crate::once::{Once, Turn, Wish, answer_again};
use crate::provider_secrets::{self, may_name_provider};
use crate::read_resource::unknown_type;
use crate::record::all_fields;
use crate::resource_cap::must_have_room;
use crate::vault::{Vault, Vaults};
use crate::{Means, Sight, accounts, realm, rights};

/// Types that come to exist only by routes of their own, or by the server.
pub(crate) const BY_OTHER_ROUTES: [&str; 3] = ["AuditEvent", USER, "UserSecurityRequest"];
/// Types that are always held against their definition, whatever the project's setting.
const ALWAYS_STRICT: [&str; 5] = [
    "AccessPolicy",
    "Bot",
    CLIENT_APPLICATION,
    DOMAIN_CONFIGURATION,
    "UserConfiguration",
];

/// What was sent.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The type named by the path.
    pub kind: String,
    /// The resource as sent.
    pub body: Map<String, Value>,
    /// The id that it is to have, if something else refers to it already; drawn by the server, never by a client.
    pub id: Option<Uuid>,
}

/// What the request meets.
pub struct Seen {
    posted: Posted,
    turn: Turn,
    references: References,
    found: Found,
    data_key: Option<String>,
    project: Option<Project>,
    claim: Option<Claim>,
}

impl Seen {
    /// The same, for words that nobody else may make something of at the same time.
    pub(crate) fn claiming(self, claim: Claim) -> Self {
        Self {
            claim: Some(claim),
            ..self
        }
    }
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::Forbidden`] for a type of which no rule lets the caller make any, or that is not made by hand; a fault for an unknown type;
/// [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    mut sight: Sight,
    wish: Wish<Posted>,
) -> Result<Seen, Failure> {
    let (posted, once) = wish?;
    let kind = posted.kind.clone();
    let seen = meet(means, tenant, &sight, (posted, once)).await;
    if fhir::known(&kind) {
        let caller = sight.caller().await?;
        rights::to(&caller, Interaction::Create, &kind)?;
    }
    seen
}

async fn meet(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: &Sight,
    (mut posted, once): (Posted, Option<Once>),
) -> Result<Seen, Failure> {
    let claimant = sight.claimant();
    check_type(means, &posted, &claimant)?;
    let Posted { kind, body, .. } = &mut posted;
    *body = resolved(means, (tenant, sight), kind, std::mem::take(body)).await?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let references = References::of(&posted.kind, &posted.body)?;
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.extend(references.keys(tenant));
    keys.extend(may_name_provider(&posted.kind).then(|| tenant.data_key_place()));
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Seen {
        posted,
        turn: Turn::among(&mut found, slip, (tenant, means.now))?,
        references,
        data_key: tenant.data_key_in(&mut found)?,
        project: tenant.project_in(&mut found)?,
        found,
        claim: None,
    })
}

fn check_type(means: Means<'_>, posted: &Posted, claimant: &Claimant) -> Result<(), Failure> {
    let kind = posted.kind.as_str();
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    if rights::is_protected(means, kind, claimant) || BY_OTHER_ROUTES.contains(&kind) {
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
    rights::to(caller, Interaction::Create, &seen.posted.kind)?;
    let tenant = means.store.of(caller);
    let vault = vault_for(means, (tenant, &seen.posted.kind), seen.data_key.as_deref())?;
    let vaults = Vaults::knowing(means, tenant.project(), vault.stored());
    if let Some(earlier) = seen.turn.earlier() {
        return rights::shown(vaults, caller, answer_again(tenant, earlier).await?).await;
    }
    let project = &realm::project(caller, seen.project.as_ref())?;
    let posted = seen.posted;
    check_definition(&posted.kind, &posted.body, project)?;
    let (rows, within) = ((tenant, &seen.found), (project, None));
    seen.references.check(means, caller, rows, within).await?;
    must_have_room(means, tenant, project).await?;
    let id = posted.id.unwrap_or_else(|| means.dice.id());
    let meta = Meta {
        on_behalf_of: caller.on_behalf_of(),
        ..means.first_version(caller.profile(), Some(caller.realm().uuid()))
    };
    let resource = resource(means, &vault, (&posted.kind, id), (meta, posted.body))?;
    let resource = project.with_default_profile(resource);
    let accounts = accounts::of_patients((tenant, &seen.found), &resource)?;
    let resource = caller.rights().to_create_among(resource, &accounts)?;
    let event = (Action::Create, "create-resource");
    let written = Transaction::new()
        .steps(steps(means, tenant, &resource)?)
        .steps(vault.step(tenant))
        .step(means.event(caller, event, &resource, all_fields(&resource.body)))
        .steps(seen.turn.remember(tenant, &resource, means.now))
        .steps(seen.claim.map(|claim| claim.step(means, tenant, &resource)))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (tenant, means.now)).await? {
        None => rights::shown(vaults, caller, resource).await,
        Some(earlier) => rights::shown(vaults, caller, answer_again(tenant, &earlier).await?).await,
    }
}

/// The rows of a new resource.
pub(crate) fn steps(
    means: Means<'_>,
    tenant: Tenant<'_>,
    resource: &Resource,
) -> Result<Vec<Step>, Failure> {
    let mut steps = vec![tenant.create_resource(resource, 0)];
    steps.extend(index_steps(means, tenant, resource)?);
    Ok(steps)
}

/// Holds a resource against its definition, if its project wants that or if its type always is.
///
/// # Errors
/// One fault for everything that does not fit.
pub(crate) fn check_definition(
    kind: &str,
    body: &Map<String, Value>,
    project: &Project,
) -> Result<(), Failure> {
    if !project.is_strict() && !ALWAYS_STRICT.contains(&kind) {
        return Ok(());
    }
    let mut faults = domain::faults(kind, &Value::Object(body.clone()));
    if kind == "AccessPolicy" && faults.is_empty() {
        faults = faults_of_policy(body);
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.into()),
    }
}

/// What seals the secrets of a resource of the type: a key in any case, where there may be any.
pub(crate) fn vault_for<'a>(
    means: Means<'a>,
    (tenant, kind): (Tenant<'_>, &str),
    stored: Option<&str>,
) -> Result<Vault<'a>, Failure> {
    let vault = Vault::open(means, tenant.project(), stored)?;
    match may_name_provider(kind) {
        true => vault.or_new(),
        false => Ok(vault),
    }
}

/// A body as it is stored: without envelope and empties, secrets sealed. `meta` says what the server says; what the sender says of it is
/// kept beside.
pub(crate) fn resource(
    means: Means<'_>,
    vault: &Vault<'_>,
    (kind, id): (&str, Uuid),
    (meta, mut body): (Meta, Map<String, Value>),
) -> Result<Resource, Failure> {
    let rest = Meta::rest_of(body.get("meta").unwrap_or(&Value::Null));
    let mut body = without_envelope(&mut body)?;
    if kind == CLIENT_APPLICATION {
        let secret = body
            .shift_remove("secret")
            .and_then(|secret| secret.as_str().map(Secret::new));
        body.shift_remove("retiringSecret");
        if let Some(secret) = secret {
            let secret = (create_client::SECRET, &secret);
            let sealed = create_client::sealed(vault, domain::ClientId::new(id), secret);
            body.extend([sealed]);
        }
    }
    let mut new = Resource {
        kind: kind.to_owned(),
        id,
        meta: Meta { rest, ..meta },
        body,
    };
    domain_configuration::settle(means, &mut new)?;
    provider_secrets::seal(vault, &mut new, None)?;
    Ok(new)
}

/// The fields of a body besides those of the envelope; nothing empty.
pub(crate) fn without_envelope(
    body: &mut Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    for envelope in ["resourceType", "id", "meta"] {
        body.shift_remove(envelope);
    }
    match fhir::without_empties(Value::Object(std::mem::take(body))) {
        Value::Object(body) => Ok(body),
        _ => Err(Fault::general("Content could not be parsed").into()),
    }
}
