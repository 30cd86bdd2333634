//! Assertions: tokens that an application signs with a key of its own to show who it is (RFC 7523, `private_key_jwt`).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use domain::Timestamp;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far clocks may differ, in seconds.
const SKEW: i64 = 30;
/// An assertion that counts for longer is a password.
const LONGEST: i64 = 24 * 60 * 60;
/// Nobody publishes more keys that fit.
const MOST_KEYS: usize = 16;

/// An assertion as sent. Nothing of it is to be believed before [`is_signed_by`](Self::is_signed_by).
pub struct Assertion<'a> {
    text: &'a str,
    header: Header,
    payload: Map<String, Value>,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    #[serde(default)]
    aud: Option<Audience>,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl<'a> Assertion<'a> {
    /// Reads an assertion: nothing for what is none, names another algorithm than those with public keys, or lacks a claim.
    pub fn read(text: &'a str) -> Option<Self> {
        let header = decode_header(text).ok()?;
        let is_known = matches!(
            header.alg,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::ES256
                | Algorithm::ES384
        );
        if !is_known || header.crit.is_some() {
            return None;
        }
        let payload = payload(text)?;
        let claims = serde_json::from_value(Value::Object(payload.clone())).ok()?;
        Some(Self {
            text,
            header,
            payload,
            claims,
        })
    }

    /// Who has issued it.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// All that it says.
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// Whether it is meant for `audience` and for nobody else.
    pub fn is_for(&self, audience: &str) -> bool {
        match &self.claims.aud {
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Several(all)) => matches!(&all[..], [one] if one == audience),
            None => false,
        }
    }

    /// The application that speaks about itself; nothing when somebody speaks about somebody else.
    pub fn client(&self) -> Option<&str> {
        (self.claims.iss == self.claims.sub).then_some(self.claims.sub.as_str())
    }

    /// Whether it counts now.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        let now = now.as_seconds();
        let latest = now.saturating_add(SKEW);
        let begins = [self.claims.nbf, self.claims.iat];
        let has_begun = begins.into_iter().flatten().all(|begin| begin <= latest);
        let left = self.claims.exp.saturating_add(SKEW).saturating_sub(now);
        has_begun && left > 0 && left <= LONGEST + SKEW
    }

    /// When it counts no more, whoever's clock is asked.
    pub fn until(&self) -> Timestamp {
        let second = self.claims.exp.saturating_add(SKEW);
        Timestamp::from_millis(second.saturating_mul(1_000))
    }

    /// What tells it from the application's other assertions.
    pub fn name(&self) -> &str {
        self.claims.jti.as_deref().unwrap_or(self.text)
    }

    /// Whether one of the keys in a key set (RFC 7517) has signed it. The header's algorithm chooses among the keys; it does not say what
    /// a key is for, and where the header says that keys are to be found is not looked at.
    pub fn is_signed_by(&self, keys: &Value) -> bool {
        let Ok(keys) = serde_json::from_value::<JwkSet>(readable(keys)) else {
            return false;
        };
        let fitting = keys.keys.iter().filter(|key| self.fits(key));
        fitting.take(MOST_KEYS).any(|key| {
            let key = DecodingKey::from_jwk(key);
            key.is_ok_and(|key| {
                decode::<Map<String, Value>>(self.text, &key, &self.signature_only()).is_ok()
            })
        })
    }

    fn fits(&self, key: &Jwk) -> bool {
        let is_named = match (&self.header.kid, &key.common.key_id) {
            (Some(wanted), Some(is)) => wanted == is,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let signs = key
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|used| *used == PublicKeyUse::Signature);
        let (algorithm, curve) = match self.header.alg {
            Algorithm::RS384 => (KeyAlgorithm::RS384, None),
            Algorithm::RS512 => (KeyAlgorithm::RS512, None),
            Algorithm::ES256 => (KeyAlgorithm::ES256, Some(EllipticCurve::P256)),
            Algorithm::ES384 => (KeyAlgorithm::ES384, Some(EllipticCurve::P384)),
            _ => (KeyAlgorithm::RS256, None),
        };
        let is_of_its_kind = match (&key.algorithm, curve) {
            (AlgorithmParameters::RSA(_), None) => true,
            (AlgorithmParameters::EllipticCurve(point), Some(curve)) => point.curve == curve,
            _ => false,
        };
        let is_for_it = key.common.key_algorithm.is_none_or(|is| is == algorithm);
        is_named && signs && is_of_its_kind && is_for_it
    }

    /// The library would compare times with a clock of its own.
    fn signature_only(&self) -> Validation {
        let mut validation = Validation::new(self.header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation
    }
}

/// What a token says, whoever has signed it.
pub fn payload(text: &str) -> Option<Map<String, Value>> {
    let payload = BASE64_URL.decode(text.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// A key set without the keys that the library cannot read: one of a kind to come must not hide the others.
fn readable(keys: &Value) -> Value {
    let all = keys["keys"].as_array().into_iter().flatten();
    let known = all.filter(|key| serde_json::from_value::<Jwk>((*key).clone()).is_ok());
    let known: Vec<&Value> = known.collect();
    serde_json::json!({ "keys": known })
}
