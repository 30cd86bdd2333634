//! What the token endpoint gives: a session's tokens, for a secret, a code, or what prolongs a session.

mod redeem;
mod refresh;

use std::time::Duration;

use domain::{Caller, ClientId, Failure, LoginId, Scopes, Secret, Subject, Timestamp};
use fhir::Reference;
use identity::secret::{self, SecretHash};
use identity::{Claims, Use};
use store::{ClientRow, Launch, LoginRow};

use crate::{Means, rights};

pub use redeem::{Redemption, redeem};
pub use refresh::{Renewal, refresh};

/// How long an access token lives unless the application says otherwise.
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// How long a refresh token lives unless the application says otherwise.
const TWO_WEEKS: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Why there are no tokens, in OAuth's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No such application, one that is off, one without a membership, or not the one of the session.
    #[error("Invalid client")]
    Client,
    /// Not its secret.
    #[error("Invalid secret")]
    Secret,
    /// Not a code, or not one that counts.
    #[error("Invalid code")]
    Code,
    /// Its policies do not let it in from where it calls.
    #[error("IP address not allowed")]
    Address,
    /// The session has no membership.
    #[error("Invalid profile")]
    Profile,
    /// The session was begun without a proof of who redeems its code.
    #[error("Missing verification context")]
    Context,
    /// The proof is missing.
    #[error("Missing code verifier")]
    NoVerifier,
    /// The proof is wrong.
    #[error("Invalid code verifier")]
    Verifier,
    /// The code was redeemed before.
    #[error("Token already granted")]
    Granted,
    /// The session has ended.
    #[error("Token revoked")]
    Revoked,
    /// Not a refresh token, or not one that counts.
    #[error("Invalid refresh token")]
    RefreshToken,
    /// A refresh token that was exchanged before.
    #[error("Invalid token")]
    Exchanged,
    /// The session began through another application.
    #[error("Incorrect client")]
    OtherClient,
    /// A proof of another kind than a signed assertion.
    #[error("Unsupported client assertion type")]
    AssertionType,
    /// No assertion, one whose time is over or has not come, or one that was shown before.
    #[error("Invalid client assertion")]
    Assertion,
    /// An assertion for another server.
    #[error("Invalid client assertion audience")]
    AssertionAudience,
    /// Not the application's own word.
    #[error("Invalid client assertion issuer")]
    AssertionIssuer,
    /// The assertion is that of nobody.
    #[error("Client not found")]
    UnknownClient,
    /// The application publishes no keys.
    #[error("Client must have a JWK Set URL")]
    NoKeys,
    /// Not signed with one of the application's keys, or they cannot be had.
    #[error("Invalid client assertion signature")]
    AssertionSignature,
    /// Not the secret of the session's application.
    #[error("Incorrect client secret")]
    OtherSecret,
}

impl Denied {
    /// The error's code (RFC 6749 §5.2), as recorded.
    pub fn error(self) -> &'static str {
        match self {
            Self::Granted | Self::Revoked | Self::OtherClient | Self::OtherSecret => {
                "invalid_grant"
            }
            _ => "invalid_request",
        }
    }
}

/// The tokens of a session.
pub struct Tokens {
    /// The access token, signed.
    pub access_token: String,
    /// The id token, signed.
    pub id_token: String,
    /// The refresh token, signed, if the session may be prolonged.
    pub refresh_token: Option<String>,
    /// How long access and id token live.
    pub life: Duration,
    /// The granted scope.
    pub scope: String,
    /// The project, with its name.
    pub project: Reference,
    /// The profile.
    pub profile: Reference,
    /// The record beside which the application was launched.
    pub launch: Option<Launch>,
}

/// A session whose tokens are to be issued.
pub(crate) struct Session<'a> {
    pub(crate) login: LoginId,
    pub(crate) caller: &'a Caller,
    pub(crate) client: Option<ClientId>,
    pub(crate) scope: &'a str,
    pub(crate) nonce: Option<String>,
    pub(crate) auth_time: Timestamp,
    pub(crate) life: Duration,
    pub(crate) launch: Option<Launch>,
    /// What prolongs the session, and until when.
    pub(crate) refresh: Option<(Secret, Timestamp)>,
}

