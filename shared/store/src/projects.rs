//! Projects and their administrator guard.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, Project, ProjectId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life: Option<Life>,
}

/// What makes a project unreachable, by whatever way: to everybody but the job that sees to it, it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// It is being made, and not yet complete.
    Coming,
    /// It is deleted, and can still come back.
    Leaving,
    /// It is being expunged.
    Going,
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
        let read = item.map(|item| read_project(self.project, item));
        Ok(read.transpose()?.flatten())
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

impl Tenant<'_> {
    /// The project whatever its life, for the job that sees to it.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn read_any_project(&self) -> Result<Option<(Project, Option<Life>)>, Failure> {
        let key = self.project_key();
        let mut found = self.store.get(std::slice::from_ref(&key)).await?;
        let item = found.take(&key);
        item.map(|item| any_project(self.project, item)).transpose()
    }

    /// The project, as it was read, is not there from now on.
    /// Whoever was about to change it finds that it has changed.
    pub fn close_project(&self, read: &Project, next: Uuid) -> Step {
        Step::update(&self.project_key(), "SET life = :going, ver = :next")
            .text(":going", "going")
            .text(":next", next.to_string())
            .text(":leaving", "leaving")
            .when("ver = :read AND (attribute_not_exists(life) OR life = :leaving)")
            .text(":read", read.resource().meta.version.to_string())
    }

    /// A project that nobody reaches before [`Tenant::open_project`].
    pub fn create_closed_project(&self, project: &Project) -> Vec<Step> {
        let mut item = project_item(project);
        item.insert("life".into(), AttributeValue::S("coming".into()));
        let admins = row::item(&Key::Admins(self.project), &AdminsRow { admins: 0 });
        vec![Step::create(item), Step::create(admins)]
    }

    /// A project that nobody has reached yet is on its way out.
    pub fn abandon_project(&self) -> Step {
        Step::update(&self.project_key(), "SET life = :going")
            .text(":going", "going")
            .text(":coming", "coming")
            .when("life = :coming")
    }

    /// A project that is complete becomes reachable, with the number of its active administrators.
    pub fn open_project(&self, admins: u32) -> Vec<Step> {
        let open = Step::update(&self.project_key(), "REMOVE life")
            .text(":coming", "coming")
            .when("life = :coming");
        let count = Step::update(&Key::Admins(self.project), "SET admins = :admins")
            .number(":admins", i64::from(admins))
            .when("attribute_exists(PK)");
        vec![open, count]
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
        life: None,
    };
    row::item(&Key::Project(project.id()), &row)
}

/// Whether a project's row says that the project is on its way out.
pub(crate) fn is_going(item: &Item) -> bool {
    row::text(item, "life") == "going"
}

/// Reads a project's row; one that is coming or going is not there.
pub(crate) fn read_project(id: ProjectId, item: Item) -> Result<Option<Project>, Failure> {
    let (project, life) = any_project(id, item)?;
    Ok(life.is_none().then_some(project))
}

fn any_project(id: ProjectId, item: Item) -> Result<(Project, Option<Life>), Failure> {
    let row: Row = row::read("a project", item)?;
    let resource = row
        .resource
        .resource(domain::PROJECT, id.uuid(), Some(id.uuid()))?;
    Ok((Project::from_resource(resource), row.life))
}
