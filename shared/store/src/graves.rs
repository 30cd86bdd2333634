//! What leads to the pasts of deleted resources once the events are purged that named them: an expunge must find everything.

use domain::{Failure, Timestamp};
use fhir::Reference;
use serde::Serialize;

use crate::keys::{self, Key, Past};
use crate::read::Range;
use crate::row::{self, SK};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::whole::Part;

#[derive(Serialize)]
struct Row {
    since: String,
}

impl Tenant<'_> {
    /// Remembers where the past of a deleted resource is.
    pub fn dig(&self, deleted: &Reference, now: Timestamp) -> Option<Step> {
        let past = self.past(deleted.kind(), deleted.id()?);
        let since = now.to_string();
        Some(Step::create(row::item(&Key::Grave(past), &Row { since })))
    }

    /// What was deleted before the record was purged.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn graves(&self, limit: usize, after: Option<&str>) -> Result<Part<Past>, Failure> {
        let range = Range::partition(keys::graves(self.project));
        let (items, next) = self.store.part(&range, limit, after).await?;
        let buried = items.iter();
        let buried = buried.filter_map(|item| keys::buried_in(self.project, row::text(item, SK)));
        Ok(Part {
            rows: buried.collect(),
            next,
        })
    }
}
