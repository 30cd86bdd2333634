//! `Project/$init`: a project that can be used at once, with its owner, his profile and a default application.

use domain::{
    Caller, Email, Failure, Fault, Membership, PROJECT, PROJECT_MEMBERSHIP, ProfileType, Project,
    ProjectId, Refusal, Scope, Standing, Subject, USER, User, UserId, person_body,
};
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};
use store::{Action, Holder, Member, NewUser, Step, Tenant, Transaction};

use crate::Means;
use crate::create_client::Application;
use crate::create_project::created_before;
use crate::invite::index_steps;
use crate::once::{self, Turn, Wish};
use crate::parameters::inputs;
use crate::record::all_fields;
use crate::vault::Vault;

/// How often a project is decided anew when the owner's address was taken meanwhile.
const ROUNDS: usize = 8;

/// A well-formed request.
#[derive(Clone, Debug)]
pub struct Start {
    name: String,
    owner: Option<Reference>,
    owner_email: Option<Email>,
}

impl Start {
    /// Reads a `Parameters` resource or a plain object with the same names.
    ///
    /// # Errors
    /// One fault per parameter that is missing or badly formed.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let inputs = inputs(body);
        let name = inputs
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let owner = inputs
            .get("owner")
            .map(|owner| Reference::from_json(owner).unwrap_or_else(Reference::system));
        let given = inputs.get("ownerEmail").filter(|email| **email != "");
        let owner_email = given
            .and_then(Value::as_str)
            .and_then(|email| email.parse().ok());
        let mut faults = Vec::new();
        if name.is_none() {
            let words = "Expected at least 1 value(s) for required input parameter 'name'";
            faults.push(Fault::general(words));
        }
        if given.is_some() && owner_email.is_none() {
            faults.push(Fault::invalid(
                "ownerEmail",
                "Valid email address is required",
            ));
        }
        if owner.as_ref().is_some_and(|owner| owner.kind() != USER) {
            faults.push(Fault::general(
                "Only Users are permitted to be the owner of a new Project",
            ));
        }
        if faults.is_empty() {
            Ok(Self {
                name: name.unwrap_or_default().to_owned(),
                owner,
                owner_email,
            })
        } else {
            Err(faults)
        }
    }
}

/// Who will own the project.
enum Owner {
    /// Nobody: the caller is an application.
    Nobody,
    /// A user who is there already.
    Known(Box<User>),
    /// A user who is made with the project.
    New(Box<NewUser>),
}

/// What the request meets.
pub struct Seen {
    start: Start,
    turn: Turn,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, the refusal of an earlier key with another body, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: domain::Claimant,
    wish: Wish<Start>,
) -> Result<Seen, Failure> {
    let (start, once) = wish?;
    let turn = once::look(means, tenant, &claimant, once).await?;
    Ok(Seen { start, turn })
}

/// Carries it out.
///
/// # Errors
/// [`Refusal::Forbidden`] where members may not begin projects, faults about the owner, [`Failure::Unavailable`].
pub async fn init_project(
    means: Means<'_>,
    caller: &Caller,
    seen: Seen,
) -> Result<Resource, Failure> {
    if !means.settings.accounts.projects_by_members && !caller.is_super_admin() {
        return Err(Refusal::Forbidden.into());
    }
    if let Some(earlier) = seen.turn.earlier() {
        return created_before(means, earlier).await;
    }
    let home = means.store.of(caller);
    for _ in 0..ROUNDS {
        let owner = owner(means, caller, &seen.start).await?;
        let parts = Beginning::make(means, caller, &seen.start, owner)?;
        let resource = parts.project.resource();
        let written = Transaction::new()
            .steps(seen.turn.remember(home, resource, means.now))
            .steps(parts.steps(means, ("init-project", caller.profile()))?)
            .commit_or_look_again(means.store, means.dice)
            .await;
        match seen.turn.settle(written, (home, means.now)).await {
            Ok(None) => return Ok(parts.project.into_resource()),
            Ok(Some(earlier)) => return created_before(means, &earlier).await,
            Err(Failure::Refused(Refusal::Contended)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Refusal::Contended.into())
}

async fn owner(means: Means<'_>, caller: &Caller, start: &Start) -> Result<Owner, Failure> {
    let foreign = || Fault::general("Project owner must not belong to another Project");
    let user = if let Some(owner) = &start.owner {
        let id = owner.id().map(UserId::new);
        let user = match id {
            Some(id) => means.store.user(id).await?,
            None => None,
        };
        Some(user.ok_or(Refusal::NotFound)?)
    } else if let Some(email) = &start.owner_email {
        let blind = means.blind_email(email);
        match means.store.holder_of(Scope::Server, &blind).await? {
            Some(Holder { user, .. }) => {
                Some(means.store.user(user).await?.ok_or(Refusal::Contended)?)
            }
            None => {
                let user = new_owner(means, &start.name, email);
                return Ok(Owner::New(Box::new(NewUser {
                    user,
                    email: Some(blind),
                    password: None,
                })));
            }
        }
    } else {
        caller.user().cloned()
    };
    match user {
        Some(user) if user.scope() != Scope::Server => Err(foreign().into()),
        Some(user) => Ok(Owner::Known(Box::new(user))),
        None => Ok(Owner::Nobody),
    }
}

fn new_owner(means: Means<'_>, project_name: &str, email: &Email) -> User {
    let names = json!({ "firstName": project_name, "lastName": "Admin", "email": email.as_str() });
    let resource = Resource {
        kind: USER.into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), None),
        body: names.as_object().cloned().unwrap_or_default(),
    };
    User {
        resource,
        standing: Standing::newborn(None),
    }
}

