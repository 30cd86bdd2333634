//! Old events and old sessions of the whole server, gone for good.

use domain::{Failure, PROJECT, ProjectId, Scope, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use store::{Action, Counts, Event, Key, LoginRow, Tenant, Trail};
use uuid::Uuid;

use super::order::Purged;
use super::tour::Tour;
use crate::Means;

const DAY: i64 = 86_400_000;
/// How many days without an event are passed in one step.
const DAYS: usize = 30;
/// How many events of each of a day's sixteen shards are deleted at once.
const SHARE: usize = 25;
/// How many users' sessions are looked at in one step, and how many of each.
const USERS: usize = 25;
const SESSIONS: usize = 5_000;

/// Where the work goes on.
#[derive(Serialize, Deserialize)]
pub(super) struct Purge {
    what: Purged,
    /// Up to this moment, in milliseconds.
    until: i64,
    tour: Tour,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    here: Option<Here>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "lowercase")]
enum Here {
    /// The record of a project, from a day on.
    Record { project: Uuid, day: i64 },
    /// The users of a project, or those above projects.
    Users {
        project: Option<Uuid>,
        after: Option<String>,
    },
    /// The applications of a project.
    Clients {
        project: Uuid,
        after: Option<String>,
    },
}

impl Purge {
    pub(super) fn of(what: Purged, until: Timestamp) -> Self {
        let above = Here::Users {
            project: None,
            after: None,
        };
        Self {
            what,
            until: until.as_millis(),
            tour: Tour::default(),
            here: (what == Purged::Login).then_some(above),
        }
    }

    /// Does one piece of work; `false` when there was none left.
    pub(super) async fn goes_on(
        &mut self,
        means: Means<'_>,
        counts: &mut Counts,
    ) -> Result<bool, Failure> {
        let until = Timestamp::from_millis(self.until);
        self.here = match self.here.take() {
            Some(Here::Record { project, day }) => {
                let tenant = means.store.founding(ProjectId::new(project));
                let day = record(means, tenant, (day, until), counts).await?;
                day.map(|day| Here::Record { project, day })
            }
            Some(Here::Users { project, after }) => {
                let scope = project
                    .map(ProjectId::new)
                    .map_or(Scope::Server, Scope::Project);
                let after = users(means, (scope, after), until, counts).await?;
                match after {
                    Some(after) => Some(Here::Users {
                        project,
                        after: Some(after),
                    }),
                    None => project.map(|project| Here::Clients {
                        project,
                        after: None,
                    }),
                }
            }
            Some(Here::Clients { project, after }) => {
                let tenant = means.store.founding(ProjectId::new(project));
                let after = clients(means, (tenant, after), until, counts).await?;
                after.map(|after| Here::Clients {
                    project,
                    after: Some(after),
                })
            }
            None => match self.tour.next(means).await? {
                Some(project) => self.begin(means, project).await?,
                None => return Ok(false),
            },
        };
        Ok(true)
    }

    /// What is to be looked through of a project; nothing of one that is younger.
    async fn begin(&self, means: Means<'_>, project: ProjectId) -> Result<Option<Here>, Failure> {
        let founded = means.store.founding(project).founded().await?;
        let founded = founded.map_or(i64::MAX, Timestamp::as_millis);
        if founded > self.until {
            return Ok(None);
        }
        let project = project.uuid();
        Ok(Some(match self.what {
            Purged::AuditEvent => Here::Record {
                project,
                day: founded,
            },
            Purged::Login => Here::Users {
                project: Some(project),
                after: None,
            },
        }))
    }
}

