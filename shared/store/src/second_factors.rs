//! Second factors: a sealed seed, the last code that was used, and how often wrong ones came.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, Timestamp, Tries, UserId};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::keys::Key;
use crate::row::{self, Item};
use crate::step::Step;

/// A user's second factor.
#[derive(Clone, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The seed, sealed.
    pub seed: String,
    /// Whether the user has shown that he has it: from then on he is asked for it.
    pub enrolled: bool,
    /// The step of the last code that was used.
    #[serde(rename = "lastStep")]
    pub last_step: i64,
    /// How many wrong codes came since the last right one.
    pub failures: u32,
    /// When the last one came, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<i64>,
}

impl SecondFactor {
    /// A new one, of which the user has shown nothing yet.
    pub fn new(seed: String) -> Self {
        Self {
            seed,
            enrolled: false,
            last_step: 0,
            failures: 0,
            latest: None,
        }
    }

    /// The wrong codes since the last right one.
    pub fn tries(&self) -> Tries {
        Tries {
            failures: self.failures,
            latest: self.latest,
            familiar: false,
        }
    }
}

impl Store {
    /// A user's second factor.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, Failure> {
        let key = Key::SecondFactor(user);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(read_second_factor).transpose()
    }

    /// The first second factor of a user who has none.
    pub fn create_second_factor(&self, user: UserId, new: &SecondFactor) -> Step {
        Step::create(row::item(&Key::SecondFactor(user), new))
    }

    /// A right code came: `enrolled` from now on, no code up to `step` counts any more, failures are forgotten. Nobody may have tried
    /// in between.
    pub fn accept_code(&self, user: UserId, (read, step): (&SecondFactor, i64)) -> Step {
        let words = "SET enrolled = :yes, lastStep = :step, failures = :none REMOVE latest";
        unchanged(Step::update(&Key::SecondFactor(user), words), read)
            .value(":yes", AttributeValue::Bool(true))
            .number(":step", step)
            .number(":none", 0)
    }

    /// A wrong code came. Nobody may have tried in between: so many at once are no more than one after the other.
    pub fn refuse_code(&self, user: UserId, read: &SecondFactor, now: Timestamp) -> Step {
        let words = "SET failures = failures + :one, latest = :now";
        unchanged(Step::update(&Key::SecondFactor(user), words), read)
            .number(":one", 1)
            .number(":now", now.as_seconds())
    }

    /// Another second factor instead of the one that was read.
    pub fn replace_second_factor(
        &self,
        user: UserId,
        (read, new): (&SecondFactor, &SecondFactor),
    ) -> Step {
        unchanged(Step::append(row::item(&Key::SecondFactor(user), new)), read)
    }

    /// No second factor any more.
    pub fn delete_second_factor(&self, user: UserId) -> Step {
        Step::delete(&Key::SecondFactor(user))
    }
}

fn unchanged(step: Step, read: &SecondFactor) -> Step {
    step.when("failures = :failures AND lastStep = :last AND seed = :seed")
        .number(":failures", i64::from(read.failures))
        .number(":last", read.last_step)
        .text(":seed", read.seed.as_str())
}

/// Reads a second factor's row.
pub(crate) fn read_second_factor(item: Item) -> Result<SecondFactor, Failure> {
    row::read("a second factor", item)
}
