//! PKCE (RFC 7636): whoever redeems a code shows that it was he who asked for it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;

/// How a challenge follows from its verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It is the verifier itself.
    Plain,
    /// It is the SHA-256 of the verifier, in base64url without padding.
    S256,
}

impl Method {
    /// Reads `plain` or `S256`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "plain" => Some(Self::Plain),
            "S256" => Some(Self::S256),
            _ => None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::S256 => "S256",
        }
    }

    /// Whether `verifier` is the one behind `challenge`.
    pub fn matches(self, challenge: &str, verifier: &str) -> bool {
        let made = match self {
            Self::Plain => verifier.to_owned(),
            Self::S256 => BASE64_URL.encode(digest(&SHA256, verifier.as_bytes())),
        };
        verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_matches() {
        let (verifier, challenge) = (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert!(Method::S256.matches(challenge, verifier));
        for wrong in ["", verifier, &challenge[1..]] {
            assert!(!Method::S256.matches(wrong, verifier), "{wrong}");
        }
    }

    #[test]
    fn a_plain_challenge_is_the_verifier() {
        assert!(Method::Plain.matches("xyz", "xyz"));
        assert!(!Method::Plain.matches("xyz", "xy") && !Method::Plain.matches("xyz", "XYZ"));
        assert_eq!(Method::parse("s256"), None);
    }
}
