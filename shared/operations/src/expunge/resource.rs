//! One resource, with its past, its tombstone and everything that only it leads to.

use std::collections::BTreeMap;

use domain::{
    Caller, ClientId, Email, Failure, MembershipId, PROJECT_MEMBERSHIP, ProfileRef, ProfileType,
    ProjectId, Refusal, Scope, USER, User, UserId, emails,
};
use fhir::{Meta, Reference, Resource};
use store::{Action, Event, Existence, Key, Member, Partition, Step, Stored, Tenant, Transaction};
use uuid::Uuid;

use super::sweep::record::behind;
use crate::create_client::CLIENT_APPLICATION;
use crate::once::Turn;
use crate::remove_member::{Leaving, remove_with};
use crate::{Means, domain_configuration};

/// How often it is decided anew when the resource changed meanwhile.
const ROUNDS: usize = 8;

/// What is left of a resource.
pub(super) struct Leftover {
    pub(super) project: ProjectId,
    pub(super) kind: String,
    pub(super) id: Uuid,
    left: Left,
}

enum Left {
    Member(Box<Member>),
    User(Box<User>),
    Resource(Box<Stored>),
    /// Its past.
    Past,
}

impl Leftover {
    /// Nothing that is known of.
    pub(super) fn nothing(project: ProjectId, (kind, id): (&str, Uuid)) -> Self {
        Self {
            project,
            kind: kind.to_owned(),
            id,
            left: Left::Past,
        }
    }

    fn reference(&self) -> Reference {
        Reference::new(&self.kind, self.id)
    }

    /// # Errors
    /// [`Refusal::ProfileInUse`] for the profile of a member.
    pub(super) fn must_be_free(&self) -> Result<(), Refusal> {
        match &self.left {
            Left::Resource(stored) if stored.members > 0 => Err(Refusal::ProfileInUse),
            _ => Ok(()),
        }
    }
}

