//! Explain what a member may do, and by which rule (contract: access control; users ask for "explain my access").

mod view;

use domain::access::{self, Asked, Decision, Interaction, Parameters, Policy, Rule, Standpoint};
use domain::{Caller, Claimant, Failure, Fault, MembershipId, Project, Refusal, User, UserId};
use fhir::{Reference, Resource};
use serde_json::Value;
use store::{Key, Member, Tenant};
use uuid::Uuid;

use crate::{Means, read_resource, realm};

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
    policies: Vec<(Reference, Option<Policy>)>,
    resource: Option<Resource>,
    project: Option<Project>,
}

/// The member, his policies and the resource, to be read beside the authorisation.
///
/// # Errors
/// The faults of the question; [`Refusal::NotFound`] for an unknown, foreign or malformed member or resource alike,
/// [`Refusal::Gone`].
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
    let resource = resource?;
    let named = member.membership.policies();
    let keys: Vec<Key> = named
        .iter()
        .filter_map(|(policy, _)| tenant.referenced_key(policy))
        .collect();
    let (found, user) = tokio::join!(tenant.read(&keys), user(means, &member));
    let mut found = found?;
    let mut stored = Vec::with_capacity(keys.len());
    for key in &keys {
        // Several entries may lead to the same policy, which is there once.
        stored.extend(
            tenant
                .stored(&mut found, key)?
                .map(|stored| stored.resource),
        );
    }
    let profile = member.membership.profile();
    let policies = named.into_iter().map(|(reference, given)| {
        let parameters = Parameters::new(&profile, &given);
        let policy = stored
            .iter()
            .find(|policy| Some(policy.id) == reference.id());
        let policy = policy.map(|resource| policy_of(resource, parameters));
        (reference, policy)
    });
    let policies = policies.collect();
    Ok(Seen {
        question,
        user: user?,
        policies,
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
    if read_resource::PROTECTED.contains(&kind.as_str()) {
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

fn policy_of(resource: &Resource, parameters: Parameters) -> Policy {
    let entries = resource.body.get("resource").and_then(Value::as_array);
    Policy {
        reference: resource.reference(),
        entries: entries.cloned().unwrap_or_default(),
        parameters,
    }
}

/// Whether the member may act at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    Inactive,
    NeedsProof,
}

/// The answer: the member's standing, the rules he is under and, if it was asked for, which one decides.
///
/// # Errors
/// [`Refusal::NotFound`] for a project that is not there.
pub fn explain(caller: &Caller, seen: &Seen) -> Result<Value, Failure> {
    let project = realm::project(caller, seen.project.as_ref())?;
    let membership = &seen.member.membership;
    let standpoint = Standpoint {
        project: project.id(),
        profile: membership.profile_ref()?,
        admin: membership.is_admin(),
        super_admin: project.is_super_admin(),
    };
    let policies: Vec<Policy> = seen
        .policies
        .iter()
        .filter_map(|(_, policy)| policy.clone())
        .collect();
    // A policy that is not there allows nothing; it is not the same as no policy.
    let missing = seen.policies.iter().find(|(_, policy)| policy.is_none());
    let rules = match missing {
        Some(_) => Vec::new(),
        None => access::rules_of(standpoint, &policies),
    };
    let decision = seen
        .question
        .0
        .as_ref()
        .map(|about| decision(&rules, about, seen.resource.as_ref()));
    Ok(view::of(&view::Facts {
        seen,
        standpoint,
        state: state(seen),
        missing: missing.map(|(reference, _)| reference),
        rules: &rules,
        decision: decision.as_ref(),
    }))
}

fn decision(rules: &[Rule], about: &About, resource: Option<&Resource>) -> Decision {
    let asked = Asked {
        kind: &about.kind,
        interaction: about.interaction,
        resource,
    };
    access::decide(rules, asked)
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
