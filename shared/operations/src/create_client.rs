//! Create an application: its resource, its credentials and the membership by which it acts.

use domain::{Caller, ClientId, Failure, Fault, Form, ProfileType, Project, Secret};
use fhir::{Reference, Resource};
use identity::secret;
use serde_json::{Map, Value, json};
use store::{Action, Member, NewClient, Step, Tenant, Transaction};

use crate::Means;
use crate::once::answer_again;
use crate::program::{NewProgram, Seen, program_member};
use crate::provider_secrets;
use crate::record::all_fields;
use crate::vault::Vault;

/// The FHIR type name.
pub(crate) const CLIENT_APPLICATION: &str = "ClientApplication";

/// The fields of a request that become the application's own.
const FIELDS: [&str; 12] = [
    "name",
    "description",
    "redirectUri",
    "redirectUris",
    "identityProvider",
    "accessTokenLifetime",
    "refreshTokenLifetime",
    "jwksUri",
    "pkceOptional",
    "allowedOrigin",
    "defaultScope",
    "signInForm",
];

/// Reads the body of a request for an application.
///
/// # Errors
/// One fault per badly formed field.
pub fn parse(sent: &Map<String, Value>) -> Result<NewProgram, Vec<Fault>> {
    let mut form = Form::new(sent);
    form.required("name", "Client name is required");
    let policy = form.object("accessPolicy").cloned().map(Value::Object);
    let kept = FIELDS
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), form.value(field)?.clone())));
    let body: Map<String, Value> = kept.collect();
    let mut whole = body.clone();
    whole.insert("resourceType".into(), CLIENT_APPLICATION.into());
    for fault in domain::faults(CLIENT_APPLICATION, &Value::Object(whole)) {
        if fault.expression.as_deref() != Some("ClientApplication.name") {
            form.fault(fault);
        }
    }
    form.finish(NewProgram {
        body,
        access_policy: policy.as_ref().and_then(Reference::from_json),
    })
}

/// Creates the application; the answer shows its secret.
///
/// # Errors
/// [`domain::Refusal::NotFound`] for a project that is not there, faults of references that do not resolve.
pub async fn create_client(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    let vault = Vault::open(means, tenant.project(), seen.data_key.as_deref())?;
    if let Some(earlier) = seen.turn.earlier() {
        return shown(&vault, answer_again(tenant, earlier).await?);
    }
    let project = seen.project(caller)?;
    let grant = seen.grant(tenant)?;
    let vault = vault.or_new()?;
    let own = (&project, &vault);
    let parts = Application::make(means, own, &caller.profile(), (seen.program.body, grant))?;
    let resource = &parts.resource;
    let event = (Action::Create, "create-client");
    let written = Transaction::new()
        .steps(parts.steps(means, tenant)?)
        .steps(vault.step(tenant))
        .step(means.event(caller, event, resource, all_fields(&resource.body)))
        .steps(seen.turn.remember(tenant, resource, means.now))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (tenant, means.now)).await? {
        None => shown(&vault, parts.resource),
        Some(earlier) => shown(&vault, answer_again(tenant, &earlier).await?),
    }
}

/// An application that is about to be made.
pub(crate) struct Application {
    pub(crate) resource: Resource,
    pub(crate) member: Member,
    credentials: NewClient,
}

