//! The rights of a member: the policies that his membership names, read, with what his role brings; and what they say to a request,
//! whatever the verb, the route or the batch entry.
//!
//! [`to`] is asked before anything is said about a request, with the type alone; the others when the resource is known. Users update
//! themselves (seed: "Users exist above the Project level and can only be self-updated").

use std::sync::Arc;

use domain::access::{self, Interaction, Named, Parameters, Policy, Rights, Standpoint};
use domain::{Caller, Claimant, Failure, Membership, PolicyHint, Project, Refusal, USER};
use fhir::Resource;
use store::Tenant;
use tokio::sync::watch;
use uuid::Uuid;

use crate::Means;
use crate::vault::Vaults;

/// Which policies a membership names: what its tokens hint at.
pub(crate) fn hint(membership: &Membership) -> PolicyHint {
    PolicyHint::new(ids(membership))
}

fn ids(membership: &Membership) -> impl Iterator<Item = Uuid> {
    let named = membership.policies().into_iter();
    let mut ids: Vec<Uuid> = named.filter_map(|(policy, _)| policy.id()).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter()
}

/// The rights of a membership of a project. Policies that were read by a hint are not read again; one that the hint did not name costs
/// a round trip.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn of(
    means: Means<'_>,
    (membership, project): (&Membership, &Project),
    hinted: (PolicyHint, Vec<Resource>),
) -> Result<Rights, Failure> {
    let tenant = means.store.founding(project.id());
    let named = named(tenant, membership, hinted).await?;
    let member = Standpoint::of(membership, project)?;
    Ok(Rights::of(member, &named).beside(member, &project.links()))
}

/// Why somebody does not get in from where he is, as recorded.
pub(crate) const NOT_FROM_HERE: &str = "IP address not allowed";

/// Whether the policies of a membership let its member in from an address; who has none may come from anywhere.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn welcome(
    means: Means<'_>,
    of_project: (&Membership, &Project),
    address: &str,
) -> Result<bool, Failure> {
    if of_project.0.policies().is_empty() {
        return Ok(true);
    }
    let rights = of(means, of_project, (PolicyHint::default(), Vec::new())).await?;
    Ok(rights.welcome(address))
}

/// The policies that a membership names, each with its parameters; those that are not there, too.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn named(
    tenant: Tenant<'_>,
    membership: &Membership,
    (hint, mut read): (PolicyHint, Vec<Resource>),
) -> Result<Vec<Named>, Failure> {
    let hinted: Vec<Uuid> = hint.ids().collect();
    let unread: Vec<Uuid> = ids(membership).filter(|id| !hinted.contains(id)).collect();
    if !unread.is_empty() {
        read.extend(tenant.policies(&unread).await?);
    }
    let profile = membership.profile();
    let policies = membership.policies().into_iter();
    Ok(policies
        .map(|(reference, given)| {
            let is_meant = |it: &&Resource| {
                reference.kind() == it.kind.as_str() && Some(it.id) == reference.id()
            };
            let parameters = Parameters::new(&profile, &given);
            let policy = read.iter().find(is_meant);
            let policy = policy.map(|resource| Policy::read(resource, parameters));
            (reference, policy)
        })
        .collect())
}

/// The caller with the rights that he acts by.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn bestow(
    means: Means<'_>,
    caller: Caller,
    hinted: (PolicyHint, Vec<Resource>),
) -> Result<Caller, Failure> {
    let foreign = !caller.is_at_home() && caller.on_behalf_of().is_some();
    let project = match foreign {
        // A super admin stands in for somebody elsewhere.
        true => means.store.of(&caller).read_project().await?,
        false => Some(caller.project().clone()),
    };
    let project = project.ok_or(Refusal::NotFound)?;
    let rights = of(means, (caller.acting(), &project), hinted).await?;
    let rights = rights.within(caller.scope());
    Ok(caller.with(Arc::new(rights)))
}

/// What an operation that reads beside the authorisation will know of the caller's rights, as soon as they are known.
#[derive(Clone, Debug)]
pub struct Sight {
    claimant: Claimant,
    caller: watch::Receiver<Option<Arc<Caller>>>,
}

/// The other end of a [`Sight`].
pub(crate) struct Eye(watch::Sender<Option<Arc<Caller>>>);

impl Sight {
    pub(crate) fn new(claimant: Claimant) -> (Eye, Self) {
        let (sender, caller) = watch::channel(None);
        (Eye(sender), Self { claimant, caller })
    }

    /// Whom the credentials name.
    pub fn claimant(&self) -> Claimant {
        self.claimant
    }

