//! Authorization codes. A code is a token of its own use: signed, so that a guess costs no look at the table, and it says where the
//! session and all that decides about it stand, so that they are read at once. Its secret is kept as a hash.

use std::time::Duration;

use domain::{Failure, LoginId};
use identity::{Claims, Use, secret};
use store::{Granted, LoginRow};

use crate::Means;

/// How long a code is good for.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// A new code of a session for a membership, and the hash of its secret.
pub(super) fn mint(
    means: Means<'_>,
    (id, row): (LoginId, &LoginRow),
    granted: &Granted,
) -> Result<(String, String), Failure> {
    let subject = row.subject.split_once('/').map_or("", |(_, id)| id);
    let secret = secret::link_secret(&means.dice);
    let hash = secret::digest(&secret);
    let base = &means.settings.base_url;
    let claims = Claims {
        login_id: id,
        sub: subject.to_owned(),
        username: subject.to_owned(),
        scope: String::new(),
        profile: granted.profile.to_string(),
        client_id: row.client(),
        iss: base.clone(),
        iat: means.now.as_seconds(),
        exp: means.now.plus(LIFE).as_seconds(),
        nbf: None,
        aud: base.clone(),
        project: granted.project,
        membership: granted.membership,
        policies: Vec::new(),
        used_for: Use::Code,
        nonce: None,
        fhir_user: None,
        auth_time: None,
        email: None,
        refresh_secret: Some(secret),
    };
    Ok((means.keys.issue(&claims)?, hash.as_str().to_owned()))
}
