//! Rotate an application's secret (contract: `$rotate-secret`). A secret retires before it is dropped, so that whoever holds it has
//! time to take the new one.

use domain::{Caller, Claimant, ClientId, Failure, Fault, Form, ProjectId, Refusal, Secret};
use fhir::Resource;
use identity::secret;
use serde_json::{Map, Value};
use store::{Action, ClientRow, Existence, Key, Step, Stored, Tenant, Transaction};
use uuid::Uuid;

use crate::Means;
use crate::create_client::{
    CLIENT_APPLICATION, RETIRING_SECRET, SECRET, sealed, shown, take_secret,
};
use crate::once::{Turn, Wish, answer_again};
use crate::parameters::inputs;
use crate::record::changed_fields;
use crate::vault::Vault;

/// What is to become of which secret. Whoever asks must know it.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// The current one retires, and a new one takes its place.
    Succeed(Secret),
    /// The retiring one counts no more.
    Drop(Secret),
}

/// Reads the body of a request: a plain object or `Parameters`.
///
/// # Errors
/// A fault for a secret that is no text, for none, and for both.
pub fn parse(body: &Map<String, Value>) -> Result<Rotation, Vec<Fault>> {
    let inputs = inputs(body);
    let mut form = Form::new(&inputs);
    let secrets = (form.text(SECRET), form.text(RETIRING_SECRET));
    let wrong = |words: &str| Err(vec![Fault::general(words)]);
    match form.finish(secrets)? {
        (Some(secret), None) => Ok(Rotation::Succeed(Secret::new(secret))),
        (None, Some(secret)) => Ok(Rotation::Drop(Secret::new(secret))),
        (None, None) => wrong("Secret to rotate must be provided"),
        (Some(_), Some(_)) => wrong("Only one secret can be rotated at a time"),
    }
}

/// What the request meets.
pub struct Seen {
    rotation: Rotation,
    project: ProjectId,
    application: Existence,
    credentials: Option<ClientRow>,
    data_key: Option<String>,
    turn: Turn,
}

/// What the request meets, to be read beside the authorisation: in the caller's project, or, for super admins, where it is.
///
/// # Errors
/// The faults of the request, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (id, wish): (Option<ClientId>, Wish<Rotation>),
) -> Result<Seen, Failure> {
    let (rotation, once) = wish?;
    // A malformed id costs the same reads as an unknown one.
    let id = id.unwrap_or_else(|| ClientId::new(Uuid::nil()));
    let mut project = tenant.project();
    if claimant.project() == means.keys.super_project() {
        project = means.store.whereabouts(id.uuid()).await?.unwrap_or(project);
    }
    let tenant = means.store.founding(project);
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys = vec![Key::Client(id), tenant.data_key_place()];
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let (application, found) = tokio::join!(
        tenant.resource(CLIENT_APPLICATION, id.uuid()),
        tenant.read(&keys)
    );
    let mut found = found?;
    Ok(Seen {
        rotation,
        project,
        application: application?,
        credentials: means.store.client_in(&mut found, id)?,
        data_key: tenant.data_key_in(&mut found)?,
        turn: Turn::among(&mut found, slip, (tenant, means.now))?,
    })
}

/// Rotates it; the answer shows the secrets that count from now on.
///
/// # Errors
/// [`Refusal::NotFound`] for an application that is unknown or of another project, [`Refusal::Gone`]; a fault when the secret is not
/// the one to be rotated; [`Refusal::Contended`] when the application changes meanwhile.
pub async fn rotate_secret(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    let caller = &caller.clone().acting_in(seen.project)?;
    let tenant = means.store.of(caller);
    let vault = Vault::open(means, seen.project, seen.data_key.as_deref())?.or_new()?;
    if let Some(earlier) = seen.turn.earlier() {
        return shown(&vault, answer_again(tenant, earlier).await?);
    }
    let Stored { resource: old, .. } = match seen.application {
        Existence::Here(stored) => *stored,
        Existence::Gone => return Err(Refusal::Gone.into()),
        Existence::Unknown => return Err(Refusal::NotFound.into()),
    };
    let wish = (&seen.rotation, &seen.credentials);
    let (new, credentials) = rotated((means, &vault), caller, &old, wish)?;
    let fields = changed_fields(&names(&old), &names(&new));
    let event = (Action::Update, "rotate-secret");
    let written = Transaction::new()
        .steps(seen.turn.remember(tenant, &new, means.now))
        .steps(tenant.rewrite_resource(&old, &new))
        .steps(credentials)
        .steps(vault.step(tenant))
        .step(means.event(caller, event, &new, fields))
        .commit(means.store, means.dice)
        .await;
    match seen.turn.settle(written, (tenant, means.now)).await? {
        None => shown(&vault, new),
        Some(earlier) => shown(&vault, answer_again(tenant, &earlier).await?),
    }
}

/// The application's next version, and what becomes of its credentials. One that was made by hand has none.
fn rotated(
    (means, vault): (Means<'_>, &Vault<'_>),
    caller: &Caller,
    old: &Resource,
    (rotation, credentials): (&Rotation, &Option<ClientRow>),
) -> Result<(Resource, Option<Step>), Failure> {
    let id = ClientId::new(old.id);
    let mut new = old.clone();
    new.meta = means.next_version(caller.profile(), &old.meta);
    let (field, given) = match rotation {
        Rotation::Succeed(given) => (SECRET, given),
        Rotation::Drop(given) => (RETIRING_SECRET, given),
    };
    let known = take_secret(vault, &mut new, field)?;
    let known = known.filter(|known| secret::digest(known).matches(given.reveal()));
    let known = known.ok_or_else(|| Fault::general("Provided secret does not match client"))?;
    let step = match rotation {
        Rotation::Drop(_) => credentials
            .as_ref()
            .map(|read| means.store.drop_retiring_secret(id, read)),
        Rotation::Succeed(_) => {
            let next = secret::client_secret(&means.dice);
            new.body.extend([
                sealed(vault, id, (SECRET, &next)),
                sealed(vault, id, (RETIRING_SECRET, &known)),
            ]);
            let hash = secret::digest(&next);
            credentials
                .as_ref()
                .map(|read| means.store.succeed_secret(id, read, hash.as_str()))
        }
    };
    Ok((new, step))
}

/// The fields under the names that people know, for the record, which never holds a value.
fn names(application: &Resource) -> Map<String, Value> {
    let known = |name: &String| match name.as_str() {
        "_sealedSecret" => SECRET.to_owned(),
        "_sealedRetiringSecret" => RETIRING_SECRET.to_owned(),
        _ => name.clone(),
    };
    let fields = application.body.iter();
    fields
        .map(|(name, value)| (known(name), value.clone()))
        .collect()
}
