//! Everything that a closed project has, deleted step by step. A row goes only after everything that it alone leads to; so whoever
//! falls on the way leaves nothing behind that nobody finds any more.

mod end;
pub(super) mod record;

use std::collections::HashSet;

use domain::{
    ClientId, Failure, PROJECT, PROJECT_MEMBERSHIP, ProfileRef, ProfileType, Scope, Timestamp,
    USER, User, UserId, emails,
};
use serde::{Deserialize, Serialize};
use store::{Counts, Key, Member, Partition, Stored, Tenant};
use uuid::Uuid;

use crate::Means;
use crate::change::member_user;
use crate::create_client::CLIENT_APPLICATION;
use crate::domain_configuration::domain_of;
use crate::jobs::Next;

/// How many rows of a kind are deleted in one step, with what they lead to.
const PAGE: usize = 50;
/// How many resources: most lead to nothing.
const RESOURCES: usize = 200;
const DAY: i64 = 86_400_000;

/// Where the work goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sweep {
    stage: Stage,
    #[serde(default)]
    after: Option<String>,
    /// The day of the record that comes next, in milliseconds.
    day: i64,
    /// When the project was made and when it was closed, in milliseconds.
    founded: i64,
    closed: i64,
    rounds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Until nobody can be writing any more.
    Quiet,
    /// Memberships, with the edges and sessions of their users: the way in.
    Members,
    /// Users who exist within the project only.
    Users,
    /// Invitations that outlived their memberships.
    Invitations,
    /// Resets, verifications and notices of the project's own users.
    Requests,
    /// Everything else that is a resource.
    Resources,
    /// What was deleted before the record was purged.
    Graves,
    /// The record, which knows of everything that was ever deleted.
    Record,
    /// What belongs to the project itself.
    Rest,
    /// Whether anything is left.
    Look,
    /// The project.
    Itself,
}

impl Sweep {
    /// The beginning, for a project that was founded then and is closed now.
    pub(crate) fn of(founded: i64, closed: Timestamp) -> Self {
        Self {
            stage: Stage::Quiet,
            after: None,
            day: founded,
            founded,
            closed: closed.as_millis(),
            rounds: 0,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|cause| Failure::corrupt("a job", cause))
    }

    fn go_to(&mut self, stage: Stage) {
        self.stage = stage;
        self.after = None;
    }
}

/// One step.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn sweep(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<Next, Failure> {
    match state.stage {
        Stage::Quiet => match end::quiet(means, state) {
            Some(wait) => return Ok(Next::Pause(wait)),
            None => state.go_to(Stage::Members),
        },
        Stage::Members => members(means, tenant, (state, counts)).await?,
        Stage::Users => users(means, tenant, (state, counts)).await?,
        Stage::Invitations => invitations(means, tenant, state).await?,
        Stage::Requests => requests(means, tenant, state).await?,
        Stage::Resources => resources(means, tenant, (state, counts)).await?,
        Stage::Graves => record::graves(means, tenant, state).await?,
        Stage::Record => record::record(means, tenant, (state, counts)).await?,
        Stage::Rest => {
            means.store.empty(&end::own(tenant)).await?;
            state.go_to(Stage::Look);
        }
        Stage::Look => return end::look(means, tenant, state).await,
        Stage::Itself => {
            tenant.erase_itself().await?;
            add(counts, PROJECT, 1);
            return Ok(Next::done(Vec::new()));
        }
    }
    Ok(Next::Step)
}

fn add(counts: &mut Counts, name: &str, by: usize) {
    *counts.entry(name.to_owned()).or_default() += u64::try_from(by).unwrap_or(0);
}

async fn members(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    let members = tenant.all_members(PAGE, None).await?.rows;
    if members.is_empty() {
        state.go_to(Stage::Users);
        return Ok(());
    }
    let users: HashSet<_> = members
        .iter()
        .filter_map(|member| member_user(&member.membership))
        .collect();
    let users: Vec<_> = users.into_iter().collect();
    let mut first: Vec<Key> = users
        .iter()
        .map(|user| Key::Edge(*user, tenant.project()))
        .collect();
    forget(means, tenant, &users).await?;
    let (mut pasts, mut rows) = (Vec::new(), Vec::new());
    for member in &members {
        first.extend(of_member(means, tenant, member));
        let membership = &member.membership;
        pasts.push(tenant.past_of(PROJECT_MEMBERSHIP, membership.id().uuid()));
        let kind = membership.profile_ref()?.kind;
        let mark = Key::Counted(tenant.project(), kind, membership.id());
        let row = Key::Membership(tenant.project(), kind, membership.id());
        rows.extend([mark, row]);
    }
    means.store.erase(&first).await?;
    means.store.empty(&pasts).await?;
    means.store.erase(&rows).await?;
    add(counts, PROJECT_MEMBERSHIP, members.len());
    Ok(())
}

