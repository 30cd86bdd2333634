//! Found an installation: the system's keys, the server administrators' project, the first of them, and an application for
//! programs. Run again, it changes nothing.

use domain::{
    ClientId, Dice, Email, Failure, Fault, PROJECT, Project, ProjectId, Scope, Secret, Standing,
    Timestamp, USER, User,
};
use fhir::{Reference, Resource};
use identity::password::{self, Password};
use identity::{KeyRing, MasterKey, SystemKeys};
use serde_json::{Map, json};
use store::{Aborted, NewUser, Store, StoredKeys, Transaction};

use crate::create_client::Application;
use crate::init_project::owner_parts;
use crate::invite::index_steps;
use crate::vault::Vault;
use crate::{Means, Settings};

/// What an installation begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The first administrator's address.
    pub email: Email,
    /// His password.
    pub password: Secret,
    /// The application's id.
    pub client: ClientId,
    /// The application's secret.
    pub client_secret: Secret,
}

/// Whether anything was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Founded {
    /// The installation was founded now.
    Now,
    /// It was there already.
    Before,
}

/// Founds the installation.
///
/// # Errors
/// A fault for a password that is too short, [`Failure::Unavailable`].
pub async fn bootstrap(
    store: &Store,
    settings: &Settings,
    (master, wrapped): (&MasterKey, Option<String>),
    (founding, now, dice): (Founding, Timestamp, Dice),
) -> Result<Founded, Failure> {
    if store.system_keys().await?.is_some() {
        return Ok(Founded::Before);
    }
    let project_id = ProjectId::new(dice.id());
    let keys = SystemKeys::create(master, &dice, now, project_id)?;
    let ring = KeyRing::open(&keys, master)?;
    let means = Means {
        store,
        keys: &ring,
        settings,
        now,
        dice,
    };
    let keys = serde_json::to_value(&keys)
        .map_err(|cause| Failure::corrupt("the system's keys", cause))?;
    let everything = Transaction::new()
        .step(store.create_system_keys(&StoredKeys { keys, wrapped }))
        .steps(first_project(means, project_id, &founding)?);
    match everything.commit(store, dice).await {
        Ok(()) => Ok(Founded::Now),
        Err(Aborted::Changed) => Ok(Founded::Before),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}

fn first_project(
    means: Means<'_>,
    id: ProjectId,
    founding: &Founding,
) -> Result<Vec<store::Step>, Failure> {
    let user = first_user(means, &founding.email);
    let project = super_project(means, id, &user);
    let tenant = means.store.founding(id);
    let password =
        Password::parse(founding.password.reveal()).map_err(|fault: Fault| Failure::from(fault))?;
    let (owner, profile, member) = owner_parts(means, &project, &user, true)?;
    let body = json!({ "name": "Super Admin Client", "description": "For programs that administer the server" });
    let body = body.as_object().cloned().unwrap_or_default();
    let identity = (founding.client, founding.client_secret.clone());
    let grant = Map::from_iter([("admin".to_owned(), true.into())]);
    let vault = Vault::new(means, id)?;
    let application = Application::with_identity(
        means,
        (&project, &vault),
        &Reference::system(),
        (identity, body, grant),
    )?;
    let mut steps = means.store.create_user(&NewUser {
        email: Some(means.blind_email(&founding.email)),
        password: Some(password::hash(&password, &means.dice)),
        user,
    });
    steps.extend(means.store.create_project(&project, 2));
    steps.push(tenant.first_edge(owner, &member.membership)?);
    steps.push(tenant.create_resource(&profile, 1));
    steps.extend(index_steps(means, tenant, &profile)?);
    steps.push(tenant.create_member(&member)?);
    steps.extend(application.steps(means, tenant)?);
    steps.extend(vault.step(tenant));
    Ok(steps)
}

/// The first administrator needs no proof of his mailbox: who founds an installation is who he says he is.
fn first_user(means: Means<'_>, email: &Email) -> User {
    let body = json!({ "firstName": "Super", "lastName": "Admin", "email": email.as_str(), "emailVerified": true });
    let resource = Resource {
        kind: USER.into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), None),
        body: body.as_object().cloned().unwrap_or_default(),
    };
    debug_assert!(resource.body.contains_key("email"));
    User {
        resource,
        standing: Standing {
            proven: 1,
            ..Standing::newborn(None)
        },
    }
}

fn super_project(means: Means<'_>, id: ProjectId, owner: &User) -> Project {
    debug_assert_eq!(owner.scope(), Scope::Server);
    let body = json!({
        "name": "Super Admin",
        "superAdmin": true,
        "strictMode": true,
        "owner": owner.reference().to_json(),
    });
    Project::from_resource(Resource {
        kind: PROJECT.into(),
        id: id.uuid(),
        meta: means.first_version(Reference::system(), Some(id.uuid())),
        body: body.as_object().cloned().unwrap_or_default(),
    })
}
