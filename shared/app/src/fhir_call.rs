//! What FHIR's own requests have in common: how they say what is to change, and how they are answered.

use domain::{Caller, Failure};
use fhir::View;
use gateway::{Problem, Reply, limits};
use operations::batch::{Done, Refused};
use operations::history::{History, Page};
use operations::write::{Change, Posted, Written};
use operations::{Destination, conditional};
use serde_json::{Map, Value};
use tracing::error;

use crate::Ask;
use crate::ask::page_of;
use crate::serve::chain;

impl Ask {
    /// The type that the path names, by a parameter or as it is written.
    pub fn kind(&self) -> &str {
        match self.call.parameter("resourceType") {
            "" => self.route.path.split('/').nth(3).unwrap_or_default(),
            kind => kind,
        }
    }

    /// A change of what the path names.
    ///
    /// # Errors
    /// What is wrong with it; a stale version that is no version at all.
    pub fn posted(&self, change: Result<Change, Failure>) -> Result<Posted, Failure> {
        Ok(Posted {
            kind: self.kind().to_owned(),
            id: self.call.id("id"),
            change: change?,
            seen: self.call.if_match()?,
        })
    }

    /// A whole resource as sent, and where its `meta.project` leads super admins.
    pub fn whole(&self) -> (Result<Change, Failure>, Destination) {
        let body = self.call.object();
        let destination = self.asked(project_named(&body));
        (body.map(Change::Whole), destination)
    }

    /// The words by which a request names a resource instead of an id.
    pub fn criteria(&self) -> conditional::Criteria {
        Ok(self.call.query.clone())
    }

    /// A resource as it was written, with its address if it is new.
    pub fn written(&self, written: &Written) -> Reply {
        let view = self.call.view();
        match written.created {
            true => Reply::created(&written.resource, view, &self.app.config.settings.base_url),
            false => Reply::resource(&written.resource, view),
        }
    }

    /// Which versions of a history are asked for.
    pub fn versions(&self) -> Page {
        Page::asked(self.call.number("_count"), self.call.number("_offset"))
    }

    /// The answers to the entries of a batch. Refusals are written down, and what failed by the server's fault is logged, as for requests
    /// of their own.
    pub async fn entries(
        &self,
        caller: &Caller,
        (transaction, done): (bool, Vec<Result<Done, Failure>>),
    ) -> Reply {
        let mut entries = Vec::with_capacity(done.len());
        let mut room = limits::LONGEST_ENTRIES;
        for done in done {
            let read = matches!(done, Ok(Done::Read(_) | Done::Page(_) | Done::History(_)));
            let entry = match done {
                Ok(done) => self.entry(done),
                Err(failure) => self.failed_entry(caller, failure).await,
            };
            entries.push(gateway::entry::within(&mut room, entry, read));
        }
        Reply::fhir(match transaction {
            true => fhir::transaction_response(entries),
            false => fhir::batch_response(entries),
        })
    }

    /// The answer to a transaction that was refused as a whole: every issue names the entry that it failed for.
    pub fn refused_entry(&self, refused: Refused) -> Problem {
        let problem = Problem::from(refused.failure);
        match refused.entry {
            Some(entry) => problem.in_entry(entry),
            None => problem,
        }
    }

    fn entry(&self, done: Done) -> Value {
        let (view, base) = (self.call.view(), &self.app.config.settings.base_url);
        match done {
            Done::Read(resource) => gateway::entry::written(*resource, false, view),
            Done::Written(written) => {
                gateway::entry::written(written.resource, written.created, view)
            }
            Done::Nothing => gateway::entry::shown(None),
            Done::Page(found) => gateway::entry::shown(Some(page_of(*found).bundle(view, base))),
            Done::History(history) => {
                gateway::entry::shown(Some(history_bundle(history, view, base)))
            }
        }
    }

    async fn failed_entry(&self, caller: &Caller, failure: Failure) -> Value {
        gateway::entry::refused(&self.failed_within(caller, failure).await)
    }

    /// What the sender is told of a part of his request that failed. It is logged and written down like a request of its own.
    pub async fn failed_within(&self, caller: &Caller, failure: Failure) -> Problem {
        let problem = Problem::from(failure);
        let (operation, request) = (self.route.operation, &self.call.request_id);
        if let Some(cause) = problem.cause() {
            error!(operation, request, cause = chain(cause), "an entry failed");
        }
        if let Some(refusal) = problem.refusal().filter(|refusal| refusal.is_decision()) {
            let words = refusal.to_string();
            let noted = self.means.record_refusal(caller, operation, words).await;
            if let Err(failure) = noted {
                let cause = chain(&failure);
                error!(operation, request, cause, "a refusal could not be recorded");
            }
        }
        problem
    }

    /// A history.
    pub fn history(&self, history: History) -> Reply {
        let base = &self.app.config.settings.base_url;
        Reply::fhir(history_bundle(history, self.call.view(), base))
    }
}

/// The project that a resource as sent says it belongs to: it leads super admins there.
pub fn project_named(body: &Result<Map<String, Value>, Failure>) -> Option<&str> {
    let meta = body.as_ref().ok()?.get("meta")?;
    meta.get("project")?.as_str()
}

/// A history as a bundle.
pub(crate) fn history_bundle(history: History, view: View, base: &str) -> Value {
    let address = format!("{}/{}", history.kind, history.id);
    let versions = history.versions.into_iter();
    let versions = versions.map(|(id, resource)| fhir::Version {
        id,
        resource: resource.map(|resource| resource.into_json(view)),
    });
    fhir::history(base, &address, versions.collect(), history.total)
}
