//! Many requests in one: each is carried out by the operation that there is for it, and what becomes of one touches no other.
//!
//! What is asked for is done in FHIR's order: delete, create, update, patch, then read. Entries may refer to what others make, by the
//! names they give it. A transaction of a project with the feature for it is all or nothing ([`transaction()`]).

mod errand;
mod transaction;

use std::collections::HashMap;
use std::time::Duration;

use domain::{Caller, Claimant, Failure, Fault, Refusal};
use fhir::{Issue, Place, Request, Resource, Verb};
use store::together;
use tokio::time::Instant;
use uuid::Uuid;

use crate::history::History;
use crate::search::Listing;
use crate::write::Written;
use crate::{Means, conditional};

use errand::{Errand, Task};
pub use transaction::{Refused, is_atomic, transaction};

/// How many entries one request may have: they are done while the caller waits.
pub const MOST: usize = 200;
/// How many reads are under way at once.
const AT_ONCE: usize = 16;
/// The order in which verbs are carried out.
const ORDER: [Verb; 5] = [Verb::Delete, Verb::Post, Verb::Put, Verb::Patch, Verb::Get];

/// What became of an entry.
#[derive(Debug)]
pub enum Done {
    /// A resource was read.
    Read(Box<Resource>),
    /// A resource was written.
    Written(Box<Written>),
    /// It is done, and there is nothing to show.
    Nothing,
    /// A search was made.
    Page(Box<Listing>),
    /// A history was read.
    History(History),
}

/// Carries the entries out, and returns what became of each, in their order. `patience` is how long work is taken up.
pub async fn batch(
    means: Means<'_>,
    (caller, claimant): (&Caller, Claimant),
    entries: Vec<Result<Request, Issue>>,
    patience: Duration,
) -> Vec<Result<Done, Failure>> {
    let until = Instant::now() + patience;
    let errand = Errand {
        means,
        caller,
        claimant,
        until,
    };
    let count = entries.len();
    let mut done: Vec<Option<Result<Done, Failure>>> = (0..count).map(|_| None).collect();
    let mut tasks: Vec<(usize, Task)> = Vec::with_capacity(count);
    for (at, entry) in entries.into_iter().enumerate() {
        match entry {
            Ok(request) => tasks.push((at, Task { request, id: None })),
            Err(issue) => done[at] = Some(Err(Fault::from(issue).into())),
        }
    }
    errand.name(&mut tasks).await;
    for verb in ORDER {
        let of_verb = tasks.extract_if(.., |(_, task)| task.request.verb == verb);
        let of_verb: Vec<(usize, Task)> = of_verb.collect();
        for (at, result) in errand.carry_out(verb, of_verb).await {
            done[at] = Some(result);
        }
    }
    let lost = || Err(Refusal::NotFound.into());
    done.into_iter()
        .map(|done| done.unwrap_or_else(lost))
        .collect()
}

/// Answers one request that only reads.
///
/// # Errors
/// What the operation says that there is for it; [`Refusal::NotFound`] for what is no place to read.
pub async fn read(
    means: Means<'_>,
    (caller, claimant): (&Caller, Claimant),
    request: Request,
) -> Result<Done, Failure> {
    let errand = Errand {
        means,
        caller,
        claimant,
        // Nobody waits for others before him.
        until: Instant::now(),
    };
    Box::pin(errand.read(request.place, request.words)).await
}

impl Errand<'_> {
    /// Draws the ids of what is to be made, so that entries can refer to each other in whatever order they stand. Returns what the names
    /// of entries stand for.
    async fn name(self, tasks: &mut [(usize, Task)]) -> Vec<(usize, String)> {
        let mut names: HashMap<String, String> = HashMap::new();
        let mut named = Vec::new();
        // Who makes the same thing unless it is there, makes one.
        let mut drawn: HashMap<(String, String), Uuid> = HashMap::new();
        for (at, task) in tasks.iter_mut() {
            let Some(name) = task.request.name.clone() else {
                continue;
            };
            let reference = match (task.request.verb, &task.request.place) {
                (Verb::Post, Place::Type(kind)) => {
                    let there = self.there_already(kind, &task.request).await;
                    let mut draw = || match &task.request.if_none_exist {
                        Some(words) => *drawn
                            .entry((kind.clone(), words.clone()))
                            .or_insert_with(|| self.means.dice.id()),
                        None => self.means.dice.id(),
                    };
                    let id = there.is_none().then(&mut draw);
                    task.id = id;
                    there.or(task.id).map(|id| format!("{kind}/{id}"))
                }
                (Verb::Put, Place::Resource(kind, id)) => Some(format!("{kind}/{id}")),
                _ => None,
            };
            named.extend(reference.clone().map(|reference| (*at, reference)));
            names.extend(reference.map(|reference| (name, reference)));
        }
        if names.is_empty() {
            return named;
        }
        for (_, task) in tasks {
            task.request.resolve(&|name| names.get(name).cloned());
        }
        named
    }

    /// What a conditional creation finds instead of making it. What is wrong with its search is said when it is carried out.
    async fn there_already(self, kind: &str, request: &Request) -> Option<Uuid> {
        let words = request.must_not_find()?;
        let (tenant, sight) = (self.means.store.of(self.caller), self.sight());
        let found = conditional::look(self.means, tenant, sight, (kind, Ok(words))).await;
        found.ok()?.found()
    }

    async fn carry_out(
        self,
        verb: Verb,
        tasks: Vec<(usize, Task)>,
    ) -> Vec<(usize, Result<Done, Failure>)> {
        let mut done = Vec::with_capacity(tasks.len());
        // What only reads gets in nobody's way.
        let width = if verb == Verb::Get { AT_ONCE } else { 1 };
        let mut tasks = tasks.into_iter().peekable();
        while tasks.peek().is_some() {
            let some: Vec<(usize, Task)> = tasks.by_ref().take(width).collect();
            let under_way = some
                .into_iter()
                .map(|(at, task)| async move { (at, Box::pin(self.one(task)).await) });
            done.extend(together(under_way.collect()).await);
        }
        done
    }
}
