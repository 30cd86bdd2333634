//! Applications' credentials: reached by client id alone, before anything else is known.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Blind, ClientId, ClientStanding, Failure, MembershipId, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::keys::Key;
use crate::read::Found;
use crate::row::{self, Item};
use crate::step::Step;

/// What the table knows of an application's credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientRow {
    project: Uuid,
    membership: Uuid,
    /// Hash of the current secret.
    pub secret: String,
    /// Hash of the secret that is being retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<String>,
    active: bool,
    epoch: u32,
    /// `accessTokenLifetime` as configured, e.g. `1h`.
    #[serde(
        rename = "accessLife",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub access_token_lifetime: Option<String>,
}

/// Credentials that are about to be made.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The application.
    pub client: ClientId,
    /// Its project.
    pub project: ProjectId,
    /// The membership it acts by.
    pub membership: MembershipId,
    /// SHA-256 of its secret, hex.
    pub secret: String,
    /// `accessTokenLifetime` as configured.
    pub access_token_lifetime: Option<String>,
}

/// What an administrator changes of an application's credentials.
#[derive(Clone, Debug)]
pub struct ClientChange {
    /// SHA-256 of another secret, hex.
    pub secret: Option<String>,
    /// Whether it may act.
    pub active: bool,
    /// `accessTokenLifetime` as configured.
    pub access_token_lifetime: Option<String>,
}

impl ClientRow {
    /// The application's project.
    pub fn project(&self) -> ProjectId {
        ProjectId::new(self.project)
    }

    /// The membership it acts by.
    pub fn membership(&self) -> MembershipId {
        MembershipId::new(self.membership)
    }

    /// The epoch from now on: it rises when a secret is removed.
    fn epoch_without(&self, a_secret: bool) -> i64 {
        i64::from(self.epoch) + i64::from(a_secret)
    }

    /// Whether it may act, and its epoch.
    pub fn standing(&self) -> ClientStanding {
        ClientStanding {
            active: self.active,
            epoch: self.epoch,
        }
    }
}

impl Store {
    /// An application's credentials.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn client_by_id(&self, id: ClientId) -> Result<Option<ClientRow>, Failure> {
        let key = Key::Client(id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(read_client).transpose()
    }

    /// An application's credentials among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn client_in(&self, found: &mut Found, id: ClientId) -> Result<Option<ClientRow>, Failure> {
        found.take(&Key::Client(id)).map(read_client).transpose()
    }

    /// Another secret, hashed; the one before it retires. Where one was retiring already it counts no more, and every session ends.
    pub fn succeed_secret(&self, id: ClientId, read: &ClientRow, hash: &str) -> Step {
        let set = "SET secret = :next, retiring = :read, epoch = :epoch";
        self.change_secrets(id, set, read)
            .text(":next", hash)
            .number(":epoch", read.epoch_without(read.retiring.is_some()))
    }

    /// The retiring secret counts no more, and every session ends.
    pub fn drop_retiring_secret(&self, id: ClientId, read: &ClientRow) -> Step {
        let set = "SET epoch = :epoch REMOVE retiring";
        self.change_secrets(id, set, read)
            .number(":epoch", read.epoch_without(true))
    }

    /// Credentials as an administrator has rewritten the application: another secret, hashed, if there is one; whether it may act. A
    /// former secret, and switching it off, end every session.
    pub fn rewrite_client(
        &self,
        id: ClientId,
        read: &ClientRow,
        new: &ClientChange,
    ) -> Option<Step> {
        let ends = new.secret.is_some() || (read.active && !new.active);
        let same_life = read.access_token_lifetime == new.access_token_lifetime;
        if !ends && read.active == new.active && same_life {
            return None;
        }
        let set = "SET secret = :next, #active = :active, epoch = :epoch, #accessLife = :life";
        let life = new.access_token_lifetime.clone();
        let step = self
            .change_secrets(id, set, read)
            .text(":next", new.secret.as_ref().unwrap_or(&read.secret))
            .value(":active", AttributeValue::Bool(new.active))
            .number(":epoch", read.epoch_without(ends))
            .value(
                ":life",
                life.map_or(AttributeValue::Null(true), AttributeValue::S),
            );
        Some(step)
    }

    /// Credentials of an application that is deleted. One that was made by hand has none.
    pub fn drop_client(&self, id: ClientId) -> Step {
        Step::delete(&Key::Client(id))
    }

    fn change_secrets(&self, id: ClientId, set: &'static str, read: &ClientRow) -> Step {
        Step::update(&Key::Client(id), set)
            .when("secret = :read AND epoch = :before")
            .text(":read", read.secret.clone())
            .number(":before", i64::from(read.epoch))
    }

    /// Credentials that are no more.
    pub fn erase_client(&self, id: ClientId) -> Step {
        Step::delete(&Key::Client(id))
    }

    /// New credentials.
    pub fn create_client(&self, new: NewClient) -> Step {
        let row = ClientRow {
            project: new.project.uuid(),
            membership: new.membership.uuid(),
            secret: new.secret,
            retiring: None,
            active: true,
            epoch: 1,
            access_token_lifetime: new.access_token_lifetime,
        };
        Step::create(row::item(&Key::Client(new.client), &row))
    }
}

impl Store {
    /// An assertion is shown: once, for as long as it would count.
    pub fn remember_assertion(&self, id: ClientId, name: Blind, until: Timestamp) -> Step {
        #[derive(Serialize)]
        struct AssertionRow {
            ttl: i64,
        }
        let row = AssertionRow {
            ttl: until.as_seconds(),
        };
        Step::create(row::item(&Key::Assertion(id, name), &row))
    }
}

/// Reads an application's row.
pub(crate) fn read_client(item: Item) -> Result<ClientRow, Failure> {
    row::read("an application's credentials", item)
}
