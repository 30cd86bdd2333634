//! Who belongs to the copy. Users above projects belong to both; a project's own users are copied without their passwords, and come
//! in by a link that proves their address.

use std::collections::{HashMap, HashSet};

use domain::{
    ClientId, Email, Failure, Membership, MembershipId, PROJECT_MEMBERSHIP, Scope, Standing, USER,
    User, UserId,
};
use fhir::{Reference, Resource};
use identity::secret;
use serde_json::Value;
use store::{Counts, Member, NewClient, NewUser, Step as Write};

use super::copy::{Copying, Step, note_cut};
use super::rewrite::Rewriter;
use crate::change::member_user;
use crate::create_client::CLIENT_APPLICATION;

/// How many rows are copied in one step.
const PAGE: usize = 50;
/// How memberships are counted that cannot be copied, because something they rest on is not.
const LEFT_OUT: &str = "membershipsLeftOut";

/// What memberships rest on, as far as it is copied too.
struct Known {
    users: HashMap<UserId, User>,
    /// References of the source.
    profiles: HashSet<String>,
}

impl Step<'_> {
    /// The users who exist within the source only.
    pub(super) async fn users(
        &self,
        state: &mut Copying,
        counts: &mut Counts,
    ) -> Result<(), Failure> {
        let part = self.source.all_users(PAGE, state.after()).await?;
        let users = part.rows.iter();
        let users = users.filter(|user| self.order.copies(USER, user.id().uuid()));
        let mut steps = Vec::new();
        let mut copied = 0;
        for user in users {
            steps.extend(self.means.store.create_user(&self.user(user)));
            copied += 1;
        }
        self.means.store.lay(&steps, self.means.dice).await?;
        if copied > 0 {
            *counts.entry(USER.to_owned()).or_default() += copied;
        }
        state.users_done(part.next);
        Ok(())
    }

    fn user(&self, user: &User) -> NewUser {
        let id = self.rewriter().new_id(user.id().uuid());
        let mut body = user.resource.body.clone();
        let within = Reference::new(domain::PROJECT, self.target.project().uuid());
        body.insert("project".into(), within.to_json());
        body.shift_remove("emailVerified");
        let email = user.email().and_then(|email| email.parse::<Email>().ok());
        NewUser {
            user: User {
                resource: Resource {
                    kind: USER.into(),
                    id,
                    meta: self.meta(id, user.resource.meta.rest.clone()),
                    body,
                },
                standing: Standing::newborn(None),
            },
            email: email.map(|email| self.means.blind_email(&email)),
            password: None,
        }
    }

    /// The memberships, with their guards and edges, and the credentials of applications.
    pub(super) async fn members(
        &self,
        state: &mut Copying,
        counts: &mut Counts,
    ) -> Result<(), Failure> {
        let part = self.source.all_members(PAGE, state.after()).await?;
        let wanted = part.rows.into_iter();
        let wanted: Vec<Member> = wanted
            .filter(|it| {
                self.order
                    .copies(PROJECT_MEMBERSHIP, it.membership.id().uuid())
            })
            .collect();
        let resources = wanted.iter().map(|it| it.membership.resource());
        let mut rewriter = self.rewriter();
        rewriter.own_users = self.own_users(resources).await?;
        let ids: Vec<UserId> = wanted
            .iter()
            .filter_map(|member| member_user(&member.membership))
            .collect();
        let users = self.means.store.users(&ids).await?.into_iter();
        let users: HashMap<UserId, User> = users.map(|user| (user.id(), user)).collect();
        let profiles: Vec<Reference> = wanted.iter().map(|it| it.membership.profile()).collect();
        let known = Known {
            users,
            profiles: self.there(&profiles).await?,
        };
        // Rows before what they lead to: so whoever has to undo it finds everything.
        let (mut rows, mut others) = (Vec::new(), Vec::new());
        let mut copied = 0;
        for member in &wanted {
            match self.member(&mut rewriter, member, &known)? {
                Some(copy) => {
                    rows.push(self.target.create_member(&copy)?);
                    others.extend(self.around(&copy, member).await?);
                    copied += 1;
                }
                None => *counts.entry(LEFT_OUT.to_owned()).or_default() += 1,
            }
        }
        self.means.store.lay(&rows, self.means.dice).await?;
        self.means.store.lay(&others, self.means.dice).await?;
        if copied > 0 {
            *counts.entry(PROJECT_MEMBERSHIP.to_owned()).or_default() += copied;
        }
        note_cut(counts, rewriter.cut);
        state.members_done(part.next);
        Ok(())
    }

    /// The copy of a membership; none without its user, its profile, or a policy that it rests on: it must not grant more.
    fn member(
        &self,
        rewriter: &mut Rewriter<'_>,
        member: &Member,
        known: &Known,
    ) -> Result<Option<Member>, Failure> {
        let old = &member.membership;
        let user = member_user(old).map(|id| known.users.get(&id));
        if matches!(user, Some(None)) || !known.profiles.contains(&old.profile().reference) {
            return Ok(None);
        }
        let own_user = user.flatten().filter(|user| user.scope() != Scope::Server);
        if own_user.is_some_and(|user| !self.order.copies(USER, user.id().uuid())) {
            return Ok(None);
        }
        let administrative = old.administrative_references();
        let mut resource = old.resource().clone();
        let cut = rewriter.cut;
        rewriter.rewrite(&mut resource.body);
        let loses = rewriter.cut > cut;
        if loses && !administrative.is_empty() {
            rewriter.cut = cut;
            return Ok(None);
        }
        resource.id = rewriter.new_id(resource.id);
        let rest = resource.meta.rest.clone();
        resource.meta = self.meta(resource.id, rest);
        self.name(&mut resource);
        let standing = match own_user {
            Some(_) => Some(Standing::newborn(None)),
            None => user.flatten().map(|user| user.standing),
        };
        Ok(Some(Member {
            membership: Membership::from_resource(resource)?,
            owner: member.owner,
            needs_proof: standing.and_then(|it| it.proof_needed(self.target.project())),
            invited: false,
        }))
    }

    /// The words by which the copy's project and its default application are called.
    fn name(&self, membership: &mut Resource) {
        let Some(name) = &self.order.name else { return };
        for (field, reference) in &mut membership.body {
            let Some(fields) = reference.as_object_mut() else {
                continue;
            };
            let display = fields.get("display").and_then(Value::as_str);
            let new = match field.as_str() {
                "project" => Some(name.clone()),
                "user" | "profile" => display.and_then(|display| self.renamed(display)),
                _ => None,
            };
            if let Some(new) = new {
                fields.insert("display".into(), new.into());
            }
        }
    }

    /// What stands around a membership: its user's edge, its guards, its application's credentials.
    async fn around(&self, copy: &Member, old: &Member) -> Result<Vec<Write>, Failure> {
        let membership = &copy.membership;
        let mut steps = Vec::new();
        if let Some(user) = member_user(membership) {
            steps.push(self.target.another_edge(user, membership)?);
        }
        if let Some(id) = membership.external_id() {
            let guard = self.means.blind_external_id(id);
            let guard = self.target.external_id_guard(guard);
            steps.push(self.target.claim(&guard, membership)?);
        }
        if let Some(name) = membership.user_name() {
            let guard = self.means.blind_user_name(name);
            let guard = self.target.user_name_guard(guard);
            steps.push(self.target.claim(&guard, membership)?);
        }
        let profile = membership.profile();
        if let (CLIENT_APPLICATION, Some(id)) = (profile.kind(), profile.id()) {
            steps.push(
                self.credentials(ClientId::new(id), membership.id(), old)
                    .await?,
            );
        }
        Ok(steps)
    }

    async fn credentials(
        &self,
        client: ClientId,
        membership: MembershipId,
        old: &Member,
    ) -> Result<Write, Failure> {
        let before = old.membership.profile().id().map(ClientId::new);
        let before = match before {
            Some(id) => self.means.store.client_by_id(id).await?,
            None => None,
        };
        let secret = self.secret(client.uuid());
        Ok(self.means.store.create_client(NewClient {
            client,
            project: self.target.project(),
            membership,
            secret: secret::digest(&secret).as_str().to_owned(),
            access_token_lifetime: before.and_then(|it| it.access_token_lifetime),
        }))
    }
}
