//! How often each caller has called this instance within a minute: a count in memory, which costs nothing and is lost with the
//! instance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{Allowance, MembershipId, Minute, ProjectId, Refusal, Timestamp};

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A caller, by the membership he acts by.
    Member(MembershipId),
    /// A caller at the routes of signing in, where his project has a limit for them.
    SigningIn(MembershipId),
    /// Nobody we know, by the address he calls from.
    Stranger(String),
    /// The FHIR interactions of a caller, in points.
    Interactions(MembershipId),
    /// Those of a whole project.
    AllInteractions(ProjectId),
}

/// The counts of the present minute; those of the minute before are forgotten at once, so that they cannot grow.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    calls: HashMap<Who, u32>,
}

impl Tally {
    /// Counts a call, of which there may be `limit` a minute on this instance.
    ///
    /// # Errors
    /// [`Refusal::TooManyRequests`].
    pub(crate) fn count(&self, who: Who, limit: u32, now: Timestamp) -> Result<Allowance, Refusal> {
        self.spend((who, 1), limit, now)
    }

    /// The same for what counts as many points. Whoever has any left may spend more than that once.
    ///
    /// # Errors
    /// [`Refusal::TooManyRequests`].
    pub(crate) fn spend(
        &self,
        (who, points): (Who, u32),
        limit: u32,
        now: Timestamp,
    ) -> Result<Allowance, Refusal> {
        let minute = Minute::of(now);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.minute != minute.number() {
            *counts = Counts {
                minute: minute.number(),
                calls: HashMap::new(),
            };
        }
        let calls = counts.calls.entry(who).or_default();
        if *calls >= limit {
            return Err(minute.refusal());
        }
        *calls = calls.saturating_add(points);
        Ok(minute.after(*calls, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_at_his_limit_waits_for_the_next_minute_and_others_do_not() {
        let tally = Tally::default();
        let stranger = |name: &str| Who::Stranger(name.to_owned());
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        let left = |who, second| tally.count(who, 2, at(second)).map(|it| it.remaining);
        assert_eq!(left(stranger("a"), 61), Ok(1));
        assert_eq!(left(stranger("a"), 62), Ok(0));
        let refused = Err(Refusal::TooManyRequests { wait: 57 });
        assert_eq!(left(stranger("a"), 63), refused);
        assert_eq!(left(stranger("b"), 63), Ok(1));
        assert_eq!(left(stranger("a"), 120), Ok(1));
    }
}
