//! The rows that decide whether a request's credentials hold: one strong read of at most four.

use domain::{Claimant, Evidence, Failure, Subject};

use crate::Store;
use crate::clients::read_client;
use crate::keys::Key;
use crate::logins::read_session;
use crate::members::read_member;
use crate::projects::read_project;
use crate::users::read_user;

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
        let login = claimant.login().map(Key::Login);
        let subject = match claimant.subject() {
            Subject::User(id) => Some(Key::User(id)),
            Subject::Client(id) => claimant.presented().is_none().then_some(Key::Client(id)),
        };
        let keys: Vec<Key> = [
            Some(member.clone()),
            Some(project.clone()),
            login.clone(),
            subject.clone(),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut found = self.get(&keys).await?;
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
        })
    }
}
