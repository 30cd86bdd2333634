//! Explain what a member may do, and by which rule (contract: access control; users ask for "explain my access").

mod view;

use domain::access::{Asked, Interaction, Named, Rights, Standpoint, is_protected};
use domain::{
    Caller, Claimant, Failure, Fault, MembershipId, PolicyHint, Project, Refusal, User, UserId,
};
use fhir::Resource;
use serde_json::Value;
use store::{Member, Tenant};
use uuid::Uuid;

use crate::{Means, linked, read_resource, realm, rights};

/// What an administrator wants to know about a member.
#[derive(Clone, Debug, Default)]
pub struct Question(Option<About>);

#[derive(Clone, Debug)]
struct About {
    kind: String,
    id: Option<String>,
    interaction: Interaction,
}

impl Question {
    /// Reads `resource` (`Patient/{id}` or `Patient`) and `interaction`; unless said, one resource is to be read and a type to be
    /// searched. Without a resource the question is which rules there are.
    ///
    /// # Errors
    /// Faults that name the parameters.
    pub fn parse(resource: Option<&str>, interaction: Option<&str>) -> Result<Self, Failure> {
        let interaction = interaction.map(str::parse::<Interaction>).transpose();
        let mut faults = Vec::new();
        if interaction.is_err() {
            let words = Interaction::ALL.map(Interaction::as_str).join(", ");
            let words = format!("interaction must be one of {words}");
            faults.push(Fault::invalid("interaction", words));
        }
        let (kind, id) = match resource.map(|text| text.split_once('/').ok_or(text)) {
            None => ("", None),
            Some(Ok((kind, id))) => (kind, Some(id.to_owned())),
            Some(Err(kind)) => (kind, None),
        };
        if resource.is_some() && !fhir::known(kind) {
            faults.push(Fault::invalid(
                "resource",
                "Unknown resource type in resource",
            ));
        }
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let usual = id
            .as_ref()
            .map_or(Interaction::Search, |_| Interaction::Read);
        Ok(Self(resource.map(|_| About {
            kind: kind.to_owned(),
            id,
            interaction: interaction.ok().flatten().unwrap_or(usual),
        })))
    }
}

/// What the answer is made from.
pub struct Seen {
    question: Question,
    member: Member,
    user: Option<User>,
    policies: Vec<Named>,
    resource: Result<Option<Resource>, Failure>,
    project: Option<Project>,
}

/// The member, his policies and the resource, to be read beside the authorisation.
///
/// # Errors
/// The faults of the question; [`Refusal::NotFound`] for an unknown, foreign or malformed member alike; [`Refusal::Gone`].
pub async fn look(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    id: Option<MembershipId>,
    question: Result<Question, Failure>,
) -> Result<Seen, Failure> {
    let question = question?;
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or_else(|| MembershipId::new(Uuid::nil()));
    let mut keys = tenant.places_of(id);
    keys.extend(realm::key(tenant, &claimant));
    let all_seeing = claimant.project() == means.keys.super_project();
    let (found, resource) = tokio::join!(
        tenant.read(&keys),
        resource(means, tenant, &question, all_seeing)
    );
    let mut found = found?;
    let project = tenant.project_in(&mut found)?;
    let member = tenant.member(&mut found, id)?;
    if !matches!(resource, Ok(_) | Err(Failure::Refused(Refusal::NotFound))) {
        resource?;
        return Err(Refusal::NotFound.into());
    }
    let nothing = (PolicyHint::default(), Vec::new());
    let (policies, user) = tokio::join!(
        rights::named(tenant, &member.membership, nothing),
        user(means, &member)
    );
    Ok(Seen {
        question,
        user: user?,
        policies: policies?,
        resource,
        project,
        member,
    })
}

async fn resource(
    means: Means<'_>,
    tenant: Tenant<'_>,
    question: &Question,
    all_seeing: bool,
) -> Result<Option<Resource>, Failure> {
    let Some(About {
        kind, id: Some(id), ..
    }) = &question.0
    else {
        return Ok(None);
    };
    if is_protected(kind, all_seeing) {
        return Err(Refusal::NotFound.into());
    }
    let id = id
        .parse::<MembershipId>()
        .map_or_else(|_| Uuid::nil(), MembershipId::uuid);
    read_resource::within(means, tenant, (kind, id), all_seeing)
        .await
        .map(Some)
}

/// The person, whose proof of his address a membership may wait for.
async fn user(means: Means<'_>, member: &Member) -> Result<Option<User>, Failure> {
    let user = member.membership.user().id().map(UserId::new);
    match user.filter(|_| member.needs_proof.is_some()) {
        Some(user) => means.store.user(user).await,
        None => Ok(None),
    }
}

/// Whether the member may act at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    Inactive,
    NeedsProof,
}

/// The answer: the member's standing, the rules he is under and, if it was asked for, which one decides. What is not here is looked for
/// in the projects that this one is linked to, as a read would.
///
/// # Errors
/// [`Refusal::NotFound`] for a project that is not there, and for an unknown, foreign or malformed resource alike;
/// [`Failure::Unavailable`].
pub async fn explain(means: Means<'_>, caller: &Caller, seen: Seen) -> Result<Value, Failure> {
    let project = realm::project(caller, seen.project.as_ref())?;
    let membership = &seen.member.membership;
    let standpoint = Standpoint::of(membership, &project)?;
    let rights = Rights::of(standpoint, &seen.policies);
    let rights = rights.beside(standpoint, &project.links());
    let (resource, elsewhere) = match &seen.resource {
        Ok(resource) => (resource.clone(), false),
        Err(_) => (
            Some(linked_one(means, (caller, &project), &seen).await?),
            true,
        ),
    };
    let about = seen.question.0.as_ref();
    let decision = about.map(|about| {
        rights.decide(Asked {
            kind: &about.kind,
            interaction: about.interaction,
            resource: resource.as_ref(),
        })
    });
    Ok(view::of(&view::Facts {
        seen: &seen,
        standpoint,
        state: state(&seen),
        rights: &rights,
        decision: decision.as_ref(),
        only_read: elsewhere && about.is_some_and(|about| !reads(about.interaction)),
    }))
}

/// The resource of a linked project.
async fn linked_one(
    means: Means<'_>,
    place: (&Caller, &Project),
    seen: &Seen,
) -> Result<Resource, Failure> {
    let about = seen.question.0.as_ref();
    let id = about.and_then(|about| Some((about.kind.as_str(), about.id.as_ref()?.parse().ok()?)));
    let address = id.ok_or(Refusal::NotFound)?;
    let found = linked::exported_to(means, place, address).await?;
    found.ok_or_else(|| Refusal::NotFound.into())
}

fn reads(interaction: Interaction) -> bool {
    use Interaction::{History, Read, Search, Vread};
    [History, Read, Search, Vread].contains(&interaction)
}

fn state(seen: &Seen) -> State {
    let proven = seen.user.as_ref().map_or(0, |user| user.standing.proven);
    if !seen.member.membership.is_active() {
        State::Inactive
    } else if seen
        .member
        .needs_proof
        .is_some_and(|needed| proven < needed)
    {
        State::NeedsProof
    } else {
        State::Active
    }
}