/// Deletes some events of the next day that has any; answers on which day it goes on.
async fn record(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (mut day, until): (i64, Timestamp),
    counts: &mut Counts,
) -> Result<Option<i64>, Failure> {
    // What is dug in a project on its way out would stay behind.
    if tenant.read_project().await?.is_none() {
        return Ok(None);
    }
    let last = until.as_millis().min(means.now.as_millis() + DAY);
    for _ in 0..DAYS {
        let name = Timestamp::from_millis(day).day();
        let end = Timestamp::from_millis(last).day();
        if name > end {
            return Ok(None);
        }
        let Trail { events, .. } = match name == end {
            true => {
                tenant
                    .events_until(Timestamp::from_millis(last), SHARE)
                    .await?
            }
            false => tenant.events_of(&name, None, SHARE).await?,
        };
        if !events.is_empty() {
            erase(means, tenant, (&name, &events)).await?;
            *counts.entry("AuditEvent".to_owned()).or_default() += events.len() as u64;
            return Ok(Some(day));
        }
        day += DAY;
    }
    Ok(Some(day))
}

/// What was deleted has a past that only its event leads to: from now on a grave does.
async fn erase(
    means: Means<'_>,
    tenant: Tenant<'_>,
    (day, events): (&str, &[(Uuid, Event)]),
) -> Result<(), Failure> {
    let deleted = events.iter().map(|(_, event)| event);
    let deleted = deleted.filter(|event| event.action == Action::Delete);
    let deleted = deleted.filter_map(|event| event.what.as_ref());
    let deleted = deleted.filter(|what| what.kind() != PROJECT);
    let graves: Vec<_> = deleted.filter_map(|it| tenant.dig(it, means.now)).collect();
    means.store.lay(&graves, means.dice).await?;
    let key = |(id, _): &(Uuid, Event)| Key::Audit(tenant.project(), day.to_owned(), *id);
    let keys: Vec<Key> = events.iter().map(key).collect();
    means.store.erase(&keys).await
}

/// Deletes the old sessions of some users; answers with whom it goes on.
async fn users(
    means: Means<'_>,
    (scope, after): (Scope, Option<String>),
    until: Timestamp,
    counts: &mut Counts,
) -> Result<Option<String>, Failure> {
    let part = means
        .store
        .user_ids(scope, (USERS, after.as_deref()))
        .await?;
    let old = part
        .rows
        .iter()
        .map(|user| old_sessions(means, *user, until));
    let mut gone = Vec::new();
    for keys in store::together(old.collect()).await {
        gone.extend(keys?);
    }
    means.store.erase(&gone).await?;
    let sessions = gone.iter().filter(|key| matches!(key, Key::Login(_)));
    *counts.entry("Login".to_owned()).or_default() += sessions.count() as u64;
    Ok(part.next)
}

/// Deletes the old sessions of some applications; answers with which it goes on.
async fn clients(
    means: Means<'_>,
    (tenant, after): (Tenant<'_>, Option<String>),
    until: Timestamp,
    counts: &mut Counts,
) -> Result<Option<String>, Failure> {
    let part = tenant.client_ids(USERS, after.as_deref()).await?;
    for client in part.rows {
        let mut after = None;
        loop {
            let page = (SESSIONS, after.as_deref());
            let sessions = means.store.client_sessions(client, page).await?;
            let old = sessions
                .rows
                .into_iter()
                .filter(|(_, row)| is_old(row, until));
            let old: Vec<Key> = old.map(|(key, _)| key).collect();
            means.store.erase(&old).await?;
            *counts.entry("Login".to_owned()).or_default() += old.len() as u64;
            after = sessions.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(part.next)
}

/// Whether a session was last prolonged by then.
fn is_old(login: &LoginRow, until: Timestamp) -> bool {
    let updated = match login.updated.is_empty() {
        true => &login.began,
        false => &login.updated,
    };
    updated.parse::<Timestamp>().is_ok_and(|at| at <= until)
}

/// The sessions of a user that were last prolonged by then, with their places in his list.
async fn old_sessions(
    means: Means<'_>,
    user: UserId,
    until: Timestamp,
) -> Result<Vec<Key>, Failure> {
    let ids = means.store.sessions_until(user, (until, SESSIONS)).await?;
    let logins = means.store.logins(&ids).await?.into_iter();
    let old = logins.filter(|(_, login)| is_old(login, until));
    Ok(old
        .flat_map(|(id, _)| [Key::Login(id), Key::Session(user, id)])
        .collect())
}
