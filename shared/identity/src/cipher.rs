use aws_lc_rs::aead::{
    AES_256_GCM, AES_256_GCM_SIV, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use domain::Dice;
use serde::{Deserialize, Serialize};

use crate::KeyError;

/// A secret as a row of the table holds it: base64url without padding of nonce (12 bytes), ciphertext and tag (16 bytes).
///
/// It opens only with the key and the place it was sealed for, so that a copy in another project's row is worthless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub(crate) String);

/// An authenticated cipher with random nonces.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    /// For what is stored: at most 2^32 values under one key, which is far more secrets than there are.
    pub(crate) fn for_values(key: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(&AES_256_GCM, key)
    }

    /// For what is made at every page of every list: SIV keeps its promise even when two random nonces meet.
    pub(crate) fn for_cursors(key: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(&AES_256_GCM_SIV, key)
    }

    fn new(algorithm: &'static Algorithm, key: &[u8; 32]) -> Result<Self, KeyError> {
        UnboundKey::new(algorithm, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| KeyError::Library)
    }

    /// Encrypts `plain` so that it opens only at `place`.
    #[expect(
        clippy::expect_used,
        reason = "the cipher refuses only texts of 64 GiB, which no request can hold"
    )]
    pub(crate) fn seal(&self, place: &str, plain: &[u8], dice: &Dice) -> String {
        let nonce: [u8; NONCE_LEN] = dice.bytes();
        let mut body = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place),
                &mut body,
            )
            .expect("a text below 64 GiB");
        BASE64_URL.encode([&nonce[..], &body].concat())
    }

    /// What [`seal`](Self::seal) encrypted, if neither text nor place has changed.
    pub(crate) fn open(&self, place: &str, text: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL.decode(text).ok()?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let plain = self
            .0
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place),
                &mut body,
            )
            .ok()?;
        Some(plain.to_vec())
    }
}
