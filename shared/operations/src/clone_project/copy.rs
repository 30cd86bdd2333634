//! The stages of a copy: users of its own, memberships, everything else; then it is counted and opened.

use std::collections::HashSet;

use domain::{ClientId, Failure, ProfileRef, ProfileType, ProjectId, Secret, Timestamp, UserId};
use fhir::{Meta, Reference, Resource};
use identity::secret;
use serde::{Deserialize, Serialize};
use store::{Counts, Held, Key, Step as Write, Stored, Tenant};
use uuid::Uuid;

use super::order::Order;
use super::rewrite::{Rewriter, mentions};
use crate::Means;
use crate::create_client::{self, CLIENT_APPLICATION};
use crate::expunge::{Sweep, sweep};
use crate::invite::index_steps;
use crate::jobs::{Next, cancelled};
use crate::provider_secrets::{self, may_name_provider};
use crate::vault::Vault;

/// How many rows are copied in one step.
const PAGE: usize = 50;
/// How many rows are counted in one call.
const COUNTED: usize = 500;
/// How references that lost their target are counted.
const CUT: &str = "referencesWithoutTarget";

/// Where the work goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Copying {
    stage: Stage,
    after: Option<String>,
    undoing: Option<Sweep>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Users,
    Members,
    Resources,
    Open,
}

impl Copying {
    pub(super) fn begin() -> Self {
        Self {
            stage: Stage::Users,
            after: None,
            undoing: None,
        }
    }

    /// The copy is deleted again. Nobody has ever reached it.
    pub(super) fn undoing(now: Timestamp) -> Self {
        let sweep = Sweep::of(now.as_millis(), Timestamp::from_millis(0));
        Self {
            undoing: Some(sweep),
            ..Self::begin()
        }
    }

    pub(super) fn is_undoing(&self) -> bool {
        self.undoing.is_some()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|cause| Failure::corrupt("a job", cause))
    }

    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    pub(super) fn users_done(&mut self, next: Option<String>) {
        self.go_on(next, Stage::Members);
    }

    pub(super) fn members_done(&mut self, next: Option<String>) {
        self.go_on(next, Stage::Resources);
    }

    fn go_on(&mut self, next: Option<String>, then: Stage) {
        if next.is_none() {
            self.stage = then;
        }
        self.after = next;
    }
}

/// One step of undoing.
pub(super) async fn undo(
    means: Means<'_>,
    target: Tenant<'_>,
    state: &mut Copying,
) -> Result<Next, Failure> {
    let Some(undoing) = &mut state.undoing else {
        return Ok(Next::Step);
    };
    let mut counts = Counts::new();
    match sweep(means, target, (undoing, &mut counts)).await? {
        Next::End(_, steps) => Ok(Next::End(cancelled(), steps)),
        next => Ok(next),
    }
}

/// One step on the way from a project to its copy.
pub(super) struct Step<'a> {
    pub(super) means: Means<'a>,
    pub(super) held: &'a Held,
    pub(super) order: &'a Order,
    pub(super) source: Tenant<'a>,
    pub(super) target: Tenant<'a>,
}

impl<'a> Step<'a> {
    /// Takes it.
    pub(super) async fn take(
        &self,
        state: &mut Copying,
        counts: &mut Counts,
    ) -> Result<Next, Failure> {
        match state.stage {
            Stage::Users => self.users(state, counts).await?,
            Stage::Members => self.members(state, counts).await?,
            Stage::Resources => self.resources(state, counts).await?,
            Stage::Open => return self.open(counts).await,
        }
        Ok(Next::Step)
    }

