use domain::{Dice, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::signing::SigningKey;
use crate::{KeyError, MasterKey, Sealed, text};

/// The one document of key material that the table holds (row `SYS#KEYS`), made by the bootstrap command and never by a request.
///
/// Plain JSON: public parts are readable, private parts are sealed with the [`MasterKey`] for this document, this installation
/// and their own name, so that no two can be exchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemKeys {
    #[serde(with = "text")]
    pub(crate) super_project: ProjectId,
    pub(crate) hash_key: Sealed,
    pub(crate) cursor_key: Sealed,
    pub(crate) data_key: Sealed,
    pub(crate) signing_keys: Vec<SigningKey>,
}

impl SystemKeys {
    /// New keys for an installation whose super administrators belong to `super_project`, with one signing key that signs from
    /// `now` on.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] when AWS-LC cannot make a key.
    pub fn create(
        master: &MasterKey,
        dice: &Dice,
        now: Timestamp,
        super_project: ProjectId,
    ) -> Result<Self, KeyError> {
        let fresh = |name| master.seal(&place(super_project, name), &dice.bytes::<32>(), dice);
        let mut keys = Self {
            super_project,
            hash_key: fresh(HASH)?,
            cursor_key: fresh(CURSOR)?,
            data_key: fresh(DATA)?,
            signing_keys: Vec::new(),
        };
        keys.add_signing_key(master, dice, now)?;
        Ok(keys)
    }

    /// Adds a signing key and gives its id. It is published at once and signs from `since` on: give those who cache the key set
    /// time to learn of it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] when AWS-LC cannot make a key.
    pub fn add_signing_key(
        &mut self,
        master: &MasterKey,
        dice: &Dice,
        since: Timestamp,
    ) -> Result<Uuid, KeyError> {
        let key = SigningKey::generate(master, dice, since, |kid| self.signing_place(kid))?;
        let kid = key.kid;
        self.signing_keys.push(key);
        Ok(kid)
    }

    /// Ends a signing key: from `at` on, nothing that it signed is accepted. An unknown id changes nothing.
    pub fn retire_signing_key(&mut self, kid: Uuid, at: Timestamp) {
        for key in &mut self.signing_keys {
            if key.kid == kid {
                // One that ends earlier does.
                key.retired = Some(key.retired.map_or(at, |end| end.min(at)));
            }
        }
    }

    /// Lets another key take over: it is published at once and signs from `since` on; those before it count until `until`, and those that
    /// count no more at `now` are forgotten. Nothing, where a successor waits for its time already.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] when AWS-LC cannot make a key.
    pub fn rotate(
        &mut self,
        (master, dice): (&MasterKey, &Dice),
        (now, since, until): (Timestamp, Timestamp, Timestamp),
    ) -> Result<Option<Uuid>, KeyError> {
        if self.signing_keys.iter().any(|key| key.begins_after(now)) {
            return Ok(None);
        }
        self.signing_keys.retain(|key| key.counts_at(now));
        let before: Vec<Uuid> = self.signing_keys.iter().map(|key| key.kid).collect();
        let next = self.add_signing_key(master, dice, since)?;
        for kid in before {
            self.retire_signing_key(kid, until);
        }
        Ok(Some(next))
    }

    pub(crate) fn place(&self, name: &str) -> String {
        place(self.super_project, name)
    }

    pub(crate) fn signing_place(&self, kid: Uuid) -> String {
        self.place(&format!("signing/{kid}"))
    }
}

pub(crate) const HASH: &str = "hash";
pub(crate) const CURSOR: &str = "cursor";
pub(crate) const DATA: &str = "data";

/// Naming the super project binds it too: it cannot be exchanged in the row without the master key.
fn place(super_project: ProjectId, name: &str) -> String {
    format!("SYS#KEYS/{super_project}/{name}")
}
