//! The rows that decide whether a request's credentials hold: one strong read of at most four, and of the policies that they hint at.

use domain::{Claimant, Evidence, Failure, ProjectId, Subject};
use fhir::Resource;
use uuid::Uuid;

use crate::Store;
use crate::clients::read_client;
use crate::keys::Key;
use crate::logins::{read_session, session_key};
use crate::members::read_member;
use crate::projects::read_project;
use crate::read::Found;
use crate::tenant::Tenant;
use crate::users::read_user;

const POLICY: &str = "AccessPolicy";

fn policy_keys(project: ProjectId, ids: &[Uuid]) -> Vec<Key> {
    let key = |id: &Uuid| Key::Resource(project, POLICY.to_owned(), *id);
    ids.iter().map(key).collect()
}

impl Tenant<'_> {
    /// The policies with these ids, as far as they are there, in one round trip.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn policies(&self, ids: &[Uuid]) -> Result<Vec<Resource>, Failure> {
        let keys = policy_keys(self.project, ids);
        let mut found = self.store.get(&keys).await?;
        self.policies_in(&mut found, &keys)
    }

    fn policies_in(&self, found: &mut Found, keys: &[Key]) -> Result<Vec<Resource>, Failure> {
        let mut policies = Vec::with_capacity(keys.len());
        for key in keys {
            policies.extend(self.stored(found, key)?.map(|stored| stored.resource));
        }
        Ok(policies)
    }
}

impl Store {
    /// Reads afresh what the claims name: membership, session, user or application, project.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] rather than a guess, [`Failure::Corrupt`].
    pub async fn evidence(&self, claimant: &Claimant) -> Result<Evidence, Failure> {
        let member = Key::Membership(
            claimant.project(),
            claimant.profile().kind,
            claimant.membership(),
        );
        let project = Key::Project(claimant.project());
        let login = claimant.login();
        let login = login.map(|id| session_key(claimant.subject(), id));
        let subject = match claimant.subject() {
            Subject::User(id) => Some(Key::User(id)),
            Subject::Client(id) => claimant.presented().is_none().then_some(Key::Client(id)),
        };
        let rows = [
            Some(member.clone()),
            Some(project.clone()),
            login.clone(),
            subject.clone(),
        ];
        let hinted = claimant.hint().ids().collect::<Vec<_>>();
        let policies = policy_keys(claimant.project(), &hinted);
        let keys: Vec<Key> = rows.into_iter().flatten().chain(policies.clone()).collect();
        let mut found = self.get(&keys).await?;
        let policies = self
            .founding(claimant.project())
            .policies_in(&mut found, &policies)?;
        let home = claimant.project();
        let member = found
            .take(&member)
            .map(|item| read_member(home, item))
            .transpose()?;
        let member = member.filter(|m| m.membership.profile_ref().ok() == Some(claimant.profile()));
        let mut row = |key: &Option<Key>| key.as_ref().and_then(|key| found.take(key));
        let session = match (claimant.login(), row(&login)) {
            (Some(login), Some(item)) => Some(read_session(login, item)?),
            (Some(_), None) => return Ok(Evidence::nothing(claimant.subject())),
            (None, _) => None,
        };
        let (mut user, mut client) = (None, claimant.presented());
        match (claimant.subject(), row(&subject)) {
            (Subject::User(id), Some(item)) => user = Some(read_user(id, item)?),
            (Subject::Client(_), Some(item)) => client = Some(read_client(item)?.standing()),
            (_, None) => {}
        }
        let project = row(&Some(project))
            .map(|item| read_project(home, item))
            .transpose()?
            .flatten();
        Ok(Evidence {
            subject: claimant.subject(),
            session,
            needs_proof: member.as_ref().and_then(|member| member.needs_proof),
            membership: member.map(|member| member.membership),
            user,
            client,
            project,
            policies,
        })
    }
}
