//! Let another key sign tokens. The one before it counts until everything that it has signed is over.

use std::time::Duration;

use domain::{Dice, Failure, Refusal, Timestamp};
use fhir::Reference;
use identity::{MasterKey, SystemKeys};
use store::{Aborted, Action, Event, Store, Transaction};

use crate::sign_in::LONGEST_SESSION;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// A key was added: its id, and from when on it signs.
    Now(String, Timestamp),
    /// A key that was added before waits for its time.
    UnderWay,
}

/// Adds a key that signs after `delay`: by then every function must have read it.
///
/// # Errors
/// [`Refusal::NotFound`] before the bootstrap command has run, [`Refusal::Contended`] when somebody else rotates at the same time,
/// [`Failure::Corrupt`] when the master key does not fit, [`Failure::Unavailable`].
pub async fn rotate_keys(
    store: &Store,
    master: &MasterKey,
    (now, dice, delay): (Timestamp, Dice, Duration),
) -> Result<Rotated, Failure> {
    let stored = store.system_keys().await?.ok_or(Refusal::NotFound)?;
    let corrupt = |cause| Failure::corrupt("the system's keys", cause);
    let mut keys: SystemKeys = serde_json::from_value(stored.keys.clone()).map_err(corrupt)?;
    // A key that another master key cannot open would stop every function.
    let home = identity::KeyRing::open(&keys, master)?.super_project();
    let since = now.plus(delay);
    let until = since.plus(LONGEST_SESSION);
    let Some(kid) = keys.rotate((master, &dice), (now, since, until))? else {
        return Ok(Rotated::UnderWay);
    };
    let keys = serde_json::to_value(&keys).map_err(corrupt)?;
    let system = (Reference::system(), Reference::system());
    let event = Event::success(Action::Update, "rotate-keys", system, now);
    let written = Transaction::new()
        .step(store.replace_system_keys(&stored, &keys))
        .step(store.founding(home).record(&event, now, dice))
        .commit(store, dice)
        .await;
    match written {
        Ok(()) => Ok(Rotated::Now(kid.to_string(), since)),
        Err(Aborted::Changed) => Err(Refusal::Contended.into()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}
