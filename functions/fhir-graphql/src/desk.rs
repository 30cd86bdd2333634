//! Who answers what a query asks for: the operations that answer the same FHIR requests, to the caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::Ask;
use app::domain::{Caller, Claimant};
use graphql::{Answer, Desk};
use operations::batch::{self, Done};
use serde_json::Value;

/// How often a query may read or search, unless its project says otherwise.
const MOST_SEARCHES: usize = 100;

/// The desk of one request.
pub(crate) struct OfTheCaller {
    at: Arc<(Ask, Caller, Claimant)>,
    asked: AtomicUsize,
}

impl OfTheCaller {
    pub(crate) fn new(ask: Ask, caller: Caller, claimant: Claimant) -> Self {
        Self {
            at: Arc::new((ask, caller, claimant)),
            asked: AtomicUsize::new(0),
        }
    }

    /// Whether there is room for one more.
    fn may_go_on(&self) -> bool {
        let (_, caller, _) = &*self.at;
        let most = caller.project().most_searches_by_graphql();
        self.asked.fetch_add(1, Ordering::Relaxed) < most.unwrap_or(MOST_SEARCHES)
    }
}

impl Desk for OfTheCaller {
    fn ask(&self, request: fhir::Request) -> Answer {
        let (at, may) = (Arc::clone(&self.at), self.may_go_on());
        Box::pin(async move {
            if !may {
                return Err("Too many searches".to_owned());
            }
            let (ask, caller, claimant) = &*at;
            match batch::read(ask.means, (caller, *claimant), request).await {
                Ok(done) => Ok(shown(done, ask)),
                Err(failure) => {
                    let problem = ask.failed_within(caller, failure).await;
                    let issues = problem.outcome.issues.into_iter();
                    let words: Vec<String> = issues.map(|issue| issue.text).collect();
                    Err(words.join("; "))
                }
            }
        })
    }
}

fn shown(done: Done, ask: &Ask) -> Vec<Value> {
    let view = ask.call.view();
    match done {
        Done::Resource(written) => vec![written.resource.to_json(view)],
        Done::Page(page) => page.matches.iter().map(|it| it.to_json(view)).collect(),
        Done::Nothing | Done::History(_) => Vec::new(),
    }
}
