//! Secrets that machines carry: drawn with 256 bits, so that one plain SHA-256 is enough to store them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest as sha2};
use domain::{Dice, Secret};
use serde::{Deserialize, Serialize};

/// The SHA-256 of a secret, 64 lower-case hexadecimal characters: what a row keeps instead of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// A hash as a row keeps it.
    pub fn stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The text that a row keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is the secret. How long the answer takes does not depend on how much of it is right.
    pub fn matches(&self, candidate: &str) -> bool {
        verify_slices_are_equal(sha256_hex(candidate).as_bytes(), self.0.as_bytes()).is_ok()
    }
}

/// A new secret of a client application: 64 lower-case hexadecimal characters, as upstream's are.
pub fn client_secret(dice: &Dice) -> Secret {
    Secret::new(hex(&dice.bytes::<32>()))
}

/// A new secret for a link in a letter: 64 lower-case hexadecimal characters.
pub fn link_secret(dice: &Dice) -> Secret {
    Secret::new(hex(&dice.bytes::<32>()))
}

/// What is stored of `secret`. Only for drawn secrets, never for passwords.
pub fn digest(secret: &Secret) -> SecretHash {
    SecretHash(sha256_hex(secret.reveal()))
}

fn sha256_hex(text: &str) -> String {
    hex(sha2(&SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;
    use crate::sample::dice;

    #[test]
    fn drawn_secrets_are_64_hexadecimal_characters_and_never_the_same() {
        let dice = dice();
        let drawn = [
            client_secret(&dice),
            client_secret(&dice),
            link_secret(&dice),
        ];
        for secret in &drawn {
            let text = secret.reveal();
            assert_eq!(text.len(), 64);
            assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        }
        assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2]);
    }

    #[test]
    fn a_digest_is_sha_256_and_matches_the_secret_alone() {
        let hash = digest(&Secret::new("abc"));
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash.0,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(hash.matches("abc"));
        for other in ["", "ab", "abcd", "ABC", &hash.0] {
            assert!(!hash.matches(other), "{other}");
        }
    }

    #[test]
    fn a_digest_is_stored_as_plain_text_and_a_damaged_one_matches_nothing() {
        let hash = digest(&Secret::new("abc"));
        let stored = serde_json::to_string(&hash).unwrap();
        assert_eq!(stored, format!("\"{}\"", hash.0));
        let damaged: SecretHash = serde_json::from_str("\"\"").unwrap();
        assert!(!damaged.matches("abc") && !damaged.matches(""));
    }
}
