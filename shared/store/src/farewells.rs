//! Projects that are deleted, and go for good when their time is over. A row that the table forgets by then tells the stream.

use domain::{Failure, Project, ProjectId, Timestamp};
use fhir::{Meta, Reference};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::keys::{self, Key};
use crate::projects::project_item;
use crate::row::{self, PK, SK};
use crate::step::Step;
use crate::tenant::Tenant;

/// The time of a deleted project is over.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// The project.
    pub project: ProjectId,
    /// The version in which it was deleted: when it has come back since, or was deleted again, it has another.
    pub version: Uuid,
    /// Who deleted it.
    pub author: Reference,
    /// When its time was over, in seconds since 1970.
    pub due: i64,
}

#[derive(Serialize, Deserialize)]
struct Row {
    ver: Uuid,
    by: Reference,
    ttl: i64,
}

impl Farewell {
    /// Reads a record of the stream; `None` when it tells nothing of the kind.
    pub fn read(record: &Value) -> Option<Self> {
        let change = &record["dynamodb"];
        if record["eventName"] != "REMOVE" || change["Keys"][SK]["S"] != keys::LEAVING {
            return None;
        }
        let (project, was) = (change["Keys"][PK]["S"].as_str()?, &change["OldImage"]);
        Some(Self {
            project: keys::project_of(project)?,
            version: was["ver"]["S"].as_str()?.parse().ok()?,
            author: Reference::to(was["by"]["M"]["reference"]["S"].as_str()?),
            due: was["ttl"]["N"].as_str()?.parse().ok()?,
        })
    }
}

impl Tenant<'_> {
    /// The project, as it was read, is deleted: nobody reaches it any more, and `until` then it can come back. `last` is the version
    /// of its deletion.
    pub fn take_leave(&self, read: &Project, last: &Meta, until: Timestamp) -> Vec<Step> {
        let row = Row {
            ver: last.version,
            by: last.author.clone(),
            ttl: until.as_seconds(),
        };
        let closed = Step::update(&self.project_key(), "SET life = :leaving, ver = :next")
            .text(":leaving", "leaving")
            .text(":next", last.version.to_string())
            .when("ver = :read AND attribute_not_exists(life)")
            .text(":read", read.resource().meta.version.to_string());
        let row = row::item(&Key::Leaving(self.project), &row);
        vec![closed, Step::append(row)]
    }

    /// A deleted project is there again as `new`, unless it has gone for good since its deletion was `read`.
    pub fn come_back(&self, read: &Project, new: &Project) -> Vec<Step> {
        vec![
            Step::replace(project_item(new), read.resource().meta.version),
            self.forget_leave(),
        ]
    }

    /// Nobody waits for the project's end any more.
    pub fn forget_leave(&self) -> Step {
        Step::delete(&Key::Leaving(self.project))
    }

    /// The project, if it is deleted and could come back.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn read_leaving_project(&self) -> Result<Option<Project>, Failure> {
        let read = self.read_any_project().await?;
        let leaving = read.filter(|(_, life)| *life == Some(crate::Life::Leaving));
        Ok(leaving.map(|(project, _)| project))
    }
}
