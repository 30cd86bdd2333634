//! Everything that a closed project has, deleted step by step. A row goes only after everything that it alone leads to; so whoever
//! falls on the way leaves nothing behind that nobody finds any more.

use std::collections::HashSet;
use std::time::Duration;

use domain::{
    ClientId, Failure, PROJECT, PROJECT_MEMBERSHIP, ProfileRef, ProfileType, Scope, Timestamp,
    USER, emails,
};
use serde::{Deserialize, Serialize};
use store::{Counts, Key, Member, Partition, Stored, Tenant};

use crate::Means;
use crate::change::member_user;
use crate::create_client::CLIENT_APPLICATION;
use crate::jobs::Next;

/// How many rows of a kind are deleted in one step, with what they lead to.
const PAGE: usize = 50;
/// How many events of each of a day's sixteen shards.
const SHARE: usize = 4;
/// How many days without an event are passed in one step.
const DAYS: usize = 30;
const DAY: i64 = 86_400_000;
/// How often everything is gone through again when something was left.
const ROUNDS: u32 = 20;

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
    /// Memberships, with the edges and sessions of their users: the way in.
    Members,
    /// Users who exist within the project only.
    Users,
    /// Invitations that outlived their memberships.
    Invitations,
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
            stage: Stage::Members,
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
        Stage::Members => members(means, tenant, (state, counts)).await?,
        Stage::Users => users(means, tenant, (state, counts)).await?,
        Stage::Invitations => invitations(means, tenant, state).await?,
        Stage::Resources => resources(means, tenant, (state, counts)).await?,
        Stage::Graves => graves(means, tenant, state).await?,
        Stage::Record => record(means, tenant, (state, counts)).await?,
        Stage::Rest => {
            let own = [
                tenant.past_of(PROJECT, tenant.project().uuid()),
                Partition::Counters(tenant.project()),
            ];
            means.store.empty(&own).await?;
            state.go_to(Stage::Look);
        }
        Stage::Look => return look(means, tenant, state).await,
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
    first.extend(tenant.sessions_of(&users).await?);
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
    let mut sessions = Vec::new();
    for user in &part.rows {
        let email = user.email().and_then(|email| email.parse().ok());
        let email = email.map(|email| means.blind_email(&email));
        partitions.extend(email.map(|email| Partition::Address(scope, email)));
        partitions.push(tenant.past_of(USER, user.id().uuid()));
        let logins = means.store.session_ids(user.id()).await?;
        sessions.extend(logins.into_iter().map(Key::Login));
    }
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
        state.go_to(Stage::Resources);
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

async fn resources(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    let resources = tenant.all_resources(PAGE, None).await?.rows;
    if resources.is_empty() {
        state.go_to(Stage::Graves);
        return Ok(());
    }
    let (mut first, mut pasts, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for Stored { resource, .. } in &resources {
        first.extend(of_resource(means, tenant, resource));
        pasts.push(tenant.past_of(&resource.kind, resource.id));
        rows.push(tenant.resource_key(&resource.kind, resource.id));
    }
    means.store.erase(&first).await?;
    means.store.empty(&pasts).await?;
    means.store.erase(&rows).await?;
    for Stored { resource, .. } in &resources {
        add(counts, &resource.kind, 1);
    }
    Ok(())
}

/// What only a resource leads to, besides its past: its places by address, an application's credentials.
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
    if resource.kind == CLIENT_APPLICATION {
        keys.push(Key::Client(ClientId::new(resource.id)));
    }
    keys
}

/// What graves lead to, and then the graves.
async fn graves(means: Means<'_>, tenant: Tenant<'_>, state: &mut Sweep) -> Result<(), Failure> {
    let graves = tenant.graves(PAGE, None).await?.rows;
    if graves.is_empty() {
        state.go_to(Stage::Record);
        return Ok(());
    }
    let pasts: Vec<_> = graves.iter().cloned().map(Partition::Past).collect();
    means.store.empty(&pasts).await?;
    let graves: Vec<Key> = graves.into_iter().map(Key::Grave).collect();
    means.store.erase(&graves).await
}

/// A day of the record: what it names may have a past although it is no more.
async fn record(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (state, counts): (&mut Sweep, &mut Counts),
) -> Result<(), Failure> {
    for _ in 0..DAYS {
        // One day more than today: clocks differ.
        if state.day > means.now.as_millis() + DAY {
            state.go_to(Stage::Rest);
            return Ok(());
        }
        let day = Timestamp::from_millis(state.day).day();
        let events = tenant.events_of(&day, None, SHARE).await?.events;
        if events.is_empty() {
            state.day += DAY;
            continue;
        }
        let named = events.iter().filter_map(|(_, event)| event.what.as_ref());
        let named: HashSet<_> = named
            .filter_map(|what| Some((what.kind().to_owned(), what.id()?)))
            .collect();
        let pasts: Vec<_> = named
            .iter()
            .map(|(kind, id)| tenant.past_of(kind, *id))
            .collect();
        means.store.empty(&pasts).await?;
        let keys: Vec<Key> = events
            .iter()
            .map(|(id, _)| Key::Audit(tenant.project(), day.clone(), *id))
            .collect();
        means.store.erase(&keys).await?;
        add(counts, "AuditEvent", keys.len());
        return Ok(());
    }
    Ok(())
}

/// When nobody can be writing any more: whether anything is left. If so, everything is gone through again.
async fn look(means: Means<'_>, tenant: Tenant<'_>, state: &mut Sweep) -> Result<Next, Failure> {
    let quiet = Timestamp::from_millis(state.closed).plus(means.settings.longest_request);
    if means.now < quiet {
        let wait = quiet.as_millis() - means.now.as_millis();
        return Ok(Next::Pause(Duration::from_millis(
            wait.try_into().unwrap_or_default(),
        )));
    }
    if is_empty(means, tenant, state).await? {
        state.go_to(Stage::Itself);
        return Ok(Next::Step);
    }
    state.rounds += 1;
    if state.rounds > ROUNDS {
        return Err(Failure::corrupt(
            "a project",
            "something of it cannot be deleted",
        ));
    }
    state.go_to(Stage::Members);
    state.day = (state.closed - DAY).max(state.founded);
    Ok(Next::Step)
}

async fn is_empty(means: Means<'_>, tenant: Tenant<'_>, state: &Sweep) -> Result<bool, Failure> {
    let project = tenant.project();
    let own = [
        tenant.past_of(PROJECT, project.uuid()),
        Partition::Counters(project),
        Partition::Invitations(project),
        Partition::Graves(project),
    ];
    let (members, resources, users) = tokio::join!(
        tenant.all_members(1, None),
        tenant.all_resources(1, None),
        tenant.all_users(PAGE, None)
    );
    let mut empty =
        members?.rows.is_empty() && resources?.rows.is_empty() && users?.rows.is_empty();
    for partition in &own {
        empty = empty && means.store.is_empty(partition).await?;
    }
    let mut day = (state.closed - DAY).max(state.founded);
    while empty && day <= means.now.as_millis() + DAY {
        let name = Timestamp::from_millis(day).day();
        empty = tenant.events_of(&name, None, 1).await?.events.is_empty();
        day += DAY;
    }
    Ok(empty)
}
