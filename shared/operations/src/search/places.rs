//! Searches that name their rows by something that leads to their places.

use domain::{Email, Failure, PROJECT, ProfileRef, ProfileType, ProjectId, Scope, USER, UserId};
use fhir::Resource;
use fhir::search::{Chain, Filter, Modifier, Query};
use store::{Bounds, Key, Order, RowRange, Walk};
use uuid::Uuid;

use super::library::Library;
use super::page::{self, MOST_READ, Matches};
use super::rows::{Reached, chosen};
use crate::domain_configuration::DOMAIN_CONFIGURATION;

/// The addresses of one profile type are never more than this many people's.
const MOST_OF_ONE_ADDRESS: usize = 100;

impl Library<'_> {
    /// Where everything stands that can match, if a filter says it.
    pub(super) async fn places(self, query: &Query) -> Result<Option<Vec<Key>>, Failure> {
        let plain = |filter: &&Filter| matches!(filter.modifier, Modifier::Plain | Modifier::Exact);
        if let Some(filter) = query.filter("_id").filter(plain) {
            let ids = filter
                .values
                .iter()
                .filter_map(|id| id.rsplit('/').next()?.parse().ok());
            return Ok(Some(ids.map(|id| self.key(&query.kind, id)).collect()));
        }
        if let Some(ids) = self.eyes.ids(&query.kind) {
            let keys = ids.into_iter().map(|id| self.key(&query.kind, id));
            return Ok(Some(keys.collect()));
        }
        if query.kind == PROJECT && !self.all_seeing {
            return Ok(Some(vec![self.tenant.project_key()]));
        }
        if let Some([domain]) = named_domain(query) {
            let claimant = self.tenant.claimant_of(domain, DOMAIN_CONFIGURATION);
            return Ok(Some(claimant.await?.into_iter().collect()));
        }
        let address = query.filter("email").filter(plain).and_then(address);
        match (query.kind.as_str(), address) {
            (_, None) => Ok(None),
            (USER, Some(email)) => self.users_at(&email).await.map(Some),
            (kind, Some(email)) => match kind.parse() {
                Ok(kind) => self.people_at(kind, &email).await.map(Some),
                Err(_) => Ok(None),
            },
        }
    }

    fn key(self, kind: &str, id: Uuid) -> Key {
        match kind {
            USER => Key::User(UserId::new(id)),
            PROJECT => Key::Project(ProjectId::new(id)),
            _ => self.tenant.resource_key(kind, id),
        }
    }

    async fn people_at(self, kind: ProfileType, email: &Email) -> Result<Vec<Key>, Failure> {
        let email = self.means.blind_email(email);
        let found = self
            .tenant
            .profiles_at(&email, kind, MOST_OF_ONE_ADDRESS)
            .await?;
        let key = |(profile, _): (ProfileRef, _)| self.key(kind.as_str(), profile.id);
        Ok(found.into_iter().map(key).collect())
    }

    /// The user of this address within the project; for a super admin, the users of this address in every scope.
    async fn users_at(self, email: &Email) -> Result<Vec<Key>, Failure> {
        let email = self.means.blind_email(email);
        let store = self.means.store;
        if !self.all_seeing {
            let scope = Scope::Project(self.tenant.project());
            let holder = store.holder_of(scope, &email).await?;
            return Ok(holder.map(|it| Key::User(it.user)).into_iter().collect());
        }
        let all = Walk {
            order: Order::Name,
            descending: false,
            bounds: Bounds::All,
        };
        let shelf = store.address_shelf(&email);
        let hits = store.walk(&[shelf], &all, MOST_READ, &[]).await?;
        Ok(hits.hits.iter().filter_map(store::Hit::key).collect())
    }

    /// The page among what stands at these places.
    pub(super) async fn at(self, query: &Query, keys: &[Key]) -> Result<Matches, Failure> {
        let mut found = self.tenant.read(keys).await?;
        let mut resources = Vec::with_capacity(keys.len());
        for key in keys {
            let resource = self.means.store.resource_at(&mut found, key)?;
            resources.extend(resource.filter(|it| self.is_visible(it)).map(|it| (it, ())));
        }
        let seen = self.eyes.see(self.means, query, resources.into_iter());
        let seen = seen.await?.into_iter().map(|it| it.0);
        Ok(page::cut_out(query, seen.collect()))
    }

    /// Rows that stand outside of the project's partitions are seen only by those whose they are.
    fn is_visible(self, resource: &Resource) -> bool {
        self.all_seeing || resource.meta.project == Some(self.tenant.project().uuid())
    }

    /// `_has:ProjectMembership:profile:…`: the profiles of the project's members of this type.
    pub(super) async fn by_membership(self, query: &Query) -> Result<Option<Matches>, Failure> {
        let (Ok(kind), false) = (query.kind.parse(), query.chains.is_empty()) else {
            return Ok(None);
        };
        let ranges = [RowRange::Kind(kind)];
        let start = super::rows::start(self.means, self.tenant, query)?;
        let read = self.tenant.page_of_rows(&ranges, MOST_READ, start).await?;
        let end = Reached::of(&read);
        let members = read.resources.into_iter().zip(read.cuts);
        let granted = members.filter_map(|(member, cut)| {
            let fits = query.chains.iter().all(|chain| grants(chain, &member));
            let profile = member.body.get("profile")?.get("reference")?.as_str()?;
            let profile: ProfileRef = profile.parse().ok().filter(|_| fits)?;
            Some((self.key(kind.as_str(), profile.id), cut))
        });
        let granted: Vec<_> = granted.collect();
        let keys: Vec<Key> = granted.iter().map(|(key, _)| key.clone()).collect();
        let mut found = self.tenant.read(&keys).await?;
        let mut matches = Vec::new();
        for (key, cut) in granted {
            let resource = self.means.store.resource_at(&mut found, &key)?;
            matches.extend(resource.map(|it| (it, cut)));
        }
        let matches = self
            .eyes
            .see(self.means, query, matches.into_iter())
            .await?;
        if !query.sort.is_empty() {
            return match end.is_end() {
                true => Ok(Some(page::cut_out(
                    query,
                    matches.into_iter().map(|it| it.0).collect(),
                ))),
                false => Err(page::too_many_to_sort("members")),
            };
        }
        Ok(Some(chosen(self.means, self.tenant, query, (matches, end))))
    }
}

/// Whether a membership meets what a chain wants of it.
fn grants(chain: &Chain, member: &Resource) -> bool {
    match chain {
        Chain::Reverse { filter, .. } => filter.matches(member),
        Chain::Forward { .. } => false,
    }
}

/// The domain that a search for its configuration names.
fn named_domain(query: &Query) -> Option<&[String]> {
    let plain = |filter: &&Filter| filter.modifier == Modifier::Plain;
    let domain = query.filter("domain").filter(plain)?;
    (query.kind == DOMAIN_CONFIGURATION).then_some(&domain.values)
}

/// The whole address that a filter asks for; none when it asks for the beginning of one, for several, or for another system's.
fn address(filter: &Filter) -> Option<Email> {
    let [only] = filter.values.as_slice() else {
        return None;
    };
    only.parse().ok()
}
