//! A code for tokens: once. Whoever shows a code again that was redeemed ends the session it opened (RFC 6749 §10.5).

use domain::{Caller, ClientId, Failure, LoginId, Secret};
use fhir::Reference;
use identity::pkce::Method;
use identity::secret::{self, SecretHash};
use identity::{Claims, Use};
use store::{Aborted, Event, LoginRow, Transaction};

use super::{Denied, Session, Tokens, knows, names_another};
use crate::Means;
use crate::authorize::claimant;

/// A request to redeem a code.
pub struct Redemption {
    /// The code.
    pub code: Secret,
    /// The id of the application, if one is named.
    pub client: Option<String>,
    /// Its secret, if it shows one.
    pub secret: Option<Secret>,
    /// The proof that the code is its own.
    pub verifier: Option<String>,
}

/// Redeems a code.
///
/// # Errors
/// The inner [`Denied`] is the sender's fault; a [`Failure`] is ours.
pub async fn redeem(
    means: Means<'_>,
    request: &Redemption,
) -> Result<Result<Tokens, Denied>, Failure> {
    let base = &means.settings.base_url;
    let code = request.code.reveal();
    let Ok(claims) = means.keys.verify(code, Use::Code, base, means.now) else {
        return Ok(Err(Denied::Code));
    };
    let Some(who) = claimant(&claims) else {
        return Ok(Err(Denied::Code));
    };
    let (evidence, row, client) = tokio::join!(
        means.store.evidence(&who),
        means.store.login(claims.login_id),
        shown(means, request)
    );
    let Some(row) = row? else {
        return Ok(Err(Denied::Code));
    };
    if let Err(denied) = may_redeem(request, &claims, (&row, client?)) {
        if denied == Denied::Granted {
            end(means, claims.login_id, &claims, "a code was used twice").await?;
        }
        return Ok(Err(denied));
    }
    let Ok(caller) = Caller::admit(evidence?) else {
        return Ok(Err(Denied::Revoked));
    };
    let prolonged = row.refreshable && !caller.is_super_admin();
    let session = Session::kept(means, (claims.login_id, &row), &caller, prolonged);
    grant(means, &session, (&claims, &row)).await
}

/// The application's row, when it shows a secret; whether it is the right one.
async fn shown(means: Means<'_>, request: &Redemption) -> Result<bool, Failure> {
    let (Some(secret), Some(client)) = (&request.secret, &request.client) else {
        return Ok(true);
    };
    let Ok(id) = client.parse::<ClientId>() else {
        return Ok(true);
    };
    let row = means.store.client_by_id(id).await?;
    Ok(row.is_some_and(|row| knows(&row, secret)))
}

/// What speaks against a code, in the order of the contract.
fn may_redeem(
    request: &Redemption,
    claims: &Claims,
    (row, secret_is_right): (&LoginRow, bool),
) -> Result<(), Denied> {
    if names_another(request.client.as_ref(), row) {
        return Err(Denied::Client);
    }
    if row.granted_by().is_none() {
        return Err(Denied::Profile);
    }
    if row.granted {
        return Err(Denied::Granted);
    }
    if row.revoked {
        return Err(Denied::Revoked);
    }
    if !secret_is_right {
        return Err(Denied::Secret);
    }
    prove(request, row)?;
    let secret = claims.refresh_secret.as_ref().map(Secret::reveal);
    let hash = row.code.clone().map(SecretHash::stored);
    let is_current = hash
        .zip(secret)
        .is_some_and(|(hash, secret)| hash.matches(secret));
    if is_current {
        Ok(())
    } else {
        Err(Denied::Code)
    }
}

/// PKCE (RFC 7636 §4.6), unless the application needs none.
fn prove(request: &Redemption, row: &LoginRow) -> Result<(), Denied> {
    if row.pkce_optional {
        return Ok(());
    }
    let (method, challenge) = row.challenge.as_ref().ok_or(Denied::Context)?;
    let verifier = request.verifier.as_ref().ok_or(Denied::NoVerifier)?;
    let matches = Method::parse(method).is_some_and(|method| method.matches(challenge, verifier));
    if matches {
        Ok(())
    } else {
        Err(Denied::Verifier)
    }
}

async fn grant(
    means: Means<'_>,
    session: &Session<'_>,
    (claims, row): (&Claims, &LoginRow),
) -> Result<Result<Tokens, Denied>, Failure> {
    let tokens = session.tokens(means)?;
    let refresh = session.refresh.as_ref();
    let hash = refresh.map(|(secret, _)| secret::digest(secret));
    let until = refresh.map_or_else(|| means.now.plus(session.life), |(_, until)| *until);
    let hashes = (
        row.code.as_deref().unwrap_or_default(),
        hash.as_ref().map(SecretHash::as_str),
    );
    let step = means
        .store
        .grant_login(session.login, hashes, (means.now, until));
    match Transaction::new()
        .step(step)
        .commit(means.store, means.dice)
        .await
    {
        Ok(()) => Ok(Ok(tokens)),
        Err(Aborted::Failed(failure)) => Err(failure),
        Err(Aborted::Changed) => Ok(Err(meanwhile(means, claims).await?)),
    }
}

/// Somebody was faster: with the same code, most likely, which then was used twice.
async fn meanwhile(means: Means<'_>, claims: &Claims) -> Result<Denied, Failure> {
    match means.store.login(claims.login_id).await? {
        Some(row) if row.granted => {
            end(means, claims.login_id, claims, "a code was used twice").await?;
            Ok(Denied::Granted)
        }
        Some(row) if row.revoked => Ok(Denied::Revoked),
        _ => Ok(Denied::Code),
    }
}

/// Ends a session of which somebody else may have the tokens, and writes that down; once, however often it is found out.
pub(super) async fn end(
    means: Means<'_>,
    login: LoginId,
    claims: &Claims,
    why: &str,
) -> Result<(), Failure> {
    let who = Reference::to(&claims.profile);
    let event = Event::refused("token", who, format!("{why}; the session ended"), means.now);
    let tenant = means.store.founding(claims.project);
    let ended = Transaction::new()
        .step(means.store.revoke_login(login))
        .step(tenant.record(&event, means.now, means.dice));
    match ended.commit(means.store, means.dice).await {
        Ok(()) | Err(Aborted::Changed) => Ok(()),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}
