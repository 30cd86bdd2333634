//! Users, and the guards that keep an address unique within its scope.

use domain::{Blind, Failure, ProjectId, Scope, Standing, User, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key};
use crate::read::Found;
use crate::requests::Forgetful;
use crate::row::{self, Item, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;

/// A user who is about to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The user.
    pub user: User,
    /// The keyed hash of the address, when there is one: the place of the guard.
    pub email: Option<Blind>,
    /// The password's hash, when the invite brought one.
    pub password: Option<String>,
}

/// Who holds an address within a scope, and what that needs to be known about him without reading his row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user: UserId,
    /// Which of his addresses is proven.
    pub standing: Standing,
}

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    resource: ResourceRow,
    #[serde(flatten)]
    standing: StandingRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<Uuid>,
    #[serde(rename = "updP")]
    updated_in: String,
    #[serde(rename = "nameP", default, skip_serializing_if = "Option::is_none")]
    found_in: Option<String>,
    #[serde(rename = "nameS", default, skip_serializing_if = "Option::is_none")]
    found_as: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StandingRow {
    address: u32,
    #[serde(rename = "provenAddress", default)]
    proven: u32,
    epoch: u32,
    #[serde(rename = "bornIn", default, skip_serializing_if = "Option::is_none")]
    born_in: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct GuardRow {
    user: Uuid,
    #[serde(flatten)]
    standing: StandingRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resets: Option<u32>,
}

impl Store {
    /// Where the holder of an address within a scope is named.
    pub fn guard_key(&self, scope: Scope, email: &Blind) -> Key {
        Key::EmailGuard(scope, email.clone())
    }

    /// The holder of an address among rows read at `guard`.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn holder(&self, found: &mut Found, guard: &Key) -> Result<Option<Holder>, Failure> {
        let Some(item) = found.take(guard) else {
            return Ok(None);
        };
        let Forgetful { user, standing, .. } = read_guard(item)?;
        Ok(Some(Holder { user, standing }))
    }

    /// The holder of an address within a scope.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn holder_of(&self, scope: Scope, email: &Blind) -> Result<Option<Holder>, Failure> {
        let guard = Key::EmailGuard(scope, email.clone());
        let mut found = self.get(std::slice::from_ref(&guard)).await?;
        self.holder(&mut found, &guard)
    }

    /// A user by id.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Failure> {
        let key = Key::User(id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(|item| read_user(id, item)).transpose()
    }

    /// A user among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn user_in(&self, found: &mut Found, id: UserId) -> Result<Option<User>, Failure> {
        let item = found.take(&Key::User(id));
        item.map(|item| read_user(id, item)).transpose()
    }

    /// Users by id; those that are not there are left out.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, Failure> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::User(*id)).collect();
        let mut found = self.get(&keys).await?;
        let items = ids
            .iter()
            .zip(&keys)
            .filter_map(|(id, key)| Some((*id, found.take(key)?)));
        items.map(|(id, item)| read_user(id, item)).collect()
    }

    /// A new user, with the guard of his address and his password. The guard's absence is what makes the address unique: when it
    /// is there after all, the transaction reports that something changed.
    pub fn create_user(&self, new: &NewUser) -> Vec<Step> {
        let id = new.user.id();
        let scope = new.user.scope();
        let mut steps = Vec::with_capacity(3);
        if let Some(email) = &new.email {
            let guard = Key::EmailGuard(scope, email.clone());
            steps.push(Step::create(guard_item(&guard, &new.user)));
        }
        steps.push(Step::create(user_item(&new.user, new.email.as_ref())));
        if let Some(password) = &new.password {
            steps.push(self.put_password(id, password));
        }
        steps
    }

    /// The holder must still hold the address, with the same proof and the same credential, when the transaction commits.
    pub fn still_held(&self, guard: &Key, holder: Holder) -> Step {
        Step::check(guard)
            .when("#user = :user AND address = :address AND provenAddress = :proven AND epoch = :epoch")
            .text(":user", holder.user.to_string())
            .number(":epoch", i64::from(holder.standing.epoch))
            .number(":address", i64::from(holder.standing.address))
            .number(":proven", i64::from(holder.standing.proven))
    }
}

impl Store {
    /// Deletes a user, as he was read, and the guard of his address: nobody signs in as him or invites him from then on.
    pub fn erase_user(&self, read: &User, email: Option<&Blind>) -> Vec<Step> {
        let user = Step::delete(&Key::User(read.id()));
        let user = user.unchanged_since(read.resource.meta.version);
        let guard = email.map(|email| Step::delete(&Key::EmailGuard(read.scope(), email.clone())));
        std::iter::once(user).chain(guard).collect()
    }
}

impl Tenant<'_> {
    /// The users with an address, above projects and within this one. Where there is none, nobody's id stands for him: what is looked
    /// for next costs the same.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn holders_of(&self, email: &Blind) -> Result<[UserId; 2], Failure> {
        let guards = [Scope::Server, Scope::Project(self.project)]
            .map(|scope| Key::EmailGuard(scope, email.clone()));
        let mut found = self.store.get(&guards).await?;
        let mut holders = [UserId::new(Uuid::nil()); 2];
        for (guard, holder) in guards.iter().zip(&mut holders) {
            if let Some(held) = self.store.holder(&mut found, guard)? {
                *holder = held.user;
            }
        }
        Ok(holders)
    }
}

impl StandingRow {
    fn from(standing: Standing) -> Self {
        Self {
            address: standing.address,
            proven: standing.proven,
            epoch: standing.epoch,
            born_in: standing.born_in.map(ProjectId::uuid),
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            address: self.address,
            proven: self.proven,
            epoch: self.epoch,
            born_in: self.born_in.map(ProjectId::new),
        }
    }
}

fn user_item(user: &User, email: Option<&Blind>) -> Item {
    let row = Row {
        resource: ResourceRow::current(&user.resource),
        standing: StandingRow::from(user.standing),
        project: user.scope().project().map(ProjectId::uuid),
        updated_in: keys::users_in(user.scope()),
        found_in: email.map(keys::users_by_email),
        found_as: email.map(|_| user.id().to_string()),
    };
    row::item(&Key::User(user.id()), &row)
}

/// The row of the guard of a user's address.
pub(crate) fn guard_item(guard: &Key, user: &User) -> Item {
    let row = GuardRow {
        user: user.id().uuid(),
        standing: StandingRow::from(user.standing),
        resets: None,
    };
    row::item(guard, &row)
}

/// Reads the guard of an address.
pub(crate) fn read_guard(item: Item) -> Result<Forgetful, Failure> {
    let row: GuardRow = row::read("an e-mail guard", item)?;
    Ok(Forgetful {
        user: UserId::new(row.user),
        standing: row.standing.standing(),
        resets: row.resets.unwrap_or_default(),
    })
}

/// Reads a user's row.
pub(crate) fn read_user(id: UserId, item: Item) -> Result<User, Failure> {
    let row: Row = row::read("a user", item)?;
    let resource = row
        .resource
        .resource(domain::USER, id.uuid(), row.project)?;
    Ok(User {
        resource,
        standing: row.standing.standing(),
    })
}
