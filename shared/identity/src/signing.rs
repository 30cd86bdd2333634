use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use domain::{Dice, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{KeyError, MasterKey, Sealed, text};

/// The only algorithm that tokens of this server are signed with.
pub(crate) const ALGORITHM: Algorithm = Algorithm::ES256;

/// Which algorithm a key is for. A key is never used with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum KeyAlgorithm {
    #[serde(rename = "ES256")]
    Es256,
}

/// A signing key as it is stored: the public half readable, the private half (PKCS #8) sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    #[serde(with = "text")]
    pub(crate) kid: Uuid,
    alg: KeyAlgorithm,
    x: String,
    y: String,
    pub(crate) private: Sealed,
    #[serde(with = "text")]
    since: Timestamp,
    #[serde(
        with = "text::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) retired: Option<Timestamp>,
}

impl SigningKey {
    /// A new P-256 key that signs from `since` on. `place` says where it will be stored.
    pub(crate) fn generate(
        master: &MasterKey,
        dice: &Dice,
        since: Timestamp,
        place: impl Fn(Uuid) -> String,
    ) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Library)?;
        let private = pair.to_pkcs8v1().map_err(|_| KeyError::Library)?;
        let (x, y) = coordinates(&pair)?;
        let kid = dice.id();
        Ok(Self {
            kid,
            alg: KeyAlgorithm::Es256,
            x,
            y,
            private: master.seal(&place(kid), private.as_ref(), dice)?,
            since,
            retired: None,
        })
    }
}

impl SigningKey {
    /// Whether its time has not come at `now`.
    pub(crate) fn begins_after(&self, now: Timestamp) -> bool {
        self.since > now
    }

    /// Whether what it has signed still counts at `now`.
    pub(crate) fn counts_at(&self, now: Timestamp) -> bool {
        self.retired.is_none_or(|retired| retired > now)
    }
}

/// A signing key as a function holds it.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    since: Timestamp,
    retired: Option<Timestamp>,
    x: String,
    y: String,
}

impl Signer {
    /// Opens a stored key. The public half is derived from the sealed private one: whoever can write the row, but has no master
    /// key, cannot make us trust a key of his own.
    pub(crate) fn open(
        key: &SigningKey,
        master: &MasterKey,
        place: &str,
    ) -> Result<Self, KeyError> {
        let private = master.open(place, &key.private)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private)
            .map_err(|_| KeyError::NotOfItsKind)?;
        let (x, y) = coordinates(&pair)?;
        if (&x, &y) != (&key.x, &key.y) {
            return Err(KeyError::NotOfItsKind);
        }
        Ok(Self {
            kid: key.kid.to_string(),
            encoding: EncodingKey::from_ec_der(&private),
            decoding: DecodingKey::from_ec_der(pair.public_key().as_ref()),
            since: key.since,
            retired: key.retired,
            x,
            y,
        })
    }

    /// The second from which on the key signs.
    pub(crate) fn since(&self) -> i64 {
        self.since.as_seconds()
    }

    /// Whether signatures of this key still count at `second`.
    pub(crate) fn is_trusted_at(&self, second: i64) -> bool {
        self.retired
            .is_none_or(|retired| second < retired.as_seconds())
    }

    /// The public half as a JSON Web Key (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kid": self.kid,
            "alg": "ES256",
            "kty": "EC",
            "use": "sig",
            "x": self.x,
            "y": self.y,
            "crv": "P-256",
        })
    }
}

/// The public point of a P-256 key, each coordinate in base64url. The library gives it uncompressed: 4, x (32 bytes), y (32 bytes).
fn coordinates(pair: &EcdsaKeyPair) -> Result<(String, String), KeyError> {
    match pair.public_key().as_ref().split_first() {
        Some((4, point)) if point.len() == 64 => {
            let (x, y) = point.split_at(32);
            Ok((BASE64_URL.encode(x), BASE64_URL.encode(y)))
        }
        _ => Err(KeyError::NotOfItsKind),
    }
}
