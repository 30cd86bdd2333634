//! Attempts are counted per account, per network address and per both together, whether the account exists or not.

use std::time::Duration;

use domain::{Attempt, Failure, History, Refusal, Timestamp};
use store::{Found, Key, Step, Transaction};

use crate::Means;

/// For how long failures are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// For how long a sender who signed in is familiar.
const FAMILIAR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What somebody who has to wait is told, in seconds: the longest pause.
const WAIT: u32 = 60;

/// An attempt on an account from an address, and what is remembered of earlier ones.
pub(crate) struct Knock {
    pair: Key,
    account: Key,
    address: Key,
    history: History,
}

impl Knock {
    /// Where to look before an attempt on `account` (`password` and address, or a user's second factor) from `remote`.
    pub(crate) fn at(means: Means<'_>, account: &str, remote: &str) -> Self {
        let key = |of: &str| means.store.tries_key(means.keys.blind("attempts", of));
        Self {
            pair: key(&format!("{account}\n{remote}")),
            account: key(account),
            address: key(&format!("from\n{remote}")),
            history: History::default(),
        }
    }

    /// What is to be read.
    pub(crate) fn keys(&self) -> [Key; 3] {
        [
            self.pair.clone(),
            self.account.clone(),
            self.address.clone(),
        ]
    }

    /// Goes on only when an attempt may be made now.
    ///
    /// # Errors
    /// [`Refusal::TooManyRequests`].
    pub(crate) async fn may_try(
        &mut self,
        means: Means<'_>,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let mut tries = |key: &Key| means.store.tries(found, key, means.now);
        self.history = History {
            pair: tries(&self.pair)?,
            account: tries(&self.account)?,
            address: tries(&self.address)?,
        };
        match means
            .settings
            .sign_in
            .back_off
            .attempt(&self.history, means.now)
        {
            Attempt::Made => Ok(()),
            Attempt::TooSoon => Err(Refusal::TooManyRequests { wait: WAIT }.into()),
            Attempt::Knocked => {
                let noted = means
                    .store
                    .note_knock(&self.pair, means.now, later(means, MEMORY));
                means.write(Transaction::new().step(noted)).await?;
                Err(Refusal::TooManyRequests { wait: WAIT }.into())
            }
        }
    }

    /// The attempt failed: once more for all three.
    pub(crate) fn failed(&self, means: Means<'_>) -> Vec<Step> {
        let History {
            pair,
            account,
            address,
        } = &self.history;
        let counts = [
            (&self.pair, pair),
            (&self.account, account),
            (&self.address, address),
        ];
        let until = later(means, MEMORY);
        counts
            .map(|(key, tries)| {
                // Where nothing that counts is remembered, an old row may still lie about.
                if tries.latest.is_none() && !tries.familiar && tries.failures == 0 {
                    means.store.first_failure(key, means.now, until)
                } else {
                    let until = if tries.familiar {
                        later(means, FAMILIAR)
                    } else {
                        until
                    };
                    means.store.count_failure(key, means.now, until)
                }
            })
            .into()
    }

    /// The attempt succeeded: the sender is familiar from now on, if he was not already.
    pub(crate) fn succeeded(&self, means: Means<'_>) -> Option<Step> {
        let pair = &self.history.pair;
        let nothing_to_say = pair.familiar && pair.failures == 0;
        (!nothing_to_say).then(|| means.store.note_success(&self.pair, later(means, FAMILIAR)))
    }
}

fn later(means: Means<'_>, span: Duration) -> Timestamp {
    means.now.plus(span)
}