pub(super) async fn look(
    means: Means<'_>,
    (tenant, all_seeing): (Tenant<'_>, bool),
    (kind, id): (&str, Uuid),
) -> Result<Leftover, Failure> {
    let mut project = tenant.project();
    if all_seeing {
        project = means.store.whereabouts(id).await?.unwrap_or(project);
    }
    let tenant = means.store.founding(project);
    let left = left(means, (tenant, all_seeing), (kind, id)).await?;
    Ok(Leftover {
        left,
        ..Leftover::nothing(project, (kind, id))
    })
}

async fn left(
    means: Means<'_>,
    (tenant, all_seeing): (Tenant<'_>, bool),
    (kind, id): (&str, Uuid),
) -> Result<Left, Failure> {
    match kind {
        PROJECT_MEMBERSHIP => {
            let id = MembershipId::new(id);
            let mut found = tenant.read(&tenant.places_of(id)).await?;
            match tenant.member(&mut found, id) {
                Ok(member) => Ok(Left::Member(Box::new(member))),
                Err(Failure::Refused(Refusal::Gone)) => Ok(Left::Past),
                Err(failure) => Err(failure),
            }
        }
        USER => {
            let user = means.store.user(UserId::new(id)).await?;
            let within = |user: &User| user.scope() == Scope::Project(tenant.project());
            let user = user.filter(|user| all_seeing || within(user));
            Ok(Left::User(Box::new(user.ok_or(Refusal::NotFound)?)))
        }
        _ => match tenant.resource(kind, id).await? {
            Existence::Here(stored) => Ok(Left::Resource(stored)),
            Existence::Gone => Ok(Left::Past),
            Existence::Unknown => Err(Refusal::NotFound.into()),
        },
    }
}

/// Deletes what is left.
pub(super) async fn expunge(
    means: Means<'_>,
    caller: &Caller,
    (mut leftover, turn): (Leftover, &Turn),
) -> Result<(), Failure> {
    let home = means.store.of(caller);
    let there = caller.clone().acting_in(leftover.project)?;
    let tenant = means.store.of(&there);
    if turn.earlier().is_none() {
        // A resource that is above projects, or whose project is another one, keeps its key where the caller is at home.
        let remember = turn.remember_done(home, means.now);
        for round in 0.. {
            match gone(means, &there, (&leftover, &remember)).await {
                Ok(()) => break,
                Err(Failure::Refused(Refusal::Contended | Refusal::Gone)) if round < ROUNDS => {}
                Err(failure) => return Err(failure),
            }
            let written = Err(store::Aborted::Changed);
            if let Ok(Some(_)) = turn.settle(written, (home, means.now)).await {
                break;
            }
            let all_seeing = caller.is_super_admin();
            let again = (leftover.kind.as_str(), leftover.id);
            leftover.left = left(means, (tenant, all_seeing), again).await?;
        }
    }
    let mut past = Vec::new();
    if let Left::User(user) = &leftover.left {
        let email = blind_email(means, user);
        past.extend(email.map(|email| Partition::Address(user.scope(), email)));
        past.push(Partition::User(user.id()));
        let sessions = means.store.session_ids(user.id()).await?;
        let sessions: Vec<Key> = sessions.into_iter().map(Key::Login).collect();
        means.store.erase(&sessions).await?;
    }
    means.store.empty(&past).await?;
    behind(means, tenant, vec![(leftover.kind, leftover.id)]).await
}

/// Nobody finds it from then on; its past is all that is left.
async fn gone(
    means: Means<'_>,
    caller: &Caller,
    (leftover, remember): (&Leftover, &Option<Step>),
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let mut steps: Vec<Step> = remember.iter().cloned().collect();
    match &leftover.left {
        Left::Member(member) => {
            let invitation = member.invitation();
            let withdrawn = invitation.map(|id| tenant.withdraw_invitation(id));
            steps.extend(withdrawn.unwrap_or_default());
            let leaving = Leaving::of((**member).clone(), None)?;
            return remove_with(means, caller, leaving, &steps).await;
        }
        Left::User(user) => steps.extend(user_steps(means, user).await?),
        Left::Resource(stored) => {
            steps.extend(resource_steps(means, (tenant, caller.profile()), stored)?);
        }
        Left::Past => {}
    }
    let parties = (caller.profile(), leftover.reference());
    let event =
        Event::success(Action::Delete, "expunge", parties, means.now).with_fields(BTreeMap::new());
    let gone = Transaction::new()
        .steps(steps)
        .step(tenant.record(&event, means.now, means.dice));
    means.write(gone).await
}

/// Deletes a resource that nobody is a member by, for a job that somebody began. What is gone already stays so.
pub(super) async fn expunge_by(
    means: Means<'_>,
    (tenant, author): (Tenant<'_>, &Reference),
    (kind, id): (&str, Uuid),
) -> Result<(), Failure> {
    for round in 0.. {
        let Existence::Here(stored) = tenant.resource(kind, id).await? else {
            break;
        };
        let parties = (author.clone(), Reference::new(kind, id));
        let event = Event::success(Action::Delete, "expunge", parties, means.now);
        let gone = Transaction::new()
            .steps(resource_steps(means, (tenant, author.clone()), &stored)?)
            .step(tenant.record(&event, means.now, means.dice));
        match means.write(gone).await {
            Ok(()) => break,
            Err(Failure::Refused(Refusal::Contended)) if round < ROUNDS => {}
            Err(failure) => return Err(failure),
        }
    }
    behind(means, tenant, vec![(kind.to_owned(), id)]).await
}

fn resource_steps(
    means: Means<'_>,
    (tenant, author): (Tenant<'_>, Reference),
    stored: &Stored,
) -> Result<Vec<Step>, Failure> {
    let Stored {
        resource, members, ..
    } = stored;
    if *members > 0 {
        return Err(Refusal::ProfileInUse.into());
    }
    let last: Meta = means.next_version(author, &resource.meta);
    let mut steps = tenant.erase_resource(resource, &last);
    steps.extend(unindexed(means, tenant, resource));
    if resource.kind == CLIENT_APPLICATION {
        steps.push(means.store.erase_client(ClientId::new(resource.id)));
    }
    Ok(steps)
}

fn unindexed(means: Means<'_>, tenant: Tenant<'_>, resource: &Resource) -> Vec<Step> {
    let Ok(kind) = resource.kind.parse::<ProfileType>() else {
        return domain_configuration::guards(tenant, (Some(resource), None));
    };
    let addresses = emails(&resource.body);
    let addresses: Vec<_> = addresses.iter().map(|it| means.blind_email(it)).collect();
    let profile = ProfileRef {
        kind,
        id: resource.id,
    };
    tenant.unindex_profile(profile, &addresses)
}

/// A user goes only when he is a member of nothing.
async fn user_steps(means: Means<'_>, user: &User) -> Result<Vec<Step>, Failure> {
    let person = means.store.person(user.id()).await?;
    if !person.places.is_empty() {
        return Err(Refusal::UserInUse.into());
    }
    let email = blind_email(means, user);
    Ok(means.store.erase_user(user, email.as_ref()))
}

fn blind_email(means: Means<'_>, user: &User) -> Option<domain::Blind> {
    let email: Option<Email> = user.email().and_then(|email| email.parse().ok());
    email.map(|email| means.blind_email(&email))
}
