//! Create an application: its resource, its credentials and the membership by which it acts.

use domain::{
    Caller, ClientId, Failure, Fault, Form, Membership, PROJECT_MEMBERSHIP, ProfileType, Project,
    Secret,
};
use fhir::{Reference, Resource};
use identity::secret;
use serde_json::{Map, Value, json};
use store::{Aborted, Action, Found, Key, Member, NewClient, Step, Tenant, Transaction};

use crate::once::{Slip, Wish, answer_again};
use crate::record::all_fields;
use crate::{Means, realm, references};

/// The FHIR type name.
pub(crate) const CLIENT_APPLICATION: &str = "ClientApplication";

/// The fields of a request that become the application's own.
const FIELDS: [&str; 7] = [
    "name",
    "description",
    "redirectUri",
    "redirectUris",
    "identityProvider",
    "accessTokenLifetime",
    "refreshTokenLifetime",
];

/// A well-formed request for an application.
#[derive(Clone, Debug)]
pub struct NewApplication {
    body: Map<String, Value>,
    access_policy: Option<Reference>,
}

impl NewApplication {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(sent: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
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
        form.finish(Self {
            body,
            access_policy: policy.as_ref().and_then(Reference::from_json),
        })
    }
}

/// What the request meets.
pub struct Seen {
    application: NewApplication,
    slip: Option<Slip>,
    project: Option<Project>,
    found: Found,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: domain::Claimant,
    wish: Wish<NewApplication>,
) -> Result<Seen, Failure> {
    let (application, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.extend(references::keys(tenant, &application.references())?);
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Seen {
        application,
        slip,
        project: tenant.project_in(&mut found)?,
        found,
    })
}

impl NewApplication {
    fn references(&self) -> Vec<(String, Reference)> {
        self.access_policy
            .clone()
            .map(|policy| ("accessPolicy".to_owned(), policy))
            .into_iter()
            .collect()
    }
}

/// Creates the application; the answer shows its secret.
///
/// # Errors
/// [`domain::Refusal::NotFound`] for a project that is not there, faults of references that do not resolve.
pub async fn create_client(
    means: Means<'_>,
    caller: &Caller,
    mut seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    if let Some(slip) = &seen.slip
        && let Some(earlier) = slip.earlier(tenant, &mut seen.found, means.now)?
    {
        return shown(means, answer_again(tenant, &earlier).await?);
    }
    let project = realm::project(caller, seen.project.as_ref())?;
    references::check(tenant, &seen.found, &seen.application.references())?;
    let policy = seen
        .application
        .access_policy
        .as_ref()
        .map(Reference::to_json);
    let grant = policy
        .map(|policy| ("accessPolicy".to_owned(), policy))
        .into_iter()
        .collect();
    let parts = Application::make(
        means,
        &project,
        &caller.profile(),
        (seen.application.body, grant),
    )?;
    let resource = &parts.resource;
    let event = (Action::Create, "create-client");
    let written = Transaction::new()
        .steps(parts.steps(means, tenant)?)
        .step(means.event(caller, event, resource, all_fields(&resource.body)))
        .steps(
            seen.slip
                .as_ref()
                .map(|slip| slip.remember(tenant, resource, means.now)),
        )
        .commit(means.store, means.dice)
        .await;
    match written {
        Ok(()) => shown(means, parts.resource),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => {
            let earlier = Slip::answered_meanwhile(seen.slip.as_ref(), tenant, means.now).await?;
            shown(means, answer_again(tenant, &earlier).await?)
        }
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
        project: &Project,
        author: &Reference,
        (body, grant): (Map<String, Value>, Map<String, Value>),
    ) -> Result<Self, Failure> {
        let identity = (
            ClientId::new(means.dice.id()),
            secret::client_secret(&means.dice),
        );
        Self::with_identity(means, project, author, (identity, body, grant))
    }

    /// The same with an id and a secret that are given.
    pub(crate) fn with_identity(
        means: Means<'_>,
        project: &Project,
        author: &Reference,
        ((id, secret), mut body, grant): (
            (ClientId, Secret),
            Map<String, Value>,
            Map<String, Value>,
        ),
    ) -> Result<Self, Failure> {
        let sealed = sealed(means, id, &secret);
        let life = body
            .get("accessTokenLifetime")
            .and_then(Value::as_str)
            .map(str::to_owned);
        body.extend([sealed]);
        let within = Some(project.id().uuid());
        let resource = Resource {
            kind: CLIENT_APPLICATION.into(),
            id: id.uuid(),
            meta: means.first_version(author.clone(), within),
            body,
        };
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

/// The membership by which a program acts: it is its own user and its own profile.
pub(crate) fn program_member(
    means: Means<'_>,
    project: &Project,
    program: &Resource,
    grant: Map<String, Value>,
) -> Result<Member, Failure> {
    let itself = program.reference().to_json();
    let mut fields = grant;
    fields.insert("project".into(), project.reference().to_json());
    fields.insert("user".into(), itself.clone());
    fields.insert("profile".into(), itself);
    let membership = Membership::from_resource(Resource {
        kind: PROJECT_MEMBERSHIP.into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), Some(project.id().uuid())),
        body: fields,
    })?;
    Ok(Member {
        membership,
        owner: false,
        needs_proof: None,
        invited: false,
    })
}

/// Where the sealed secret stands in a stored application. The name is no FHIR property: it is taken out before anything is shown.
const SEALED_SECRET: &str = "_sealedSecret";

fn secret_place(id: ClientId) -> String {
    format!("{}/{id}/secret", ProfileType::ClientApplication)
}

/// A secret as a stored application holds it.
pub(crate) fn sealed(means: Means<'_>, id: ClientId, secret: &Secret) -> (String, Value) {
    let sealed = means.keys.seal(&secret_place(id), secret, &means.dice);
    (SEALED_SECRET.into(), json!(sealed))
}

/// An application as its project's administrators see it: with its secret.
pub(crate) fn shown(means: Means<'_>, mut application: Resource) -> Result<Resource, Failure> {
    if let Some(sealed) = application.body.shift_remove(SEALED_SECRET) {
        let sealed =
            serde_json::from_value(sealed).map_err(|e| Failure::corrupt("a client's secret", e))?;
        let secret = means
            .keys
            .unseal(&secret_place(ClientId::new(application.id)), &sealed)?;
        application
            .body
            .insert("secret".into(), secret.reveal().into());
    }
    Ok(application)
}

/// An application as it comes along with something else: nobody asked for its secret.
pub(crate) fn without_secret(mut application: Resource) -> Resource {
    application.body.shift_remove(SEALED_SECRET);
    application
}
