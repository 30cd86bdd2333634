//! What people do about their own accounts: accept an invitation, forget a password, verify an address.

mod addresses;
mod changes;
mod links;
mod resets;

use harness::world::{Answer, Project, World};
use serde_json::{Value, json};

use crate::world::{alice, invited};

/// A link as it stands in a letter: the id of a request and a secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Link {
    /// The link that leads to `page` of the web app.
    pub(crate) fn read(text: &str, page: &str) -> Self {
        let after = text.split(&format!("/{page}/")).nth(1);
        let after = after.unwrap_or_else(|| panic!("no link to {page} in: {text}"));
        let (id, rest) = after.split_once('/').unwrap();
        let secret = rest.chars().take_while(char::is_ascii_alphanumeric);
        Self {
            id: id.to_owned(),
            secret: secret.collect(),
        }
    }

    /// Sets a password by it.
    pub(crate) async fn set(&self, world: &World, password: &str) -> Answer {
        let body = json!({ "id": self.id, "secret": self.secret, "password": password });
        world.anonymous().post("/auth/setpassword", &body).await
    }
}

/// The texts of the letters to an address, oldest first, once there are `count` of them.
pub(crate) async fn letters(world: &World, email: &str, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let letters = world.mailbox().messages().into_iter();
        let found: Vec<_> = letters.filter(|letter| letter.to == email).collect();
        if found.len() >= count {
            return found.into_iter().map(|letter| letter.text).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {count} letters to {email}")
}

/// Invites Alice and returns her membership and the link in her letter.
pub(crate) async fn invited_by_letter(
    world: &World,
    project: &Project,
    email: &str,
) -> (Value, Link) {
    let membership = invited(project, &alice(email)).await;
    let letter = letters(world, email, 1).await.remove(0);
    (membership, Link::read(&letter, "setpassword"))
}

/// A row of a user: `USER`, `CRED`.
pub(crate) async fn row_of(world: &World, membership: &Value, sk: &str) -> Option<Value> {
    let user = membership["user"]["reference"].as_str().unwrap();
    let rows = world.rows(&user.replace("User/", "U#")).await;
    rows.into_iter().find(|row| row["SK"]["S"] == sk)
}
