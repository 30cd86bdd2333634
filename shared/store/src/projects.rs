//! Projects and their administrator guard.

use domain::{Failure, Project, ProjectId};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::keys::{ALL_PROJECTS, Key};
use crate::read::Found;
use crate::resources::sorted_as;
use crate::row::{self, Item, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    resource: ResourceRow,
    #[serde(rename = "updP")]
    updated_in: String,
    #[serde(rename = "nameP")]
    named_in: String,
    #[serde(rename = "nameS")]
    name: String,
}

#[derive(Serialize)]
struct AdminsRow {
    admins: u32,
}

impl Tenant<'_> {
    /// Where the project itself stands.
    pub fn project_key(&self) -> Key {
        Key::Project(self.project)
    }

    /// The project among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn project_in(&self, found: &mut Found) -> Result<Option<Project>, Failure> {
        let item = found.take(&self.project_key());
        item.map(|item| read_project(self.project, item))
            .transpose()
    }

    /// The project, read for itself.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn read_project(&self) -> Result<Option<Project>, Failure> {
        let mut found = self.store.get(&[self.project_key()]).await?;
        self.project_in(&mut found)
    }
}

impl Store {
    /// A new project with `admins` active administrators.
    pub fn create_project(&self, project: &Project, admins: u32) -> Vec<Step> {
        let admins = row::item(&Key::Admins(project.id()), &AdminsRow { admins });
        vec![Step::create(project_item(project)), Step::create(admins)]
    }
}

/// A project's row.
pub(crate) fn project_item(project: &Project) -> Item {
    let row = Row {
        resource: ResourceRow::current(project.resource()),
        updated_in: ALL_PROJECTS.into(),
        named_in: ALL_PROJECTS.into(),
        name: sorted_as(project.name()),
    };
    row::item(&Key::Project(project.id()), &row)
}

/// Reads a project's row.
pub(crate) fn read_project(id: ProjectId, item: Item) -> Result<Project, Failure> {
    let row: Row = row::read("a project", item)?;
    Ok(Project::from_resource(row.resource.resource(
        domain::PROJECT,
        id.uuid(),
        Some(id.uuid()),
    )?))
}