    pub(super) fn rewriter(&self) -> Rewriter<'a> {
        let places: (ProjectId, ProjectId) = (self.source.project(), self.target.project());
        Rewriter::new(self.means, self.held.id, self.order, places)
    }

    /// The moment at which the copy begins: the same for every worker.
    pub(super) fn moment(&self) -> Timestamp {
        let asked = self.held.row.requested.parse();
        asked.unwrap_or(self.means.now)
    }

    /// The `meta` of a copy's first version: the same whoever makes it, and however often.
    pub(super) fn meta(&self, new: Uuid, rest: serde_json::Map<String, serde_json::Value>) -> Meta {
        let moment = self.moment();
        let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
        let tail: [u8; 10] = std::array::from_fn(|at| new.as_bytes()[at]);
        Meta {
            version: uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid(),
            last_updated: moment.to_string(),
            author: self.held.row.author.clone(),
            project: Some(self.target.project().uuid()),
            on_behalf_of: None,
            rest,
        }
    }

    async fn resources(&self, state: &mut Copying, counts: &mut Counts) -> Result<(), Failure> {
        let part = self
            .source
            .all_resources(PAGE, state.after.as_deref())
            .await?;
        let copied = part.rows.into_iter();
        let copied: Vec<Stored> = copied
            .filter(|it| self.order.copies(&it.resource.kind, it.resource.id))
            .collect();
        let mut rewriter = self.rewriter();
        rewriter.own_users = self.own_users(copied.iter().map(|it| &it.resource)).await?;
        let vaults = self.vaults(&copied).await?;
        let mut steps = Vec::new();
        for stored in &copied {
            steps.extend(self.resource(&mut rewriter, &vaults, stored).await?);
        }
        self.means.store.lay(&steps, self.means.dice).await?;
        for stored in &copied {
            *counts.entry(stored.resource.kind.clone()).or_default() += 1;
        }
        note_cut(counts, rewriter.cut);
        state.go_on(part.next, Stage::Open);
        Ok(())
    }

    /// The keys of the project and of its copy, where there may be something sealed.
    async fn vaults(&self, copied: &[Stored]) -> Result<(Vault<'a>, Vault<'a>), Failure> {
        let (from, to) = (self.source.project(), self.target.project());
        let open = |project, key: Option<&str>| Vault::open(self.means, project, key);
        let sealed = |it: &Stored| may_name_provider(&it.resource.kind);
        if !copied.iter().any(sealed) {
            return Ok((open(from, None)?, open(to, None)?));
        }
        let keys = self.means.store.data_keys(&[from, to]).await?;
        let key = |project| keys.iter().find(|(of, _)| *of == project);
        let key = |project| key(project).and_then(|(_, key)| key.as_deref());
        Ok((open(from, key(from))?, open(to, key(to))?))
    }

    async fn resource(
        &self,
        rewriter: &mut Rewriter<'_>,
        (from, to): &(Vault<'_>, Vault<'_>),
        stored: &Stored,
    ) -> Result<Vec<Write>, Failure> {
        let old = &stored.resource;
        let members = self.members_by(stored).await?;
        let mut new = create_client::without_secrets(old.clone());
        new.id = rewriter.new_id(old.id);
        rewriter.rewrite(&mut new.body);
        provider_secrets::move_to((from, to), old, &mut new)?;
        let mut rest = old.meta.rest.clone();
        rewriter.rewrite(&mut rest);
        new.meta = self.meta(new.id, rest);
        if new.kind == CLIENT_APPLICATION {
            self.rename(&mut new);
            if members > 0 {
                let secret = self.secret(new.id);
                let secret = (create_client::SECRET, &secret);
                let sealed = create_client::sealed(to, ClientId::new(new.id), secret);
                new.body.extend([sealed]);
            }
        }
        let mut steps = vec![self.target.create_resource(&new, members)];
        steps.extend(index_steps(self.means, self.target, &new)?);
        Ok(steps)
    }

    /// How many copied memberships point to the copy of a profile.
    async fn members_by(&self, stored: &Stored) -> Result<u32, Failure> {
        let resource = &stored.resource;
        let Ok(kind) = resource.kind.parse::<ProfileType>() else {
            return Ok(0);
        };
        if stored.members == 0 {
            return Ok(0);
        }
        let profile = ProfileRef {
            kind,
            id: resource.id,
        };
        let rewriter = self.rewriter();
        let places = self.source.memberships_with(profile).await?;
        let copies = places.iter().filter_map(|key| match key {
            Key::Membership(_, kind, id) => {
                let new = domain::MembershipId::new(rewriter.new_id(id.uuid()));
                Some(Key::Membership(self.target.project(), *kind, new))
            }
            _ => None,
        });
        let copies: Vec<Key> = copies.collect();
        let found = self.target.read(&copies).await?;
        let there = copies.iter().filter(|key| self.target.has(&found, key));
        Ok(u32::try_from(there.count()).unwrap_or(u32::MAX))
    }

    /// The secret of a copied application: a new one, and the same whoever makes it.
    pub(super) fn secret(&self, new: Uuid) -> Secret {
        let purpose = format!("{}/secret", self.held.id);
        let half = |name: &str| {
            self.means
                .keys
                .blind(&format!("{purpose}/{name}"), &new.to_string())
        };
        let drawn = Secret::new(format!("{}{}", half("1").as_str(), half("2").as_str()));
        // It looks as every secret of an application looks.
        Secret::new(secret::digest(&drawn).as_str().to_owned())
    }

    /// What is called after the project is called after the copy.
    fn rename(&self, application: &mut Resource) {
        let Some(name) = &self.order.name else { return };
        let field = application
            .body
            .get("name")
            .and_then(serde_json::Value::as_str);
        if !field.is_some_and(|field| field.ends_with(DEFAULT_CLIENT)) {
            return;
        }
        let body = &mut application.body;
        body.insert("name".into(), format!("{name}{DEFAULT_CLIENT}").into());
        let about = format!("Default client for {name}");
        body.insert("description".into(), about.into());
    }

    /// The display of a reference to an application that is called after the project.
    pub(super) fn renamed(&self, display: &str) -> Option<String> {
        let name = self.order.name.as_ref()?;
        let is_default = display.ends_with(DEFAULT_CLIENT);
        is_default.then(|| format!("{name}{DEFAULT_CLIENT}"))
    }

    /// The users named by these resources who exist within the source only.
    pub(super) async fn own_users(
        &self,
        resources: impl Iterator<Item = &Resource>,
    ) -> Result<HashSet<Uuid>, Failure> {
        let mut named: HashSet<Uuid> = HashSet::new();
        for resource in resources {
            let mut texts = Vec::new();
            texts_of(resource.body.values(), &mut texts);
            for text in texts {
                let mentioned = mentions(text, &self.means.settings.base_url);
                let users = mentioned.iter().filter(|it| it.kind == domain::USER);
                named.extend(users.map(|mention| mention.id));
            }
        }
        let ids: Vec<UserId> = named.into_iter().map(UserId::new).collect();
        let users = self.means.store.users(&ids).await?;
        let own = users
            .iter()
            .filter(|user| user.scope().project() == Some(self.source.project()));
        Ok(own.map(|user| user.id().uuid()).collect())
    }

    /// Counts what has been copied, and opens it: from then on everybody finds all of it.
    async fn open(&self, counts: &Counts) -> Result<Next, Failure> {
        let (mut members, mut admins) = (0, 0);
        let mut after: Option<String> = None;
        loop {
            let part = self.target.all_members(COUNTED, after.as_deref()).await?;
            members += u64::try_from(part.rows.len()).unwrap_or(0);
            let active = part.rows.iter().map(|it| &it.membership);
            admins += active.filter(|it| it.counts_as_admin()).count();
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        let promised = counts.get(domain::PROJECT_MEMBERSHIP).copied();
        if members != promised.unwrap_or(0) {
            return Err(Failure::corrupt("a copy", "a membership is missing"));
        }
        let admins = u32::try_from(admins).unwrap_or(u32::MAX);
        Ok(Next::done(self.target.open_project(admins)))
    }

    /// Which of these profiles are copied, and have not gone meanwhile.
    pub(super) async fn there(&self, profiles: &[Reference]) -> Result<HashSet<String>, Failure> {
        let keys: Vec<_> = profiles
            .iter()
            .filter_map(|it| Some((it, self.source.referenced_key(it)?)))
            .collect();
        let places: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
        let found = self.source.read(&places).await?;
        let copied = keys.into_iter().filter(|(profile, key)| {
            let id = profile.id();
            let wanted = id.is_some_and(|id| self.order.copies(profile.kind(), id));
            wanted && self.source.has(&found, key)
        });
        Ok(copied.map(|(it, _)| it.reference.clone()).collect())
    }
}

const DEFAULT_CLIENT: &str = " Default Client";

/// Counts references that lost their target.
pub(super) fn note_cut(counts: &mut Counts, cut: u64) {
    if cut > 0 {
        *counts.entry(CUT.to_owned()).or_default() += cut;
    }
}

fn texts_of<'v>(values: impl Iterator<Item = &'v serde_json::Value>, found: &mut Vec<&'v str>) {
    for value in values {
        match value {
            serde_json::Value::String(text) => found.push(text),
            serde_json::Value::Array(items) => texts_of(items.iter(), found),
            serde_json::Value::Object(fields) => texts_of(fields.values(), found),
            _ => {}
        }
    }
}
