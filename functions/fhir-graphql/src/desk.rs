//! Who answers what a query asks for: the operations that answer the same FHIR requests, to the caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::Ask;
use app::domain::{Caller, Claimant};
use app::limits::TOO_LONG;
use graphql::{Answer, Desk, Found};
use operations::batch::{self, Done};
use tokio::time::{Instant, timeout_at};

/// How often a query may read or search, unless its project says otherwise.
const MOST_SEARCHES: usize = 100;

/// The desk of one request.
pub(crate) struct OfTheCaller {
    at: Arc<(Ask, Caller, Claimant)>,
    asked: AtomicUsize,
    /// Until when there is time to read: what is not read by then is said to be missing.
    until: Instant,
}

impl OfTheCaller {
    pub(crate) fn new(ask: Ask, caller: Caller, claimant: Claimant) -> Self {
        Self {
            until: Instant::now() + ask.time_left(),
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
        let (at, may, until) = (Arc::clone(&self.at), self.may_go_on(), self.until);
        Box::pin(async move {
            if !may {
                return Err("Too many searches".to_owned());
            }
            let (ask, caller, claimant) = &*at;
            let read = batch::read(ask.means, (caller, *claimant), request);
            let Ok(read) = timeout_at(until, read).await else {
                return Err("There is no time left".to_owned());
            };
            match read {
                // A list has no place to say how it goes on.
                Ok(Done::Page(page)) if page.query.is_shortened() => Err(TOO_LONG.to_owned()),
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

fn shown(done: Done, ask: &Ask) -> Found {
    let view = ask.call.view();
    match done {
        Done::Read(resource) => Found {
            resources: vec![resource.into_json(view)],
            total: None,
        },
        Done::Page(page) => {
            let matches = page.matches.into_iter();
            Found {
                resources: matches.map(|it| it.into_json(view)).collect(),
                total: page.total,
            }
        }
        Done::Written(_) | Done::Nothing | Done::History(_) => Found::default(),
    }
}
