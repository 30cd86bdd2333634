//! Who has signed in through an application lately: a browser's cookie says so, or the application itself with an id token.

use domain::{Caller, ClientId, Failure, LoginId, Timestamp};
use identity::{Claims, Use};
use store::LoginRow;

use super::request::AuthorizationRequest;
use crate::Means;
use crate::authorize::claimant;

/// A session that counts now.
pub(super) struct Session {
    pub(super) login: LoginId,
    pub(super) row: LoginRow,
    pub(super) caller: Caller,
}

/// The session that a request brings along, unless it is too old, has ended, or the person is to sign in again.
pub(super) async fn find(
    means: Means<'_>,
    (client, request): (ClientId, &AuthorizationRequest),
    cookie: Option<&str>,
) -> Result<Option<Session>, Failure> {
    let signs_in_again = request.signs_in_again() || client == ClientId::COMMAND_LINE;
    let (Some(claims), Ok(age), false) = (
        shown(means, (client, request), cookie),
        request.max_age(),
        signs_in_again,
    ) else {
        return Ok(None);
    };
    let Some(who) = claimant(&claims) else {
        return Ok(None);
    };
    let (evidence, row) = tokio::join!(
        means.store.evidence(&who),
        means.store.login(claims.login_id)
    );
    let (Ok(caller), Some(row)) = (Caller::admit(evidence?), row?) else {
        return Ok(None);
    };
    let began = row.began.parse::<Timestamp>();
    let is_young = began.is_ok_and(|began| began.plus(age) > means.now);
    let counts = is_young && row.client() == Some(client) && row.granted_by().is_some();
    Ok(counts.then_some(Session {
        login: claims.login_id,
        row,
        caller,
    }))
}

/// The claims of a genuine cookie or id token of this application. When both are there they are about the same person, or nobody.
fn shown(
    means: Means<'_>,
    (client, request): (ClientId, &AuthorizationRequest),
    cookie: Option<&str>,
) -> Option<Claims> {
    let genuine = |token: &str, used_for: Use| {
        let issuer = &means.settings.base_url;
        let claims = means.keys.verify(token, used_for, issuer, means.now).ok()?;
        let is_for = used_for != Use::Id || claims.aud == client.to_string();
        (is_for && claims.client_id == Some(client)).then_some(claims)
    };
    let kept = cookie.and_then(|cookie| genuine(cookie, Use::Session));
    let hinted = request.hint.as_ref();
    let hinted = hinted.and_then(|hint| genuine(hint.reveal(), Use::Id));
    match (kept, hinted) {
        (Some(kept), Some(hinted)) => (kept.sub == hinted.sub).then_some(kept),
        (kept, hinted) => kept.or(hinted),
    }
}
