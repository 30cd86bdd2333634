use std::fmt;

use domain::{ClientId, LoginId, MembershipId, ProjectId, Secret};
use serde::{Deserialize, Serialize};

use crate::text;

/// What a token is for. It is signed into the token, so that none passes for another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Carried by requests.
    Access,
    /// Exchanged for a new access token, once.
    Refresh,
    /// Tells a client who has signed in; opens nothing here.
    Id,
    /// An authorization code: exchanged for tokens, once.
    Code,
    /// Kept by a browser for the application through which somebody signed in: another authorization asks for no password.
    Session,
}

/// What a token says: the claims that Medplum's clients read, and `project`, `membership` and `use`, with which this server
/// finds the rows of the caller at once. Times are whole seconds since 1970.
///
/// Unknown claims are ignored; a missing one, or one of another type (a time in quotes), makes the token invalid.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The session. A string `login_id` is how Medplum's client recognises tokens of its own server.
    #[serde(with = "text")]
    pub login_id: LoginId,
    /// Who: the id of the user, or of the client application that acts for itself.
    pub sub: String,
    /// The same id again, under the name that upstream gives it.
    pub username: String,
    /// Granted OAuth scopes, separated by spaces.
    pub scope: String,
    /// Reference to the profile: `Practitioner/<id>`.
    pub profile: String,
    /// The client application, only when one took part.
    #[serde(
        with = "text::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub client_id: Option<ClientId>,
    /// Who issued the token: the base URL of the server.
    pub iss: String,
    /// When it was issued.
    pub iat: i64,
    /// The first second in which it no longer counts.
    pub exp: i64,
    /// Before this second it does not count yet. Not written by this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// For whom: the base URL of the server; for an id token the client.
    pub aud: String,
    /// The project that the membership belongs to.
    #[serde(with = "text")]
    pub project: ProjectId,
    /// The membership through which the caller acts.
    #[serde(with = "text")]
    pub membership: MembershipId,
    /// Ids of the access policies that the membership named when the token was issued: a hint what to read along with the
    /// membership, never a right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// What the token is for.
    #[serde(rename = "use")]
    pub used_for: Use,
    /// Given back to the client that asked with it (id tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Reference to the profile under the name that SMART gives it (id tokens).
    #[serde(rename = "fhirUser", default, skip_serializing_if = "Option::is_none")]
    pub fhir_user: Option<String>,
    /// When the person proved who it is (id tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The user's address, with scope `email` (id tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Makes a refresh token good for one use (refresh tokens).
    #[serde(
        with = "text::secret",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub refresh_secret: Option<Secret>,
}

/// Claims hold an address and may hold a secret: logs see the session and the use.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("login_id", &self.login_id)
            .field("use", &self.used_for)
            .finish_non_exhaustive()
    }
}