impl<'a> Session<'a> {
    /// The session that a row keeps, for whom it was admitted; with what prolongs it, if it may be prolonged.
    fn kept(
        means: Means<'_>,
        (login, row): (LoginId, &'a LoginRow),
        caller: &'a Caller,
        prolonged: bool,
    ) -> Self {
        let next = || (secret::link_secret(&means.dice), refresh_until(means, row));
        Self {
            login,
            caller,
            client: row.client(),
            scope: &row.scope,
            nonce: row.nonce.clone(),
            auth_time: began(means, row),
            life: life(row),
            launch: row.launch,
            refresh: prolonged.then(next),
        }
    }

    /// Issues its tokens.
    ///
    /// # Errors
    /// [`Failure::Corrupt`] when there is no key to sign with.
    pub(crate) fn tokens(&self, means: Means<'_>) -> Result<Tokens, Failure> {
        let claims = self.claims(means);
        let client = self.client.map(|client| client.to_string());
        let id_claims = Claims {
            used_for: Use::Id,
            aud: client.unwrap_or_else(|| claims.aud.clone()),
            fhir_user: Some(claims.profile.clone()),
            auth_time: Some(self.auth_time.as_seconds()),
            nonce: self.nonce.clone(),
            email: self.email(),
            ..claims.clone()
        };
        let refresh = self.refresh.as_ref().map(|(secret, until)| Claims {
            used_for: Use::Refresh,
            exp: until.as_seconds(),
            refresh_secret: Some(secret.clone()),
            ..claims.clone()
        });
        Ok(Tokens {
            access_token: means.keys.issue(&claims)?,
            id_token: means.keys.issue(&id_claims)?,
            refresh_token: refresh
                .map(|claims| means.keys.issue(&claims))
                .transpose()?,
            life: self.life,
            scope: self.scope.to_owned(),
            project: self.caller.project().reference(),
            profile: self.caller.profile(),
            launch: self.launch,
        })
    }

    fn claims(&self, means: Means<'_>) -> Claims {
        let base = &means.settings.base_url;
        let subject = match self.caller.subject() {
            Subject::User(id) => id.to_string(),
            Subject::Client(id) => id.to_string(),
        };
        Claims {
            login_id: self.login,
            sub: subject.clone(),
            username: subject,
            scope: self.scope.to_owned(),
            profile: self.caller.profile().reference,
            client_id: self.client,
            iss: base.clone(),
            iat: means.now.as_seconds(),
            exp: means.now.plus(self.life).as_seconds(),
            nbf: None,
            aud: base.clone(),
            project: self.caller.project().id(),
            membership: self.caller.membership().id(),
            policies: rights::hint(self.caller.membership())
                .ids()
                .map(|id| id.to_string())
                .collect(),
            used_for: Use::Access,
            nonce: None,
            fhir_user: None,
            auth_time: None,
            email: None,
            refresh_secret: None,
        }
    }

    fn email(&self) -> Option<String> {
        let asked = Scopes::new(self.scope).has("email");
        let email = self.caller.user().and_then(|user| user.email());
        email.filter(|_| asked).map(str::to_owned)
    }
}

/// How long a session's access tokens live.
pub(crate) fn life(row: &LoginRow) -> Duration {
    row.access_life.map_or(HOUR, Duration::from_secs)
}

/// Until when a refresh token that is issued now counts: as long as the application says, and never beyond the session's longest life.
pub(crate) fn refresh_until(means: Means<'_>, row: &LoginRow) -> Timestamp {
    let life = row.refresh_life.map_or(TWO_WEEKS, Duration::from_secs);
    let last = began(means, row).plus(crate::sign_in::LONGEST_SESSION);
    means.now.plus(life).min(last)
}

fn began(means: Means<'_>, row: &LoginRow) -> Timestamp {
    row.began.parse().unwrap_or(means.now)
}

/// Whether a request names another application than the one that the session began through.
fn names_another(named: Option<&String>, row: &LoginRow) -> bool {
    let began_through = row.client().map(|id| id.to_string());
    named.is_some_and(|named| Some(named) != began_through.as_ref())
}

/// Whether an application's row has this secret, as its current or its retiring one.
pub(crate) fn knows(row: &ClientRow, secret: &Secret) -> bool {
    let hashes = [Some(&row.secret), row.retiring.as_ref()];
    hashes
        .into_iter()
        .flatten()
        .any(|hash| SecretHash::stored(hash).matches(secret.reveal()))
}
