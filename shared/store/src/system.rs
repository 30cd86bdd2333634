//! The system's keys: made once by the bootstrap command, read by every function when it starts.

use domain::Failure;
use serde_json::Value;

use crate::Store;
use crate::keys::Key;
use crate::row;
use crate::step::Step;

/// The system's keys as stored.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct StoredKeys {
    /// The document, private parts sealed by the master key.
    #[serde(with = "document")]
    pub keys: Value,
    /// The master key, encrypted by a key service; `None` when it is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped: Option<String>,
}

/// The document is kept as text: it is never searched.
mod document {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        value.to_string().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        serde_json::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Store {
    /// The system's keys; `None` before the bootstrap command has run.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn system_keys(&self) -> Result<Option<StoredKeys>, Failure> {
        let key = Key::SystemKeys;
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(|item| row::read("the system's keys", item))
            .transpose()
    }

    /// Other keys of the system, if they are still those that were read.
    pub fn replace_system_keys(&self, read: &StoredKeys, keys: &Value) -> Step {
        Step::update(&Key::SystemKeys, "SET #keys = :new")
            .when("#keys = :read")
            .text(":read", read.keys.to_string())
            .text(":new", keys.to_string())
    }

    /// The system's keys, if there are none yet.
    pub fn create_system_keys(&self, keys: &StoredKeys) -> Step {
        Step::create(row::item(&Key::SystemKeys, keys))
    }
}
