use std::time::Duration;

use crate::Timestamp;

/// How failed attempts to sign in slow down further ones. A pause is measured from the sender's own last attempt on the account, so
/// that nobody's attempts keep somebody else out: whoever comes back after the pause is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// How many failures on one account cost nothing.
    pub free: u32,
    /// How many failures from one network address, on whatever accounts, cost nothing.
    pub free_for_address: u32,
}

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// What is remembered of failed attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many there were.
    pub failures: u32,
    /// When the last one was, in seconds since 1970.
    pub latest: Option<i64>,
    /// Whether an attempt has succeeded lately.
    pub familiar: bool,
}

/// How many wrong codes of a second factor cost nothing.
const FREE_CODES: u32 = 5;
/// The longest pause after a wrong code.
const LONGEST_AFTER_CODE: Duration = Duration::from_secs(15 * 60);

impl Tries {
    /// Whether the next code of a second factor has to wait. Who shows codes knows the password already: so everybody waits, wherever
    /// he is, half a minute after the sixth wrong code in a row and twice as long after each further one. This limit is no setting.
    pub fn must_wait(&self, now: Timestamp) -> bool {
        let Some(beyond) = self.failures.checked_sub(FREE_CODES) else {
            return false;
        };
        let pause = Duration::from_secs(30 << beyond.min(5)).min(LONGEST_AFTER_CODE);
        is_within(self.latest, pause, now)
    }
}

/// Everything that is remembered when somebody tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Of this sender on this account.
    pub pair: Tries,
    /// Of everybody on this account.
    pub account: Tries,
    /// Of this sender on every account.
    pub address: Tries,
}

/// Whether an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is.
    Made,
    /// Not yet: the sender has to come back. It is to be noted that he has knocked, from which his pause counts.
    Knocked,
    /// Not yet: his pause is not over. Nothing is noted, so that impatience prolongs nothing.
    TooSoon,
}

impl BackOff {
    /// Decides whether the attempt is made.
    pub fn attempt(&self, history: &History, now: Timestamp) -> Attempt {
        let History {
            pair,
            account,
            address,
        } = history;
        let mut pause = pause(pair.failures, self.free);
        if !pair.familiar {
            pause = pause.max(self::pause(account.failures, self.free.saturating_mul(2)));
            let shared = self::pause(address.failures, self.free_for_address);
            if is_within(address.latest, shared, now) {
                return Attempt::TooSoon;
            }
        }
        match pair.latest {
            _ if pause.is_zero() => Attempt::Made,
            None => Attempt::Knocked,
            latest if is_within(latest, pause, now) => Attempt::TooSoon,
            Some(_) => Attempt::Made,
        }
    }
}

/// Nothing for the first failures, then one second, doubled by each further one.
fn pause(failures: u32, free: u32) -> Duration {
    match failures.checked_sub(free) {
        None | Some(0) => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << (beyond - 1).min(6)).min(LONGEST),
    }
}

fn is_within(latest: Option<i64>, pause: Duration, now: Timestamp) -> bool {
    let pause = i64::try_from(pause.as_secs()).unwrap_or(i64::MAX);
    latest.is_some_and(|latest| now.as_seconds() < latest.saturating_add(pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: BackOff = BackOff {
        free: 5,
        free_for_address: 100,
    };

    fn tries(failures: u32, latest: i64) -> Tries {
        Tries {
            failures,
            latest: Some(latest),
            familiar: false,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn the_first_failures_are_free_and_each_further_one_doubles_the_pause() {
        for (failures, pause) in [
            (0, 0),
            (5, 0),
            (6, 1),
            (7, 2),
            (8, 4),
            (11, 32),
            (12, 60),
            (500, 60),
        ] {
            let history = History {
                pair: tries(failures, 1_000),
                ..History::default()
            };
            if pause > 0 {
                assert_eq!(
                    RULE.attempt(&history, at(1_000 + pause - 1)),
                    Attempt::TooSoon
                );
            }
            assert_eq!(
                RULE.attempt(&history, at(1_000 + pause)),
                Attempt::Made,
                "{failures}"
            );
        }
    }

    #[test]
    fn an_attack_on_an_account_never_keeps_its_owner_out() {
        let mut history = History {
            account: tries(100_000, 1_000),
            ..History::default()
        };
        assert_eq!(RULE.attempt(&history, at(1_000)), Attempt::Knocked);
        history.pair.latest = Some(1_000);
        // Others go on failing; his own pause ends all the same.
        history.account = tries(200_000, 1_060);
        assert_eq!(RULE.attempt(&history, at(1_059)), Attempt::TooSoon);
        assert_eq!(RULE.attempt(&history, at(1_060)), Attempt::Made);
        history.pair.familiar = true;
        assert_eq!(RULE.attempt(&history, at(1_001)), Attempt::Made);
    }

    #[test]
    fn after_five_wrong_codes_each_further_one_waits_longer() {
        for (failures, pause) in [(5, 30), (6, 60), (9, 480), (10, 900), (60, 900)] {
            assert!(
                tries(failures, 1_000).must_wait(at(1_000 + pause - 1)),
                "{failures}"
            );
            assert!(
                !tries(failures, 1_000).must_wait(at(1_000 + pause)),
                "{failures}"
            );
        }
        assert!(!tries(4, 1_000).must_wait(at(1_000)));
    }

    #[test]
    fn one_address_that_tries_many_accounts_is_slowed_but_not_whoever_signs_in_there_as_always() {
        let mut history = History {
            address: tries(10_000, 1_000),
            ..History::default()
        };
        assert_eq!(RULE.attempt(&history, at(1_001)), Attempt::TooSoon);
        history.pair.familiar = true;
        assert_eq!(RULE.attempt(&history, at(1_001)), Attempt::Made);
    }
}
