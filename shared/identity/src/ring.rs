use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use domain::{Blind, Dice, ProjectId, Secret, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cipher::Cipher;
use crate::signing::Signer;
use crate::system::{CURSOR, DATA, HASH};
use crate::{KeyError, MasterKey, Sealed, SystemKeys};

/// The opened keys, as a function holds them in memory from its cold start on.
pub struct KeyRing {
    hash: hmac::Key,
    cursors: Cipher,
    values: Cipher,
    /// In the order in which they begin to sign; never empty.
    pub(crate) signers: Vec<Signer>,
    super_project: ProjectId,
}

impl KeyRing {
    /// Opens the stored keys.
    ///
    /// # Errors
    ///
    /// [`KeyError::DoesNotOpen`] with another master key or an altered document, [`KeyError::NotOfItsKind`] when a public key
    /// was exchanged, [`KeyError::NoSigningKey`] without any signing key.
    pub fn open(keys: &SystemKeys, master: &MasterKey) -> Result<Self, KeyError> {
        let key = |name, sealed| -> Result<[u8; 32], KeyError> {
            let bytes = master.open(&keys.place(name), sealed)?;
            bytes.try_into().map_err(|_| KeyError::NotOfItsKind)
        };
        Ok(Self {
            hash: hmac::Key::new(hmac::HMAC_SHA256, &key(HASH, &keys.hash_key)?),
            cursors: Cipher::for_cursors(&key(CURSOR, &keys.cursor_key)?)?,
            values: Cipher::for_values(&key(DATA, &keys.data_key)?)?,
            signers: signers(keys, master)?,
            super_project: keys.super_project,
        })
    }

    /// The project whose members administer the whole installation.
    pub fn super_project(&self) -> ProjectId {
        self.super_project
    }

    /// The keyed hash that stands for `text` in keys of the table. Equal texts have equal hashes only under one `purpose`
    /// (`email/<scope>`, `externalId` …), so hashes of different uses cannot be joined. `purpose` contains no NUL.
    pub fn blind(&self, purpose: &str, text: &str) -> Blind {
        let mut hash = hmac::Context::with_key(&self.hash);
        hash.update(purpose.as_bytes());
        hash.update(&[0]);
        hash.update(text.as_bytes());
        // 128 of the 256 bits: enough against collisions, and short keys cost less.
        Blind::new(BASE64_URL.encode(&hash.sign().as_ref()[..16]))
    }

    /// The id that stands for another one under `purpose`: the same two always give the same id (UUID version 8), and nobody without
    /// the key can tell which id it stands for. `purpose` contains no NUL.
    pub fn derive_id(&self, purpose: &str, id: Uuid) -> Uuid {
        let mut hash = hmac::Context::with_key(&self.hash);
        hash.update(purpose.as_bytes());
        hash.update(&[0]);
        hash.update(id.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.sign().as_ref()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Encrypts a secret for the row and attribute that `place` names (`P#…/SECRET#name`).
    pub fn seal(&self, place: &str, secret: &Secret, dice: &Dice) -> Sealed {
        Sealed(self.values.seal(place, secret.reveal().as_bytes(), dice))
    }

    /// Decrypts what [`seal`](Self::seal) made for the same `place`.
    ///
    /// # Errors
    ///
    /// [`KeyError::DoesNotOpen`] when it was sealed elsewhere or altered.
    pub fn unseal(&self, place: &str, sealed: &Sealed) -> Result<Secret, KeyError> {
        self.values
            .open(place, &sealed.0)
            .and_then(|plain| String::from_utf8(plain).ok())
            .map(Secret::new)
            .ok_or(KeyError::DoesNotOpen)
    }

    /// A new data key, and the same sealed for the row that `place` names.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] when AWS-LC cannot make a key.
    pub fn new_data_key(&self, place: &str, dice: &Dice) -> Result<(DataKey, Sealed), KeyError> {
        let bytes: [u8; 32] = dice.bytes();
        let sealed = Sealed(self.values.seal(place, &bytes, dice));
        Ok((DataKey(Cipher::for_values(&bytes)?), sealed))
    }

    /// The data key that was sealed for this `place`.
    ///
    /// # Errors
    ///
    /// [`KeyError::DoesNotOpen`] when it was sealed elsewhere or altered.
    pub fn open_data_key(&self, place: &str, sealed: &Sealed) -> Result<DataKey, KeyError> {
        let bytes = self.values.open(place, &sealed.0);
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; 32] = bytes.ok_or(KeyError::DoesNotOpen)?;
        Ok(DataKey(Cipher::for_values(&bytes)?))
    }

    /// Makes a position in a listing opaque: url-safe text that means something only with the same `context` (project and
    /// query).
    pub fn seal_cursor(&self, context: &str, position: &str, dice: &Dice) -> String {
        self.cursors.seal(context, position.as_bytes(), dice)
    }

    /// The position in a cursor that this server made for this `context`, otherwise nothing.
    pub fn open_cursor(&self, context: &str, cursor: &str) -> Option<String> {
        String::from_utf8(self.cursors.open(context, cursor)?).ok()
    }

    /// The public keys as a JSON Web Key Set (RFC 7517): all that have not been retired at `now`, also those that do not sign
    /// yet.
    pub fn jwks(&self, now: Timestamp) -> Value {
        let trusted = self
            .signers
            .iter()
            .filter(|signer| signer.is_trusted_at(now.as_seconds()));
        json!({ "keys": trusted.map(Signer::jwk).collect::<Vec<_>>() })
    }
}

/// The key under which the secrets of one project are sealed. When its row is gone, they open nowhere.
pub struct DataKey(Cipher);

impl DataKey {
    /// Encrypts a secret for the row that `place` names.
    pub fn seal(&self, place: &str, secret: &Secret, dice: &Dice) -> Sealed {
        Sealed(self.0.seal(place, secret.reveal().as_bytes(), dice))
    }

    /// Decrypts what [`seal`](Self::seal) made for the same `place`.
    ///
    /// # Errors
    ///
    /// [`KeyError::DoesNotOpen`] when it was sealed elsewhere, with another key, or altered.
    pub fn unseal(&self, place: &str, sealed: &Sealed) -> Result<Secret, KeyError> {
        let plain = self.0.open(place, &sealed.0);
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        plain.map(Secret::new).ok_or(KeyError::DoesNotOpen)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

fn signers(keys: &SystemKeys, master: &MasterKey) -> Result<Vec<Signer>, KeyError> {
    let mut signers = keys
        .signing_keys
        .iter()
        .map(|key| Signer::open(key, master, &keys.signing_place(key.kid)))
        .collect::<Result<Vec<_>, _>>()?;
    if signers.is_empty() {
        return Err(KeyError::NoSigningKey);
    }
    signers.sort_by_key(Signer::since);
    Ok(signers)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

#[cfg(test)]
mod tests;
