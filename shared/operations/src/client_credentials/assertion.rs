//! An application shows who it is by an assertion: signed with a key that only it has, good for a short time and for one use.

use std::time::Duration;

use domain::{Caller, ClientId, Failure, Secret, Timestamp};
use identity::assertion::Assertion;
use outside::Outside;
use serde_json::Value;
use store::Existence;

use super::{begin, claimant};
use crate::Means;
use crate::tokens::{Denied, Tokens};

/// The only kind of assertion (RFC 7523 §2.2).
const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// For how long an application's keys are believed to be the same.
const KEYS_LIFE: Duration = Duration::from_secs(5 * 60);
/// An assertion with an unknown key makes us look again, but not more often than this.
const KEYS_REST: Duration = Duration::from_secs(10);

/// What an application has sent instead of a secret.
#[derive(Clone, Debug)]
pub struct ClientAssertion {
    /// `client_assertion_type`.
    pub kind: String,
    /// `client_assertion`.
    pub assertion: Option<Secret>,
    /// `client_id`, if it says that, too.
    pub client: Option<String>,
}

/// Begins a session for whoever has signed the assertion.
///
/// # Errors
/// The inner [`Denied`] is the application's fault; a [`Failure`] is ours.
pub async fn client_credentials_by_assertion(
    means: Means<'_>,
    outside: &Outside,
    (sent, scope, address): (&ClientAssertion, &str, &str),
) -> Result<Result<Tokens, Denied>, Failure> {
    let text = sent.assertion.as_ref().map_or("", Secret::reveal);
    let (assertion, id) = match read(means, sent, text) {
        Ok(read) => read,
        Err(denied) => return Ok(Err(denied)),
    };
    let Some(row) = means.store.client_by_id(id).await? else {
        return Ok(Err(Denied::UnknownClient));
    };
    let claimant = claimant(id, &row);
    let tenant = means.store.founding(row.project());
    let (evidence, application) = tokio::join!(
        means.store.evidence(&claimant),
        tenant.resource("ClientApplication", id.uuid())
    );
    let Existence::Here(application) = application? else {
        return Ok(Err(Denied::UnknownClient));
    };
    let keys = application.resource.body.get("jwksUri");
    let Some(keys) = keys.and_then(Value::as_str) else {
        return Ok(Err(Denied::NoKeys));
    };
    if !is_genuine(&assertion, (outside, keys), means.now).await {
        return Ok(Err(Denied::AssertionSignature));
    }
    if !assertion.counts_at(means.now) {
        return Ok(Err(Denied::Assertion));
    }
    let Ok(caller) = Caller::admit(evidence?) else {
        return Ok(Err(Denied::Client));
    };
    if !row.standing().active {
        return Ok(Err(Denied::Client));
    }
    let name = means.keys.blind("assertion", assertion.name());
    let once = means.store.remember_assertion(id, name, assertion.until());
    begin(means, (id, &row, &caller), (scope, address, vec![once])).await
}

/// What can be said before anything is looked up, in the order of the contract.
fn read<'a>(
    means: Means<'_>,
    sent: &ClientAssertion,
    text: &'a str,
) -> Result<(Assertion<'a>, ClientId), Denied> {
    if sent.kind != KIND {
        return Err(Denied::AssertionType);
    }
    let assertion = Assertion::read(text).ok_or(Denied::Assertion)?;
    let here = format!("{}oauth2/token", means.settings.base_url);
    if !assertion.is_for(&here) {
        return Err(Denied::AssertionAudience);
    }
    let client = assertion.client().ok_or(Denied::AssertionIssuer)?;
    if sent.client.as_deref().is_some_and(|named| named != client) {
        return Err(Denied::AssertionIssuer);
    }
    let id = client.parse().map_err(|_| Denied::UnknownClient)?;
    Ok((assertion, id))
}

/// Whether one of the application's keys has signed it. A key that is not among those we remember may be new.
async fn is_genuine(
    assertion: &Assertion<'_>,
    (outside, address): (&Outside, &str),
    now: Timestamp,
) -> bool {
    for age in [KEYS_LIFE, KEYS_REST] {
        match outside.published(address, (now, age)).await {
            Ok(keys) if assertion.is_signed_by(&keys) => return true,
            Ok(_) => {}
            Err(unheard) => {
                tracing::warn!(cause = %unheard, "an application's keys cannot be had");
                return false;
            }
        }
    }
    false
}
