//! A transaction: what its entries write is gathered and becomes true together, or not at all.
//!
//! Each entry is carried out by the operation that there is for it, on a table in which nothing is written and everything is seen as if
//! it were. If that no longer holds when it is to be written, all entries are decided anew.

mod again;
mod order;

use std::time::Duration;

use domain::{Caller, Claimant, Failure, Fault, PROJECT, Refusal};
use fhir::{Issue, Request, Resource, Verb};
use store::{Gathering, Refuted, Unwritten};
use tokio::time::Instant;

use super::errand::{Errand, Task};
use super::{Done, ORDER};
use crate::once::{self, Once};
use crate::vault::Vault;
use crate::{Means, create_resource};

/// The feature of a project whose transactions are all or nothing.
const FEATURE: &str = "transaction-bundles";
/// How often a transaction is decided anew when what it rests on changed meanwhile.
const ROUNDS: usize = 8;

/// Why a transaction is refused as a whole.
#[derive(Debug)]
pub struct Refused {
    /// The entry that it failed for, if it is one.
    pub entry: Option<usize>,
    /// What is wrong with it.
    pub failure: Failure,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let entry = None;
        Self { entry, failure }
    }
}

/// What became of the entries, unless they have to be decided anew.
type Round = Option<Vec<Done>>;

/// Whether the caller's transactions are all or nothing. Where they are not, each is carried out like a batch.
pub fn is_atomic(caller: &Caller) -> bool {
    caller.project().has_feature(FEATURE)
}

/// Carries out all entries, or none, and returns what became of each, in their order. `patience` is how long work is taken up.
///
/// # Errors
/// What is wrong with the first entry that fails; a fault for two entries that change the same thing, and for more than one write of the
/// table can hold; [`Refusal::IdempotencyMismatch`]; [`Refusal::Contended`]. Then nothing was written.
pub async fn transaction(
    means: Means<'_>,
    (caller, claimant): (&Caller, Claimant),
    (entries, once): (Vec<Result<Request, Issue>>, Option<Once>),
    patience: Duration,
) -> Result<Vec<Done>, Refused> {
    let requests = requests(entries)?;
    let until = Instant::now() + patience;
    let mut refuted = Refuted::default();
    for _ in 0..ROUNDS {
        let tenant = means.store.of(caller);
        let turn = once::look(means, tenant, &claimant, once.clone()).await?;
        let errand = |means| Errand {
            means,
            caller,
            claimant,
            until,
        };
        if let Some(earlier) = turn.earlier() {
            return again::answer(errand(means), (earlier, requests)).await;
        }
        let gathering = Gathering::new(std::mem::take(&mut refuted));
        let store = means.store.gathering(&gathering);
        let gathered = Means {
            store: &store,
            ..means
        };
        let round = errand(gathered).round(&gathering, requests.clone());
        let Some(done) = Box::pin(round).await? else {
            continue;
        };
        let record = again::record(&done);
        gathering.add(turn.remember_entries(tenant, record, means.now));
        match gathering.commit(means.store, means.dice).await {
            Ok(()) => return Ok(done),
            Err(Unwritten::Changed(changed)) => refuted = changed,
            Err(Unwritten::Failed(entry, failure)) => return Err(Refused { entry, failure }),
        }
    }
    Err(Failure::from(Refusal::Contended).into())
}

/// The entries as requests, if every one is.
fn requests(entries: Vec<Result<Request, Issue>>) -> Result<Vec<Request>, Refused> {
    let entries = entries.into_iter().enumerate();
    let requests = entries.map(|(at, entry)| {
        entry.map_err(|issue| Refused {
            entry: Some(at),
            failure: Fault::from(issue).into(),
        })
    });
    requests.collect()
}

impl Errand<'_> {
    /// Carries the entries out on the gathering table.
    async fn round(self, gathering: &Gathering, requests: Vec<Request>) -> Result<Round, Refused> {
        let count = requests.len();
        let tasks = requests
            .into_iter()
            .map(|request| Task { request, id: None });
        let mut tasks: Vec<(usize, Task)> = tasks.enumerate().collect();
        let named = self.name(&mut tasks).await;
        for (_, task) in &tasks {
            self.promise(gathering, task);
        }
        let mut done: Vec<Option<Done>> = (0..count).map(|_| None).collect();
        for verb in ORDER {
            let of_verb = tasks.extract_if(.., |(_, task)| task.request.verb == verb);
            let of_verb = order::within(verb, of_verb.collect());
            for (at, result) in self.each(gathering, verb, of_verb).await {
                let result = result.map_err(|failure| Refused {
                    entry: Some(at),
                    failure,
                })?;
                done[at] = Some(result);
            }
        }
        let as_named = named.iter().all(|(at, reference)| {
            done.get(*at)
                .is_some_and(|done| stands_for(done.as_ref(), reference))
        });
        let done: Vec<Done> = done.into_iter().flatten().collect();
        Ok((as_named && done.len() == count).then_some(done))
    }

    /// Carries entries out; writes end with the first that fails.
    async fn each(
        self,
        gathering: &Gathering,
        verb: Verb,
        tasks: Vec<(usize, Task)>,
    ) -> Vec<(usize, Result<Done, Failure>)> {
        if verb == Verb::Get {
            return self.carry_out(verb, tasks).await;
        }
        let mut done = Vec::with_capacity(tasks.len());
        for (at, task) in tasks {
            gathering.begin(at);
            let result = Box::pin(self.one(task)).await;
            let failed = result.is_err();
            done.push((at, result));
            if failed {
                break;
            }
        }
        done
    }

    /// What others refer to is there for them before it is made: entries may refer to each other in a ring. What is wrong with it is said
    /// when it is made.
    fn promise(self, gathering: &Gathering, task: &Task) {
        let (Some(id), Ok(body)) = (task.id, task.request.body()) else {
            return;
        };
        if let Ok(resource) = self.promised(id, body) {
            let (project, resource) = resource;
            gathering.promise(self.means.store.of(&project), &resource);
        }
    }

    fn promised(
        self,
        id: uuid::Uuid,
        body: serde_json::Map<String, serde_json::Value>,
    ) -> Result<(Caller, Resource), Failure> {
        let (caller, _) = self.heading_for(&body)?;
        let kind = body.get("resourceType").and_then(|kind| kind.as_str());
        let kind = kind.unwrap_or_default().to_owned();
        if kind == PROJECT || !fhir::known(&kind) {
            return Err(Refusal::NotFound.into());
        }
        let project = Some(caller.realm().uuid());
        let meta = self.means.first_version(caller.profile(), project);
        // It is made, and sealed, for good when its turn comes.
        let vault = Vault::new(self.means, caller.realm())?;
        let address = (kind.as_str(), id);
        let resource = create_resource::resource(self.means, &vault, address, (meta, body))?;
        Ok((caller, resource))
    }
}

/// Whether an entry has come to what its name was taken to stand for.
fn stands_for(done: Option<&Done>, reference: &str) -> bool {
    match done {
        Some(Done::Written(written)) => {
            let resource = &written.resource;
            reference == format!("{}/{}", resource.kind, resource.id)
        }
        _ => false,
    }
}
