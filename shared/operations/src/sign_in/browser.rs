//! What a browser keeps of a session that began through an application, so that the authorization endpoint knows it again.

use std::time::Duration;

use domain::{ClientId, Failure};
use identity::{Claims, Use};
use serde_json::Value;

use crate::Means;

/// For how long it is kept.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// A token for the browser: signed, good for the authorization endpoint alone, and for one application.
pub struct Kept {
    /// The application.
    pub client: ClientId,
    /// The token.
    pub token: String,
    /// For how long it counts.
    pub life: Duration,
}

/// What the browser keeps after this answer to a sign-in: something when it has a code for an application. For the command line it keeps
/// nothing: whoever listens where that listens must not get a code without a password.
///
/// # Errors
/// [`Failure::Corrupt`] when there is no key to sign with.
pub fn kept(means: Means<'_>, answer: &Value) -> Result<Option<Kept>, Failure> {
    let code = answer["code"].as_str().unwrap_or_default();
    let issuer = &means.settings.base_url;
    let Ok(claims) = means.keys.verify(code, Use::Code, issuer, means.now) else {
        return Ok(None);
    };
    let Some(client) = claims.client_id.filter(|id| *id != ClientId::COMMAND_LINE) else {
        return Ok(None);
    };
    let claims = Claims {
        used_for: Use::Session,
        exp: means.now.plus(LIFE).as_seconds(),
        refresh_secret: None,
        ..claims
    };
    Ok(Some(Kept {
        client,
        token: means.keys.issue(&claims)?,
        life: LIFE,
    }))
}
