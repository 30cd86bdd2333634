//! How many resources a project has, as far as this instance knows: a number that it read a moment ago, and what it has made since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Failure, ProjectId, Timestamp};

use crate::keys;
use crate::read::Range;
use crate::tenant::Tenant;

/// What an instance remembers. It is forgotten with the instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sizes(Arc<Mutex<HashMap<ProjectId, Size>>>);

#[derive(Clone, Copy, Debug)]
struct Size {
    resources: u64,
    good_until: Timestamp,
}

impl Tenant<'_> {
    /// Whether one more resource, which is counted by this, surely leaves no more than `most`; `false` where nobody counted lately.
    pub fn one_more_within(&self, most: u64, now: Timestamp) -> bool {
        let sizes = &self.store.sizes.0;
        let mut sizes = sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sizes.get_mut(&self.project);
        let known = known.filter(|size| now < size.good_until && size.resources < most);
        known.map(|size| size.resources += 1).is_some()
    }

    /// Counts the project's resources other than its memberships, to `most` at least, if there are so many. The number is remembered
    /// for a while.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn count_resources(
        &self,
        most: u64,
        (now, remembered): (Timestamp, Duration),
    ) -> Result<u64, Failure> {
        let range = Range::partition(keys::resources(self.project));
        let resources = self.store.count_to(&range, most).await?;
        let size = Size {
            resources: resources + 1,
            good_until: now.plus(remembered),
        };
        let sizes = &self.store.sizes.0;
        let mut sizes = sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.insert(self.project, size);
        Ok(resources)
    }
}
