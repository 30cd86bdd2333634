//! What shall go wrong, decided before anything runs: the same seed and the same calls give the same faults.

use std::time::Duration;

use super::call::Asked;

/// One thing that can happen to a call on its way to the table and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// `ProvisionedThroughputExceededException`; the call never reaches the table.
    Throttle,
    /// `InternalServerError` with status 500; the call never reaches the table.
    ServerError,
    /// The call waits this long before it is forwarded.
    Delay(Duration),
    /// The connection drops before the call is forwarded: nothing has happened.
    LostRequest,
    /// The call is carried out, then the connection drops: the caller cannot know.
    LostAnswer,
    /// `BatchGetItem` answers the first half of its keys and hands back the rest as `UnprocessedKeys`.
    Unprocessed,
    /// The calling function's process is killed before the call is forwarded.
    CrashBefore,
    /// The calling function's process is killed after the call was carried out.
    CrashAfter,
}

/// When a rule strikes among the calls it matches.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Only the nth matching call, counted from 1.
    Nth(u64),
    /// Each matching call with this probability.
    Chance(f64),
}

#[derive(Clone, Debug)]
struct Rule {
    calls: String,
    when: When,
    fault: Fault,
    seen: u64,
}

/// A seeded list of faults. The first rule that strikes decides; a call that meets none passes unharmed.
///
/// Calls are named by action (`"TransactWriteItems"`), by function and action
/// (`"invite/TransactWriteItems"`), by function (`"invite/*"`) or as `"*"`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    seed: u64,
    rules: Vec<Rule>,
    conflicts: bool,
    struck: usize,
}

impl Plan {
    /// A plan without faults. `seed` decides every later draw.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Throttles each of these calls with the given probability (0 to 1).
    pub fn throttle(self, calls: &str, probability: f64) -> Self {
        self.sometimes(calls, probability, Fault::Throttle)
    }

    /// Strikes each of these calls with the given probability (0 to 1).
    pub fn sometimes(self, calls: &str, probability: f64, fault: Fault) -> Self {
        self.rule(calls, When::Chance(probability), fault)
    }

    /// Strikes only the nth of these calls, counted from 1 since the plan was laid.
    pub fn nth(self, calls: &str, n: u64, fault: Fault) -> Self {
        self.rule(calls, When::Nth(n), fault)
    }

    /// Refuses the later of two calls in flight that name one row when one of them is a transaction, as DynamoDB does
    /// (Developer Guide, "Transaction conflict handling"), and keeps every transaction in flight for some milliseconds
    /// so that races really meet.
    pub fn conflicts(mut self) -> Self {
        self.conflicts = true;
        self
    }

    fn rule(mut self, calls: &str, when: When, fault: Fault) -> Self {
        self.rules.push(Rule {
            calls: calls.to_owned(),
            when,
            fault,
            seen: 0,
        });
        self
    }

    pub(crate) fn has_conflicts(&self) -> bool {
        self.conflicts
    }

    /// The fault this call meets. Every rule counts the calls it matches, also when an earlier rule strikes.
    pub(crate) fn fault(&mut self, asked: &Asked) -> Option<Fault> {
        let mut struck = None;
        for (place, rule) in (0u64..).zip(&mut self.rules) {
            if !rule.matches(asked) {
                continue;
            }
            rule.seen += 1;
            let strikes = match rule.when {
                When::Nth(n) => rule.seen == n,
                When::Chance(p) => draw(self.seed, place, rule.seen) < p,
            };
            if strikes && struck.is_none() {
                struck = Some(rule.fault);
            }
        }
        self.struck += usize::from(struck.is_some());
        struck
    }

    pub(crate) fn struck(&self) -> usize {
        self.struck
    }
}

impl Rule {
    fn matches(&self, asked: &Asked) -> bool {
        let (function, action) = self.calls.split_once('/').unwrap_or(("*", &self.calls));
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let batch_only = self.fault == Fault::Unprocessed && asked.action != "BatchGetItem";
        fits(function, &asked.function) && fits(action, &asked.action) && !batch_only
    }
}

/// A number in 0..1 that depends on nothing but its arguments (the finaliser of SplitMix64).
fn draw(seed: u64, rule: u64, call: u64) -> f64 {
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = seed.wrapping_add(rule.wrapping_mul(GAMMA).rotate_left(32));
    z = z.wrapping_add(call.wrapping_mul(GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn call(function: &str, action: &str) -> Asked {
        Asked::new(
            &format!("X.{action}"),
            &format!("Function={function}"),
            Value::Null,
        )
    }

    fn strikes(mut plan: Plan, call: &Asked, times: usize) -> Vec<bool> {
        (0..times).map(|_| plan.fault(call).is_some()).collect()
    }

    #[test]
    fn the_nth_call_is_struck_and_no_other() {
        let plan = Plan::new(1).nth("invite/GetItem", 2, Fault::LostAnswer);
        assert_eq!(
            strikes(plan.clone(), &call("invite", "GetItem"), 4),
            [false, true, false, false]
        );
        assert_eq!(
            strikes(plan.clone(), &call("invite", "Query"), 3),
            [false; 3]
        );
        assert_eq!(strikes(plan, &call("token", "GetItem"), 3), [false; 3]);
    }

    #[test]
    fn the_same_seed_strikes_the_same_calls_and_another_seed_strikes_others() {
        let with = |seed| {
            strikes(
                Plan::new(seed).throttle("*", 0.5),
                &call("a", "GetItem"),
                64,
            )
        };
        assert_eq!(with(7), with(7));
        assert_ne!(with(7), with(8));
    }

    #[test]
    fn a_probability_is_met_in_the_long_run() {
        let struck = strikes(
            Plan::new(3).throttle("GetItem", 0.25),
            &call("", "GetItem"),
            10_000,
        );
        let share = struck.iter().filter(|hit| **hit).count();
        assert!((2_300..2_700).contains(&share), "{share} of 10,000");
    }

    #[test]
    fn only_a_batch_read_can_leave_keys_unprocessed() {
        let plan = Plan::new(0).sometimes("*", 1.0, Fault::Unprocessed);
        assert_eq!(strikes(plan.clone(), &call("", "GetItem"), 1), [false]);
        assert_eq!(strikes(plan, &call("", "BatchGetItem"), 1), [true]);
    }
}