impl Application {
    /// A new application of `project`, with `body` of its own and `grant` in its membership.
    pub(crate) fn make(
        means: Means<'_>,
        own: (&Project, &Vault<'_>),
        author: &Reference,
        (body, grant): (Map<String, Value>, Map<String, Value>),
    ) -> Result<Self, Failure> {
        let identity = (
            ClientId::new(means.dice.id()),
            secret::client_secret(&means.dice),
        );
        Self::with_identity(means, own, author, (identity, body, grant))
    }

    /// The same with an id and a secret that are given.
    pub(crate) fn with_identity(
        means: Means<'_>,
        (project, vault): (&Project, &Vault<'_>),
        author: &Reference,
        ((id, secret), mut body, grant): (
            (ClientId, Secret),
            Map<String, Value>,
            Map<String, Value>,
        ),
    ) -> Result<Self, Failure> {
        let life = body
            .get("accessTokenLifetime")
            .and_then(Value::as_str)
            .map(str::to_owned);
        body.extend([sealed(vault, id, (SECRET, &secret))]);
        let within = Some(project.id().uuid());
        let mut resource = Resource {
            kind: CLIENT_APPLICATION.into(),
            id: id.uuid(),
            meta: means.first_version(author.clone(), within),
            body,
        };
        provider_secrets::seal(vault, &mut resource, None)?;
        let member = program_member(means, project, &resource, grant)?;
        let credentials = NewClient {
            client: id,
            project: project.id(),
            membership: member.membership.id(),
            secret: secret::digest(&secret).as_str().to_owned(),
            access_token_lifetime: life,
        };
        Ok(Self {
            resource,
            member,
            credentials,
        })
    }

    /// The rows of the application.
    pub(crate) fn steps(&self, means: Means<'_>, tenant: Tenant<'_>) -> Result<Vec<Step>, Failure> {
        Ok(vec![
            tenant.create_resource(&self.resource, 1),
            means.store.create_client(self.credentials.clone()),
            tenant.create_member(&self.member)?,
        ])
    }
}

/// Where sealed secrets stand in a stored application. The names are no FHIR properties: they are taken out before anything is shown.
pub(crate) const SEALED: [(&str, &str); 2] = [
    (SECRET, "_sealedSecret"),
    (RETIRING_SECRET, "_sealedRetiringSecret"),
];

/// The current secret.
pub(crate) const SECRET: &str = "secret";
/// The one before it, until it is dropped.
pub(crate) const RETIRING_SECRET: &str = "retiringSecret";

fn place(id: ClientId, field: &str) -> String {
    format!("{}/{id}/{field}", ProfileType::ClientApplication)
}

fn sealed_name(field: &str) -> &'static str {
    let found = SEALED.into_iter().find(|(of, _)| *of == field);
    found.map_or("", |(_, sealed)| sealed)
}

/// A secret as a stored application holds it.
pub(crate) fn sealed(
    vault: &Vault<'_>,
    id: ClientId,
    (field, secret): (&str, &Secret),
) -> (String, Value) {
    let sealed = vault.seal(&place(id, field), secret);
    (sealed_name(field).into(), json!(sealed))
}

/// Whether a stored resource is an application with a sealed secret.
pub(crate) fn is_sealed(resource: &Resource) -> bool {
    let mut names = SEALED.into_iter().map(|(_, sealed)| sealed);
    resource.kind == CLIENT_APPLICATION && names.any(|name| resource.body.contains_key(name))
}

/// Takes a secret out of a stored application and opens it.
pub(crate) fn take_secret(
    vault: &Vault<'_>,
    application: &mut Resource,
    field: &str,
) -> Result<Option<Secret>, Failure> {
    let Some(sealed) = application.body.shift_remove(sealed_name(field)) else {
        return Ok(None);
    };
    vault.unseal(&place(ClientId::new(application.id), field), sealed)
}

/// A resource as its project's administrators see it: with the secrets of an application, and of an identity provider.
pub(crate) fn shown(vault: &Vault<'_>, mut application: Resource) -> Result<Resource, Failure> {
    for (field, _) in SEALED {
        if let Some(secret) = take_secret(vault, &mut application, field)? {
            let secret = secret.reveal().into();
            application.body.insert(field.into(), secret);
        }
    }
    provider_secrets::show(vault, &mut application)?;
    Ok(application)
}

/// A resource as it comes along with something else: nobody asked for its secrets.
pub(crate) fn without_secrets(mut application: Resource) -> Resource {
    for (_, sealed) in SEALED {
        application.body.shift_remove(sealed);
    }
    provider_secrets::strip(&mut application);
    application
}
