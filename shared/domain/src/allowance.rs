use crate::{Refusal, Timestamp};

/// What is left of somebody's requests in the present minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests that will still be answered.
    pub remaining: u32,
    /// Seconds until the next minute begins, 1 to 60.
    pub seconds: u32,
}

/// A minute of the clock: what requests are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    now: i64,
}

impl Minute {
    /// The minute of this moment.
    pub fn of(now: Timestamp) -> Self {
        Self {
            now: now.as_seconds(),
        }
    }

    /// Its number since 1970.
    pub fn number(self) -> i64 {
        self.now.div_euclid(60)
    }

    /// Seconds until it is over, 1 to 60.
    pub fn seconds_left(self) -> u32 {
        u32::try_from(60 - self.now.rem_euclid(60)).unwrap_or(60)
    }

    /// What is left after the request number `count` of at most `limit`.
    pub fn after(self, count: u32, limit: u32) -> Allowance {
        Allowance {
            remaining: limit.saturating_sub(count),
            seconds: self.seconds_left(),
        }
    }

    /// The refusal of a request for which nothing is left.
    pub fn refusal(self) -> Refusal {
        Refusal::TooManyRequests {
            wait: self.seconds_left(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_sixty_seconds_and_ends() {
        let at = |second: i64| Minute::of(Timestamp::from_millis(second * 1000));
        assert_eq!((at(120).number(), at(120).seconds_left()), (2, 60));
        assert_eq!((at(179).number(), at(179).seconds_left()), (2, 1));
        assert_eq!(at(180).number(), 3);
    }

    #[test]
    fn the_last_request_leaves_nothing_and_never_less() {
        let minute = Minute::of(Timestamp::from_millis(0));
        assert_eq!(minute.after(1, 3).remaining, 2);
        assert_eq!(minute.after(3, 3).remaining, 0);
        assert_eq!(minute.after(9, 3).remaining, 0);
    }
}
