//! What another server says about itself does not change with every request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use serde_json::Value;

use crate::{Outside, Unheard};

/// Answers are kept for so many addresses at most.
const MOST: usize = 100;

/// What was said, and when.
type Kept = (Timestamp, Arc<Value>);

/// Answers, by address.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<BTreeMap<String, Kept>>);

impl Outside {
    /// A document that another server publishes, as it was said within `age` before now.
    ///
    /// # Errors
    /// [`Unheard`].
    pub async fn published(
        &self,
        url: &str,
        (now, age): (Timestamp, Duration),
    ) -> Result<Arc<Value>, Unheard> {
        if let Some((at, said)) = self.cache.get(url)
            && at.plus(age) > now
        {
            return Ok(said);
        }
        let said = Arc::new(self.get(url, None).await?.json()?);
        self.cache.put(url, (now, Arc::clone(&said)));
        Ok(said)
    }
}

impl Cache {
    fn get(&self, url: &str) -> Option<Kept> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).cloned()
    }

    fn put(&self, url: &str, said: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(url) {
            let oldest = kept.iter().min_by_key(|(_, (at, _))| at.as_seconds());
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                kept.remove(&oldest);
            }
        }
        kept.insert(url.to_owned(), said);
    }
}
