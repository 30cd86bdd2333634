//! All projects, one after the other.

use domain::{Failure, ProjectId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Means;

/// How many projects are found at once.
const PAGE: usize = 50;

/// A walk through all projects. One that changes meanwhile may come twice, none is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tour {
    next: Vec<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(default)]
    begun: bool,
}

impl Tour {
    /// The next project; `None` at the end.
    pub(super) async fn next(&mut self, means: Means<'_>) -> Result<Option<ProjectId>, Failure> {
        while self.next.is_empty() && !(self.begun && self.after.is_none()) {
            let part = means
                .store
                .all_projects(PAGE, self.after.as_deref())
                .await?;
            self.next = part.rows.into_iter().map(ProjectId::uuid).rev().collect();
            self.after = part.next;
            self.begun = true;
        }
        Ok(self.next.pop().map(ProjectId::new))
    }
}
