//! Deliver an invitation's letter: the secret comes to exist just before it is mailed, and no letter is mailed twice.

use std::time::Duration;

use domain::{Failure, RequestId, Secret};
use identity::secret;
use store::{Delivery, Started};

pub use store::Errand;

use crate::Means;

/// How often a letter that the mail service refused is tried again.
const ATTEMPTS: u32 = 3;

/// What to do with a letter that the stream brought.
#[derive(Debug)]
pub enum Task {
    /// Send it now, with this secret in its link.
    Send(Box<Errand>, Secret),
    /// It is settled already.
    Done,
    /// It did not go out, or nobody knows whether it did: the record belongs to those who look after such things.
    Lost,
}

/// How sending ended.
#[derive(Debug)]
pub enum Sending {
    /// The mail service took it.
    Accepted,
    /// The mail service refused it; nothing went out.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// Begins letter number `send_seq` of an invitation whose link is to live for `life`.
///
/// # Errors
/// [`Failure::Unavailable`]: nothing was begun, the stream brings it again.
pub async fn begin(
    means: Means<'_>,
    (request, send_seq): (RequestId, u32),
    life: Duration,
) -> Result<Task, Failure> {
    let drawn = secret::link_secret(&means.dice);
    let hash = secret::digest(&drawn);
    let expires = means.now.plus(life);
    let started = means
        .store
        .begin_delivery(request, send_seq, (hash.as_str(), expires))
        .await?;
    Ok(match started {
        Started::Yes(errand) => Task::Send(errand, drawn),
        Started::Abandoned => {
            let reason = Some("the sender was interrupted");
            means
                .store
                .end_delivery(request, send_seq, (Delivery::Unknown, reason))
                .await?;
            Task::Lost
        }
        Started::Settled(Some(Delivery::Failed | Delivery::Unknown)) => Task::Lost,
        Started::Settled(_) => Task::Done,
    })
}

/// Notes how sending ended. `true` when the letter is settled or will be tried again, `false` when it is lost.
///
/// # Errors
/// [`Failure::Unavailable`]: the state stays `sending`, which is later taken for unknown.
pub async fn end(means: Means<'_>, errand: &Errand, sending: Sending) -> Result<bool, Failure> {
    let (id, seq) = (errand.id(), errand.send_seq);
    match sending {
        Sending::Accepted => {
            means
                .store
                .end_delivery(id, seq, (Delivery::Sent, None))
                .await?;
        }
        Sending::Refused(reason) if errand.attempts + 1 < ATTEMPTS => {
            means.store.requeue(id, seq, &reason).await?;
        }
        Sending::Refused(reason) => {
            means
                .store
                .end_delivery(id, seq, (Delivery::Failed, Some(&reason)))
                .await?;
            return Ok(false);
        }
        Sending::Unknown(reason) => {
            means
                .store
                .end_delivery(id, seq, (Delivery::Unknown, Some(&reason)))
                .await?;
            return Ok(false);
        }
    }
    Ok(true)
}
