//! Counts the calls of an address where anybody may call and a call is dear: passwords are hashed there, tokens signed, letters sent.

use domain::{Allowance, Failure, Minute};

use crate::Means;

/// Counts a call from `address`, of which there may be `limit` a minute on all instances together.
///
/// # Errors
/// [`domain::Refusal::TooManyRequests`]; [`Failure::Unavailable`]: who cannot be counted is not served.
pub async fn count_call(means: Means<'_>, address: &str, limit: u32) -> Result<Allowance, Failure> {
    let minute = Minute::of(means.now);
    // An address is personal data: in a key it is a keyed hash.
    let address = means.keys.blind("address", address);
    match means.store.count_call(address, minute, limit).await? {
        Some(count) => Ok(minute.after(count, limit)),
        None => Err(minute.refusal().into()),
    }
}
