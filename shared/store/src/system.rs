//! The system's keys: made once by the bootstrap command, read by every function when it starts.

use domain::Failure;
use serde_json::Value;

use crate::Store;
use crate::keys::Key;
use crate::row;
use crate::step::Step;

#[derive(serde::Serialize, serde::Deserialize)]
struct KeysRow {
    keys: String,
}

impl Store {
    /// The document of the system's keys; `None` before the bootstrap command has run.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn system_keys(&self) -> Result<Option<Value>, Failure> {
        let key = Key::SystemKeys;
        let Some(item) = self.get(std::slice::from_ref(&key)).await?.take(&key) else {
            return Ok(None);
        };
        let row: KeysRow = row::read("the system's keys", item)?;
        serde_json::from_str(&row.keys)
            .map_err(|cause| Failure::corrupt("the system's keys", cause))
    }

    /// The system's keys, if there are none yet.
    pub fn create_system_keys(&self, keys: &Value) -> Step {
        Step::create(row::item(
            &Key::SystemKeys,
            &KeysRow {
                keys: keys.to_string(),
            },
        ))
    }
}
