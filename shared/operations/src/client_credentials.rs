//! A session for an application that shows its id and secret (RFC 6749 §4.4).

use std::time::Duration;

use domain::{Failure, LoginId, ProfileRef, ProfileType, Secret, Subject};
use fhir::Reference;
use identity::secret::SecretHash;
use identity::{Claims, Use};
use store::{Aborted, LoginRow, Transaction};

use crate::Means;

/// How long an access token lives unless the application says otherwise.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Why no session begins, in OAuth's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No such application, one that is off, or one without a membership.
    #[error("Invalid client")]
    Client,
    /// Not its secret.
    #[error("Invalid secret")]
    Secret,
}

/// A session that has begun.
#[derive(Debug)]
pub struct Granted {
    /// The access token, signed.
    pub access_token: String,
    /// The id token, signed.
    pub id_token: String,
    /// How long they live.
    pub life: Duration,
    /// The granted scope.
    pub scope: String,
    /// The project, with its name.
    pub project: Reference,
    /// The application's profile: itself.
    pub profile: Reference,
}

/// Begins a session.
///
/// # Errors
/// The inner [`Denied`] is the application's fault; a [`Failure`] is ours.
pub async fn client_credentials(
    means: Means<'_>,
    (id, secret): (&str, &Secret),
    scope: &str,
) -> Result<Result<Granted, Denied>, Failure> {
    let Ok(id) = id.parse::<domain::ClientId>() else {
        return Ok(Err(Denied::Client));
    };
    let Some(row) = means.store.client_by_id(id).await? else {
        return Ok(Err(Denied::Client));
    };
    let hashes = [Some(&row.secret), row.retiring.as_ref()];
    let knows = hashes.into_iter().flatten().any(|hash| SecretHash::stored(hash).matches(secret.reveal()));
    if !row.standing().active {
        return Ok(Err(Denied::Client));
    }
    if !knows {
        return Ok(Err(Denied::Secret));
    }
    let acts_by = (row.project(), row.membership());
    let claimant = domain::Claimant::by_secret(id, row.standing(), acts_by);
    let Ok(caller) = domain::Caller::admit(means.store.evidence(&claimant).await?) else {
        return Ok(Err(Denied::Client));
    };
    let life = row.access_token_lifetime.as_deref().and_then(lifetime).unwrap_or(HOUR);
    let login = LoginId::new(means.dice.id());
    let profile = ProfileRef { kind: ProfileType::ClientApplication, id: id.uuid() };
    let until = means.now.plus(life);
    let session = LoginRow::begun(profile.to_string(), acts_by, row.standing().epoch, (means.now, until));
    let begin = Transaction::new().step(means.store.create_login(login, &session.with_scope(scope)));
    begin.commit(means.store, means.dice).await.map_err(|aborted| match aborted {
        Aborted::Failed(failure) => failure,
        Aborted::Changed => Failure::unavailable("a session", "its id is taken"),
    })?;
    debug_assert_eq!(caller.subject(), Subject::Client(id));
    let claims = claims(means, (login, id), scope, &caller);
    let claims = Claims { exp: until.as_seconds(), ..claims };
    let id_claims = Claims {
        used_for: Use::Id,
        aud: id.to_string(),
        fhir_user: Some(profile.to_string()),
        auth_time: Some(means.now.as_seconds()),
        ..claims.clone()
    };
    Ok(Ok(Granted {
        access_token: means.keys.issue(&claims)?,
        id_token: means.keys.issue(&id_claims)?,
        life,
        scope: scope.to_owned(),
        project: caller.project().reference(),
        profile: caller.profile(),
    }))
}

fn claims(
    means: Means<'_>,
    (login, client): (LoginId, domain::ClientId),
    scope: &str,
    caller: &domain::Caller,
) -> Claims {
    let base = &means.settings.base_url;
    Claims {
        login_id: login,
        sub: client.to_string(),
        username: client.to_string(),
        scope: scope.to_owned(),
        profile: caller.profile().reference,
        client_id: Some(client),
        iss: base.clone(),
        iat: means.now.as_seconds(),
        exp: 0,
        nbf: None,
        aud: base.clone(),
        project: caller.project().id(),
        membership: caller.membership().id(),
        policies: Vec::new(),
        used_for: Use::Access,
        nonce: None,
        fhir_user: None,
        auth_time: None,
        email: None,
        refresh_secret: None,
    }
}

/// `accessTokenLifetime`: digits and one of `s m h d w y`.
fn lifetime(text: &str) -> Option<Duration> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        'y' => 365 * 24 * 60 * 60,
        _ => return None,
    };
    let count: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    Some(Duration::from_secs(count.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_digits_and_a_unit() {
        assert_eq!(lifetime("90s"), Some(Duration::from_secs(90)));
        assert_eq!(lifetime("2w"), Some(Duration::from_secs(14 * 86_400)));
        for text in ["", "h", "1", "1x", "-1h", "18446744073709551615y"] {
            assert_eq!(lifetime(text), None, "{text:?}");
        }
    }
}
