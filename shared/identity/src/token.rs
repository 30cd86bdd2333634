//! Issuing and verifying tokens: JWS with ES256 (RFC 7515, 7519; RFC 8725 for what is refused).

use domain::Timestamp;
use jsonwebtoken::{Header, Validation, decode, decode_header, encode};

use crate::signing::{ALGORITHM, Signer};
use crate::{Claims, KeyError, KeyRing, Use};

/// How far another clock may run ahead of ours, in seconds, before its `iat` and `nbf` are refused. `exp` has no such leeway.
const SKEW: i64 = 30;

/// Why a token does not count. For the log: a caller learns only that it is not authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not three parts of base64url with a header that can be read, or with a header that demands extensions (`crit`).
    #[error("malformed token")]
    Malformed,
    /// Signed with another algorithm than that of our keys.
    #[error("token of another algorithm")]
    Algorithm,
    /// No `kid`, or one that is not ours or is retired.
    #[error("token of an unknown key")]
    UnknownKey,
    /// The signature is not that of the named key.
    #[error("token with a wrong signature")]
    Signature,
    /// A required claim is missing or has another type.
    #[error("token without a required claim")]
    Claims,
    /// Issued by another server.
    #[error("token of another issuer")]
    Issuer,
    /// Meant for somebody else.
    #[error("token for another audience")]
    Audience,
    /// A token of another kind.
    #[error("token for another use")]
    Use,
    /// Its time is over.
    #[error("token expired")]
    Expired,
    /// Its time has not come.
    #[error("token from the future")]
    NotYet,
}

impl KeyRing {
    /// Signs `claims` with the newest key that signs at their `iat`.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoSigningKey`] when every key is retired, [`KeyError::Library`] when the signature cannot be made.
    pub fn issue(&self, claims: &Claims) -> Result<String, KeyError> {
        let signer = self.signer_at(claims.iat).ok_or(KeyError::NoSigningKey)?;
        let mut header = Header::new(ALGORITHM);
        header.kid = Some(signer.kid.clone());
        encode(&header, claims, &signer.encoding).map_err(|_| KeyError::Library)
    }

    /// The claims of a token that this server has issued for the `expected` use and that counts at `now`. `issuer` is the base
    /// URL, which is also the audience of everything but id tokens.
    ///
    /// The key is found by `kid` among our own and nowhere else: `jku`, `jwk` and `x5u` in the header mean nothing.
    ///
    /// # Errors
    ///
    /// The first of the reasons, in the order of [`Refused`], why the token does not count.
    pub fn verify(
        &self,
        token: &str,
        expected: Use,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Claims, Refused> {
        let signer = self.signer_named_in(token, now)?;
        let claims = signed_claims(token, signer)?;
        if claims.iss != issuer {
            return Err(Refused::Issuer);
        }
        if claims.used_for != Use::Id && claims.aud != issuer {
            return Err(Refused::Audience);
        }
        if claims.used_for != expected {
            return Err(Refused::Use);
        }
        check_times(&claims, now.as_seconds())?;
        Ok(claims)
    }

    /// The newest key that signs at `second`. A clock that runs behind the one that made the first key uses that one.
    fn signer_at(&self, second: i64) -> Option<&Signer> {
        let trusted = || {
            self.signers
                .iter()
                .filter(move |signer| signer.is_trusted_at(second))
        };
        trusted()
            .rfind(|signer| signer.since() <= second)
            .or_else(|| trusted().next())
    }

    fn signer_named_in(&self, token: &str, now: Timestamp) -> Result<&Signer, Refused> {
        let header = decode_header(token).map_err(|_| Refused::Malformed)?;
        if header.crit.is_some() {
            return Err(Refused::Malformed);
        }
        if header.alg != ALGORITHM {
            return Err(Refused::Algorithm);
        }
        self.signers
            .iter()
            .find(|signer| header.kid.as_deref() == Some(&signer.kid))
            .filter(|signer| signer.is_trusted_at(now.as_seconds()))
            .ok_or(Refused::UnknownKey)
    }
}

/// The claims under a signature that is right. Presence and types are what [`Claims`] demands; their values are checked by the
/// caller, because the library compares times with a clock of its own and with a leeway.
fn signed_claims(token: &str, signer: &Signer) -> Result<Claims, Refused> {
    let mut signature_only = Validation::new(ALGORITHM);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    decode(token, &signer.decoding, &signature_only)
        .map(|token| token.claims)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Refused::Signature,
            jsonwebtoken::errors::ErrorKind::Json(_) => Refused::Claims,
            _ => Refused::Malformed,
        })
}

fn check_times(claims: &Claims, now: i64) -> Result<(), Refused> {
    if now >= claims.exp {
        return Err(Refused::Expired);
    }
    let latest = now.saturating_add(SKEW);
    if claims.iat > latest || claims.nbf.is_some_and(|nbf| nbf > latest) {
        return Err(Refused::NotYet);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
