//! A refresh token for the next tokens: once. Each has a successor; whoever shows one that already has a successor ends the session
//! for everybody who holds a part of it (RFC 9700 §4.14.2).

use domain::{Caller, ClientId, Failure, Secret};
use identity::secret::{self, SecretHash};
use identity::{Claims, Use};
use store::{Aborted, LoginRow, Transaction};

use super::redeem::end;
use super::{Denied, Session, Tokens, knows, names_another};
use crate::Means;
use crate::authorize::claimant;

const USED_TWICE: &str = "a refresh token was used twice";

/// A request to prolong a session.
pub struct Renewal {
    /// The refresh token.
    pub token: Secret,
    /// The id of the application, if one is named.
    pub client: Option<String>,
    /// Its secret, if it shows one; an empty one is wrong.
    pub secret: Option<Secret>,
}

/// Prolongs a session.
///
/// # Errors
/// The inner [`Denied`] is the sender's fault; a [`Failure`] is ours.
pub async fn refresh(
    means: Means<'_>,
    request: &Renewal,
) -> Result<Result<Tokens, Denied>, Failure> {
    let base = &means.settings.base_url;
    let token = request.token.reveal();
    let Ok(claims) = means.keys.verify(token, Use::Refresh, base, means.now) else {
        return Ok(Err(Denied::RefreshToken));
    };
    let Some(who) = claimant(&claims) else {
        return Ok(Err(Denied::RefreshToken));
    };
    let (evidence, row, secret) = tokio::join!(
        means.store.evidence(&who),
        means.store.login(claims.login_id),
        shown(means, request)
    );
    let Some(row) = row? else {
        return Ok(Err(Denied::RefreshToken));
    };
    if let Err(denied) = may_refresh(request, &claims, (&row, secret?)) {
        if denied == Denied::Exchanged {
            end(means, claims.login_id, &claims, USED_TWICE).await?;
        }
        return Ok(Err(denied));
    }
    // A membership that was taken away or switched off, a changed password: whatever ends a session ends it here, too.
    let Ok(caller) = Caller::admit(evidence?) else {
        return Ok(Err(Denied::Revoked));
    };
    if caller.is_super_admin() {
        return Ok(Err(Denied::RefreshToken));
    }
    let session = Session::kept(means, (claims.login_id, &row), &caller, true);
    rotate(means, &session, (&claims, &row)).await
}

/// Whether the application's secret is right, when it shows one.
async fn shown(means: Means<'_>, request: &Renewal) -> Result<bool, Failure> {
    let Some(secret) = &request.secret else {
        return Ok(true);
    };
    let Some(Ok(id)) = request.client.as_ref().map(|id| id.parse::<ClientId>()) else {
        return Ok(false);
    };
    let row = means.store.client_by_id(id).await?;
    Ok(row.is_some_and(|row| knows(&row, secret)))
}

fn may_refresh(
    request: &Renewal,
    claims: &Claims,
    (row, secret_is_right): (&LoginRow, bool),
) -> Result<(), Denied> {
    let current = row.refresh.clone().ok_or(Denied::RefreshToken)?;
    if row.revoked {
        return Err(Denied::Revoked);
    }
    if names_another(request.client.as_ref(), row) {
        return Err(Denied::OtherClient);
    }
    if !secret_is_right {
        return Err(Denied::OtherSecret);
    }
    let shown = claims.refresh_secret.as_ref().map(Secret::reveal);
    if shown.is_some_and(|secret| SecretHash::stored(current).matches(secret)) {
        Ok(())
    } else {
        Err(Denied::Exchanged)
    }
}

async fn rotate(
    means: Means<'_>,
    session: &Session<'_>,
    (claims, row): (&Claims, &LoginRow),
) -> Result<Result<Tokens, Denied>, Failure> {
    let tokens = session.tokens(means)?;
    let Some((secret, until)) = &session.refresh else {
        return Ok(Err(Denied::RefreshToken));
    };
    let next = secret::digest(secret);
    let hashes = (row.refresh.as_deref().unwrap_or_default(), next.as_str());
    let step = means
        .store
        .rotate_refresh(session.login, hashes, (means.now, *until));
    match Transaction::new()
        .step(step)
        .commit(means.store, means.dice)
        .await
    {
        Ok(()) => Ok(Ok(tokens)),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => {
            end(means, session.login, claims, USED_TWICE).await?;
            Ok(Err(Denied::Exchanged))
        }
    }
}
