//! A project and its applications, made through the public API alone.

use serde_json::{Value, json};

use super::client::{Answer, Client};

/// A project that one test has to itself.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its administrator: a client application with Basic credentials.
    pub admin: Client,
    root: Client,
}

impl Project {
    /// The bootstrap client creates the project and an application in it, and promotes that.
    pub(super) async fn create(root: &Client, name: &str) -> Self {
        let body = json!({ "resourceType": "Project", "name": name });
        let created = root.post("/fhir/R4/Project", &body).await.must(201);
        let (admin, root) = (root.clone(), root.clone());
        let mut project = Self {
            id: created.id().to_owned(),
            admin,
            root,
        };
        project.admin = project
            .administrator(&format!("{name} administrator"))
            .await;
        project
    }

    /// A path below `/admin/projects/{id}/`.
    pub fn path(&self, below: &str) -> String {
        format!("/admin/projects/{}/{below}", self.id)
    }

    /// A new client application with a plain membership.
    pub async fn application(&self, name: &str) -> Client {
        let body = json!({ "name": name });
        let created = self.root.post(&self.path("client"), &body).await.must(201);
        let secret = created.body["secret"].as_str().unwrap_or_default();
        self.root.clone().basic(created.id(), secret)
    }

    /// A new client application whose membership is `admin: true`.
    pub async fn administrator(&self, name: &str) -> Client {
        let client = self.application(name).await;
        let mut membership = self
            .membership(&format!("ClientApplication/{}", client.id()))
            .await;
        membership["admin"] = json!(true);
        self.update(&self.root, &membership).await.must(200);
        client
    }

    /// The only membership of a user or application in this project, as the bootstrap client reads it.
    /// Stops the test when there is not exactly one.
    pub async fn membership(&self, user: &str) -> Value {
        let path = format!(
            "/fhir/R4/ProjectMembership?project=Project/{}&user={user}",
            self.id
        );
        let mut found = self.root.get(&path).await.must(200);
        let entries = found.body["entry"].as_array().map_or(0, Vec::len);
        assert_eq!(
            entries, 1,
            "memberships of {user} in {}: {}",
            self.id, found.text
        );
        found.body["entry"][0]["resource"].take()
    }

    /// Posts a whole membership, as the admin pages do.
    pub async fn update(&self, caller: &Client, membership: &Value) -> Answer {
        let id = membership["id"].as_str().unwrap_or_default();
        caller
            .post(&self.path(&format!("members/{id}")), membership)
            .await
    }

    /// Invites a person; the body's absent fields take the API's defaults.
    pub async fn invite(&self, caller: &Client, body: &Value) -> Answer {
        caller.post(&self.path("invite"), body).await
    }
}
