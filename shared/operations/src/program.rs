//! What is common to applications and bots: how they are asked for, what the request meets, and the membership by which they act.

use domain::{Caller, Claimant, Failure, Membership, PROJECT_MEMBERSHIP, Project};
use fhir::{Reference, Resource};
use serde_json::{Map, Value};
use store::{Found, Key, Member, Tenant};

use crate::once::{Turn, Wish};
use crate::{Means, realm, references};

/// A well-formed request for a program.
#[derive(Clone, Debug)]
pub struct NewProgram {
    /// The program's own fields.
    pub(crate) body: Map<String, Value>,
    /// The policy of its membership.
    pub(crate) access_policy: Option<Reference>,
}

/// What the request meets.
pub struct Seen {
    pub(crate) program: NewProgram,
    pub(crate) turn: Turn,
    /// The project's data key, if it has one.
    pub(crate) data_key: Option<String>,
    project: Option<Project>,
    found: Found,
}

/// What the request meets, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`domain::Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<NewProgram>,
) -> Result<Seen, Failure> {
    let (program, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys: Vec<Key> = realm::key(tenant, &claimant).into_iter().collect();
    keys.push(tenant.data_key_place());
    keys.extend(references::keys(tenant, &program.references())?);
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    Ok(Seen {
        program,
        turn: Turn::among(&mut found, slip, (tenant, means.now))?,
        data_key: tenant.data_key_in(&mut found)?,
        project: tenant.project_in(&mut found)?,
        found,
    })
}

impl NewProgram {
    fn references(&self) -> Vec<(String, Reference)> {
        let policy = self.access_policy.iter().cloned();
        policy
            .map(|policy| ("accessPolicy".to_owned(), policy))
            .collect()
    }
}

impl Seen {
    /// The project that gets the program.
    ///
    /// # Errors
    /// [`domain::Refusal::NotFound`].
    pub(crate) fn project(&self, caller: &Caller) -> Result<Project, Failure> {
        realm::project(caller, self.project.as_ref())
    }

    /// What its membership says about access.
    ///
    /// # Errors
    /// A fault for a policy that is not there.
    pub(crate) fn grant(&self, tenant: Tenant<'_>) -> Result<Map<String, Value>, Failure> {
        let references = self.program.references();
        references::check(tenant, &self.found, &references)?;
        let named = references.into_iter();
        Ok(named
            .map(|(field, policy)| (field, policy.to_json()))
            .collect())
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