    /// The sight of a caller who is known already.
    pub fn of(caller: &Caller, claimant: Claimant) -> Self {
        let (eye, sight) = Self::new(claimant);
        eye.open(caller);
        sight
    }

    /// The caller, if he is known by now.
    pub(crate) fn known(&self) -> Option<Arc<Caller>> {
        self.caller.borrow().clone()
    }

    /// Waits for the caller, who carries his rights.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] when there is none; the authorisation says why.
    pub async fn caller(&mut self) -> Result<Arc<Caller>, Failure> {
        let known = self.caller.wait_for(Option::is_some).await;
        let known = known.map_err(|_| Refusal::Unauthorized)?;
        known.clone().ok_or_else(|| Refusal::Unauthorized.into())
    }
}

impl Eye {
    pub(crate) fn open(self, caller: &Caller) {
        self.0.send_replace(Some(Arc::new(caller.clone())));
    }
}

/// Whether a type is out of reach for whom the credentials name, before anything is read.
pub(crate) fn is_protected(means: Means<'_>, kind: &str, claimant: &Claimant) -> bool {
    access::is_protected(kind, claimant.project() == means.keys.super_project())
}

/// Whether the caller may do this with resources of the type at all.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn to(caller: &Caller, interaction: Interaction, kind: &str) -> Result<(), Failure> {
    let perhaps_himself = kind == USER && interaction == Interaction::Update;
    if perhaps_himself {
        return Ok(());
    }
    caller.rights().must(kind, interaction)?;
    Ok(())
}

fn is_himself(caller: &Caller, resource: &Resource) -> bool {
    let own = caller.user().map(|own| own.resource.id);
    resource.kind == USER && own == Some(resource.id) && caller.on_behalf_of().is_none()
}

/// Whether the caller may change or delete this stored resource, before anything of it is told.
///
/// # Errors
/// [`Refusal::NotFound`] for one that he may not even read, else [`Refusal::Forbidden`].
pub(crate) fn to_touch(
    caller: &Caller,
    interaction: Interaction,
    stored: &Resource,
) -> Result<(), Failure> {
    let rights = caller.rights();
    let lens = rights.lens(&stored.kind, interaction);
    if is_himself(caller, stored) || lens.rule_for(stored).is_some() {
        return Ok(());
    }
    let reads = rights.lens(&stored.kind, Interaction::Read);
    Err(match reads.rule_for(stored) {
        Some(_) => Refusal::Forbidden.into(),
        None => Refusal::NotFound.into(),
    })
}

/// The stored resource as somebody sees it who is about to change it: without what is hidden from him, so that no patch can test it.
///
/// # Errors
/// [`Failure::Corrupt`] for a secret that cannot be opened.
pub(crate) fn before_change(
    vaults: &Vaults<'_>,
    caller: &Caller,
    stored: &Resource,
) -> Result<Resource, Failure> {
    let resource = vaults.revealed(caller.rights(), stored.clone())?;
    Ok(caller.rights().without_hidden(resource, stored))
}

/// The changed resource as it may be stored, with the fields as they are that are not the caller's to set.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub(crate) fn to_update(
    caller: &Caller,
    stored: &Resource,
    new: Resource,
) -> Result<Resource, Failure> {
    if is_himself(caller, stored) {
        return Ok(new);
    }
    Ok(caller.rights().to_update(stored, new)?)
}

/// Whether one who may not see every deleted resource is told that there was one.
pub(crate) fn knows_of_deleted(caller: &Caller, kind: &str) -> bool {
    caller.rights().lens(kind, Interaction::Read).is_open()
}

/// A resource as one sees it who has just written it, or found it there: who may not read it learns where it is, and no more.
///
/// # Errors
/// [`Failure::Unavailable`] when its key is not among `vaults` and cannot be read,
/// [`Failure::Corrupt`] for a secret that cannot be opened.
pub(crate) async fn shown(
    mut vaults: Vaults<'_>,
    caller: &Caller,
    resource: Resource,
) -> Result<Resource, Failure> {
    let rights = caller.rights();
    vaults.learn(rights, std::iter::once(&resource)).await?;
    let resource = vaults.revealed(rights, resource)?;
    let himself = is_himself(caller, &resource);
    let nothing = Resource {
        body: serde_json::Map::new(),
        ..resource.clone()
    };
    match himself {
        true => Ok(resource),
        false => Ok(caller
            .rights()
            .shown(resource, Interaction::Read)
            .unwrap_or(nothing)),
    }
}
