//! The link of a letter: the id of a request, by which it is found, and a secret, by which it counts.

use domain::{Failure, Fault, Form, Refusal, RequestId, Secret};
use identity::secret::SecretHash;
use store::{RequestKind, RequestRow};

use crate::Means;

/// How often a link is held anew against what is stored, when that has changed meanwhile.
pub(crate) const ROUNDS: usize = 8;

/// A link as somebody followed it.
#[derive(Clone, Debug)]
pub struct Link {
    id: RequestId,
    secret: Secret,
}

/// What a link is followed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To set a password.
    Password,
    /// To verify an address.
    Address,
}

impl Link {
    /// Reads `id` and `secret`.
    pub(crate) fn read(form: &mut Form<'_>) -> Option<Self> {
        let id = form.required_id("id", "Invalid request ID");
        let secret = form.required("secret", "Missing secret");
        Some(Self {
            id: id?,
            secret: Secret::new(secret),
        })
    }
}

impl Purpose {
    fn is_served_by(self, kind: RequestKind) -> bool {
        match self {
            Self::Password => matches!(kind, RequestKind::Invite | RequestKind::Reset),
            Self::Address => kind == RequestKind::VerifyEmail,
        }
    }

    fn refusal(self) -> Failure {
        Fault::general(match self {
            Self::Password => "Invalid request type",
            Self::Address => "Invalid user security request type",
        })
        .into()
    }
}

/// The request behind a link that still counts, as far as the request itself can tell. Nothing but the id is told to somebody who
/// does not know the secret: whether it was used, and what it is for (contract: `setpassword`, `verifyemail`).
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::LinkUsed`], [`Refusal::LinkExpired`], faults for a request of another kind and for a wrong
/// secret; [`Failure::Unavailable`].
pub(crate) async fn open(
    means: Means<'_>,
    link: &Link,
    purpose: Purpose,
) -> Result<RequestRow, Failure> {
    let request = means.store.request(link.id).await?;
    let request = request.ok_or(Refusal::NotFound)?;
    let serves = purpose.is_served_by(request.kind);
    if !serves && purpose == Purpose::Address {
        return Err(purpose.refusal());
    }
    if request.used {
        return Err(Refusal::LinkUsed.into());
    }
    if !serves {
        return Err(purpose.refusal());
    }
    // A letter that was never sent, or whose link was taken back, has no secret that could be right.
    let hash = SecretHash::stored(request.secret_hash.clone().unwrap_or_default());
    if !hash.matches(link.secret.reveal()) {
        return Err(Fault::general("Incorrect secret").into());
    }
    if request.is_expired(means.now) {
        return Err(Refusal::LinkExpired.into());
    }
    Ok(request)
}