/// Everything that a project begins with.
pub(crate) struct Beginning {
    project: Project,
    new_owner: Option<NewUser>,
    owner: Option<(UserId, Resource, Member)>,
    application: Application,
    data_key: Option<Step>,
}

impl Beginning {
    fn make(
        means: Means<'_>,
        caller: &Caller,
        start: &Start,
        owner: Owner,
    ) -> Result<Self, Failure> {
        let (user, new_owner) = match owner {
            Owner::Nobody => (None, None),
            Owner::Known(user) => (Some(*user), None),
            Owner::New(new) => (Some(new.user.clone()), Some(*new)),
        };
        let own =
            matches!((caller.subject(), &user), (Subject::User(id), Some(user)) if id == user.id());
        let vault = |project| Vault::new(means, project);
        Self::of(means, &start.name, (user, own), (new_owner, vault))
    }

    /// A project that a user makes for himself.
    pub(crate) fn own(means: Means<'_>, name: &str, user: &User) -> Result<Self, Failure> {
        // Its key would be a row more than this may write: it comes with the first secret after this one.
        let vault = |project| Vault::open(means, project, None);
        Self::of(means, name, (Some(user.clone()), true), (None, vault))
    }

    fn of<'a>(
        means: Means<'a>,
        name: &str,
        (user, own): (Option<User>, bool),
        (new_owner, vault): (
            Option<NewUser>,
            impl Fn(ProjectId) -> Result<Vault<'a>, Failure>,
        ),
    ) -> Result<Self, Failure> {
        let project = project(means, name, user.as_ref());
        let owner = user
            .map(|user| owner_parts(means, &project, &user, own))
            .transpose()?;
        let description = format!("Default client for {name}");
        let body = json!({ "name": format!("{name} Default Client"), "description": description });
        let body = body.as_object().cloned().unwrap_or_default();
        let vault = vault(project.id())?;
        let parts = (body, Map::new());
        let own = (&project, &vault);
        let application = Application::make(means, own, &Reference::system(), parts)?;
        let data_key = vault.step(means.store.founding(project.id()));
        Ok(Self {
            project,
            new_owner,
            owner,
            application,
            data_key,
        })
    }

    /// The project.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// The owner's membership.
    pub(crate) fn membership(&self) -> Option<&Membership> {
        self.owner.as_ref().map(|(.., member)| &member.membership)
    }

    /// The steps by which it begins, and the event of what `who` did by `operation`.
    pub(crate) fn steps(
        &self,
        means: Means<'_>,
        (operation, who): (&str, Reference),
    ) -> Result<Vec<Step>, Failure> {
        let tenant = means.store.founding(self.project.id());
        let admins = u32::from(self.owner.is_some());
        let resource = self.project.resource();
        let parties = (who, resource.reference());
        let event = store::Event::success(Action::Create, operation, parties, means.now);
        let event = event.with_fields(all_fields(&resource.body));
        let mut steps = Vec::new();
        if let Some(new) = &self.new_owner {
            steps.extend(means.store.create_user(new));
        }
        steps.extend(means.store.create_project(&self.project, admins));
        steps.extend(self.application.steps(means, tenant)?);
        steps.extend(self.data_key.clone());
        steps.extend(self.owner_steps(means, tenant)?);
        steps.push(tenant.record(&event, means.now, means.dice));
        Ok(steps)
    }

    fn owner_steps(&self, means: Means<'_>, tenant: Tenant<'_>) -> Result<Vec<Step>, Failure> {
        let Some((user, profile, member)) = &self.owner else {
            return Ok(Vec::new());
        };
        let mut steps = vec![
            tenant.first_edge(*user, &member.membership)?,
            tenant.create_resource(profile, 1),
            tenant.create_member(member)?,
        ];
        steps.extend(index_steps(means, tenant, profile)?);
        Ok(steps)
    }
}

fn project(means: Means<'_>, name: &str, owner: Option<&User>) -> Project {
    let id = means.dice.id();
    let mut body = Map::new();
    body.insert("name".into(), name.into());
    if let Some(owner) = owner {
        body.insert("owner".into(), owner.reference().to_json());
    }
    body.insert("strictMode".into(), true.into());
    let meta = means.first_version(Reference::system(), Some(id));
    Project::from_resource(Resource {
        kind: PROJECT.into(),
        id,
        meta,
        body,
    })
}

/// The owner's profile and membership. What somebody makes for himself needs no proof of his mailbox.
pub(crate) fn owner_parts(
    means: Means<'_>,
    project: &Project,
    user: &User,
    own: bool,
) -> Result<(UserId, Resource, Member), Failure> {
    let (first, last) = user.names();
    let email = user.email().and_then(|email| email.parse::<Email>().ok());
    let within = Some(project.id().uuid());
    let profile = Resource {
        kind: ProfileType::Practitioner.as_str().into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), within),
        body: person_body(first, last, email.as_ref()),
    };
    let fields = json!({
        "project": project.reference().to_json(),
        "user": user.reference().to_json(),
        "profile": profile.reference().to_json(),
        "admin": true,
    });
    let membership = Membership::from_resource(Resource {
        kind: PROJECT_MEMBERSHIP.into(),
        id: means.dice.id(),
        meta: means.first_version(Reference::system(), within),
        body: fields.as_object().cloned().unwrap_or_default(),
    })?;
    let needs_proof = if own {
        None
    } else {
        user.standing.proof_needed(project.id())
    };
    Ok((
        user.id(),
        profile,
        Member {
            membership,
            owner: true,
            needs_proof,
            invited: false,
        },
    ))
}