/// What users who stay have of the project: their sessions in it, and that they were born in it.
async fn forget(means: Means<'_>, tenant: Tenant<'_>, users: &[UserId]) -> Result<(), Failure> {
    let sessions = tenant.sessions_of(users).await?;
    means.store.erase(&sessions).await?;
    let users = means.store.users(users).await?;
    let births = tenant.forget_births(&users, |email| means.blind_email(email));
    means.store.lay(&births, means.dice).await
}

/// What only a membership leads to, besides its user and its past.
fn of_member(means: Means<'_>, tenant: Tenant<'_>, member: &Member) -> Vec<Key> {
    let membership = &member.membership;
    let external = membership.external_id();
    let external = external.map(|id| tenant.external_id_guard(means.blind_external_id(id)));
    let named = membership.user_name();
    let named = named.map(|name| tenant.user_name_guard(means.blind_user_name(name)));
    let invitation = member.invitation().into_iter();
    let invitation =
        invitation.flat_map(|id| [Key::Request(id), Key::Invitation(tenant.project(), id)]);
    external
        .into_iter()
        .chain(named)
        .chain(invitation)
        .collect()
}

/// The index may still name users who are gone: it is walked along, and not begun anew.
async fn users(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    let part = tenant.all_users(PAGE, state.after.as_deref()).await?;
    let scope = Scope::Project(tenant.project());
    let mut partitions = Vec::new();
    for user in &part.rows {
        let email = user.email().and_then(|email| email.parse().ok());
        let email = email.map(|email| means.blind_email(&email));
        partitions.extend(email.map(|email| Partition::Address(scope, email)));
        partitions.push(tenant.past_of(USER, user.id().uuid()));
    }
    let ids: Vec<UserId> = part.rows.iter().map(User::id).collect();
    let sessions = tenant.sessions_of(&ids).await?;
    means.store.erase(&sessions).await?;
    means.store.empty(&partitions).await?;
    let themselves = part.rows.iter();
    let themselves: Vec<_> = themselves.map(|it| Partition::User(it.id())).collect();
    means.store.empty(&themselves).await?;
    add(counts, USER, part.rows.len());
    match part.next {
        Some(next) => state.after = Some(next),
        None => state.go_to(Stage::Invitations),
    }
    Ok(())
}

async fn invitations(
    means: Means<'_>,
    tenant: Tenant<'_>,
    state: &mut Sweep,
) -> Result<(), Failure> {
    let (ids, _) = tenant.invitations(PAGE, None).await?;
    if ids.is_empty() {
        state.go_to(Stage::Requests);
        return Ok(());
    }
    let requests: Vec<Key> = ids.iter().copied().map(Key::Request).collect();
    let places = ids.into_iter();
    let places: Vec<Key> = places
        .map(|id| Key::Invitation(tenant.project(), id))
        .collect();
    means.store.erase(&requests).await?;
    means.store.erase(&places).await
}

/// As with users, the index is walked along.
async fn requests(means: Means<'_>, tenant: Tenant<'_>, state: &mut Sweep) -> Result<(), Failure> {
    let part = tenant.requests(RESOURCES, state.after.as_deref()).await?;
    let requests: Vec<Key> = part.rows.into_iter().map(Key::Request).collect();
    means.store.erase(&requests).await?;
    match part.next {
        Some(next) => state.after = Some(next),
        None => state.go_to(Stage::Resources),
    }
    Ok(())
}

async fn resources(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    let resources = tenant.all_resources(RESOURCES, None).await?.rows;
    if resources.is_empty() {
        state.go_to(Stage::Graves);
        return Ok(());
    }
    let (mut first, mut partitions, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for Stored {
        resource, pristine, ..
    } in &resources
    {
        first.extend(of_resource(means, tenant, resource));
        partitions.extend(credentials(&resource.kind, resource.id));
        let past = tenant.past_of(&resource.kind, resource.id);
        partitions.extend((!pristine).then_some(past));
        rows.push(tenant.resource_key(&resource.kind, resource.id));
    }
    means.store.erase(&first).await?;
    means.store.empty(&partitions).await?;
    means.store.erase(&rows).await?;
    for Stored { resource, .. } in &resources {
        add(counts, &resource.kind, 1);
    }
    Ok(())
}

/// What only a resource leads to, besides its past and its credentials: its places by address, or the domain that it claims.
fn of_resource(means: Means<'_>, tenant: Tenant<'_>, resource: &fhir::Resource) -> Vec<Key> {
    let mut keys = Vec::new();
    if let Ok(kind) = resource.kind.parse::<ProfileType>() {
        let profile = ProfileRef {
            kind,
            id: resource.id,
        };
        let addresses = emails(&resource.body);
        keys.extend(addresses.iter().map(|email| {
            let email = means.blind_email(email);
            Key::ProfileByEmail(tenant.project(), email, profile)
        }));
    }
    keys.extend(domain_of(resource).map(|domain| tenant.domain_guard(domain)));
    keys
}

/// An application's credentials and sessions.
pub(super) fn credentials(kind: &str, id: Uuid) -> Option<Partition> {
    (kind == CLIENT_APPLICATION).then(|| Partition::Client(ClientId::new(id)))
}
