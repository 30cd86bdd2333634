//! How a user's password, address and proof change. His row and the guard of his address say the same about him and change
//! together.

use domain::{Blind, Failure, Refusal, User, UserId};
use serde::Serialize;

use crate::Store;
use crate::keys::{self, Key};
use crate::read::Found;
use crate::requests::Forgetful;
use crate::row::{self, ResourceRow};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::users::{guard_item, read_guard, read_user};

#[derive(Serialize)]
struct CredentialRow<'a> {
    password: &'a str,
}

impl Store {
    /// A user, and what the guard of an address says of its holder, in one round trip.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn user_and_guard(
        &self,
        user: UserId,
        guard: Option<&Key>,
    ) -> Result<(Option<User>, Option<Forgetful>), Failure> {
        let key = Key::User(user);
        let keys: Vec<Key> = [Some(&key), guard].into_iter().flatten().cloned().collect();
        let mut found = self.get(&keys).await?;
        let user = found.take(&key).map(|item| read_user(user, item));
        let holder = match guard {
            Some(guard) => self.forgetful(&mut found, guard)?,
            None => None,
        };
        Ok((user.transpose()?, holder))
    }

    /// Rows of users, guards and projects by key, in one round trip: for requests of strangers.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn read(&self, keys: &[Key]) -> Result<Found, Failure> {
        self.get(keys).await
    }

    /// What the guard of an address says, among rows that were read.
    ///
    /// # Errors
    /// [`Failure::Corrupt`].
    pub fn forgetful(&self, found: &mut Found, guard: &Key) -> Result<Option<Forgetful>, Failure> {
        found.take(guard).map(read_guard).transpose()
    }

    /// The hash of a user's password, if he has one.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn password_of(&self, user: UserId) -> Result<Option<String>, Failure> {
        let key = Key::Credential(user);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        let hash = item.map(|item| row::text(&item, "password").to_owned());
        Ok(hash.filter(|hash| !hash.is_empty()))
    }

    /// The hash of a user's password from now on. Whoever changes it lets the user's epoch rise in the same transaction, on the
    /// condition that it is still the one that was read: so this step needs no condition of its own.
    pub fn put_password(&self, user: UserId, password: &str) -> Step {
        Step::append(row::item(
            &Key::Credential(user),
            &CredentialRow { password },
        ))
    }

    /// Another hash of the same password, if it is still the one that was read: no session ends.
    pub fn rehash_password(&self, user: UserId, (read, hash): (&str, &str)) -> Step {
        Step::update(&Key::Credential(user), "SET password = :new")
            .when("password = :read")
            .text(":read", read)
            .text(":new", hash)
    }

    /// No password any more. As [`Store::put_password`], it rests on the condition about the user's epoch in the same transaction.
    pub fn drop_password(&self, user: UserId) -> Step {
        Step::delete(&Key::Credential(user))
    }

    /// A user's password from now on, whatever it was; every session ends, because the epoch rises.
    pub fn set_password(&self, user: UserId, guard: &Key, password: &str) -> Vec<Step> {
        let rise = "SET epoch = epoch + :one";
        vec![
            self.put_password(user, password),
            Step::update(&Key::User(user), rise)
                .number(":one", 1)
                .when("attribute_exists(PK)"),
            Step::update(guard, rise)
                .number(":one", 1)
                .text(":user", user.to_string())
                .when("#user = :user"),
        ]
    }

    /// The user as he is from now on, unchanged since he was `read`: his resource and his standing. His address stays.
    pub fn update_user(&self, read: &User, new: &User) -> Step {
        let set = "SET body = :body, ver = :ver, upd = :upd, #by = :by, address = :address, provenAddress = :proven, epoch = :epoch";
        rewritten(set, read, new)
    }

    /// The same for a user whose address has changed to the one behind `email`.
    pub fn move_user(&self, read: &User, new: &User, email: &Blind) -> Step {
        let set = "SET body = :body, ver = :ver, upd = :upd, #by = :by, address = :address, provenAddress = :proven, epoch = :epoch, #nameP = :found, #nameS = :id";
        rewritten(set, read, new)
            .text(":found", keys::users_by_email(email))
            .text(":id", new.id().to_string())
    }

    /// The user's address is guarded elsewhere from now on; the place must be free.
    pub fn move_guard(&self, (old, new): (Option<&Key>, &Key), user: &User) -> Vec<Step> {
        let taken = Step::create(guard_item(new, user)).or(Refusal::EmailTaken);
        let freed = old.map(|old| {
            Step::delete(old)
                .text(":user", user.id().to_string())
                .when("#user = :user")
        });
        freed.into_iter().chain([taken]).collect()
    }

    /// The guard of the same user's address says the same; `resets` is the number that the user's last reset must still have.
    pub fn update_guard(
        &self,
        guard: &Key,
        (read, new): (&User, &User),
        resets: Option<u32>,
    ) -> Step {
        let set = "SET address = :address, provenAddress = :proven, epoch = :epoch";
        let step = Step::update(guard, set)
            .number(":address", i64::from(new.standing.address))
            .number(":proven", i64::from(new.standing.proven))
            .number(":epoch", i64::from(new.standing.epoch))
            .number(":was", i64::from(read.standing.epoch))
            .text(":user", read.id().to_string());
        match resets {
            None => step.when("#user = :user AND epoch = :was"),
            Some(last) => step
                .number(":last", i64::from(last))
                .when("#user = :user AND epoch = :was AND resets = :last"),
        }
    }

    /// One more reset of the holder of an address: links of earlier ones are dead.
    pub fn number_reset(&self, guard: &Key, holder: &Forgetful) -> Step {
        let same = match holder.resets {
            0 => "#user = :user AND epoch = :epoch AND attribute_not_exists(resets)",
            _ => "#user = :user AND epoch = :epoch AND resets = :last",
        };
        let step = Step::update(guard, "SET resets = :next")
            .number(":next", i64::from(holder.resets) + 1)
            .number(":epoch", i64::from(holder.standing.epoch))
            .text(":user", holder.user.to_string())
            .when(same);
        match holder.resets {
            0 => step,
            last => step.number(":last", i64::from(last)),
        }
    }

    /// Nobody holds the address still.
    pub fn held_by_nobody(&self, guard: &Key) -> Step {
        Step::check(guard).when("attribute_not_exists(PK)")
    }
}

impl Tenant<'_> {
    /// A user by id, wherever he belongs, and whether he is a member here: one round trip whatever is found.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn user_here(&self, id: UserId) -> Result<(Option<User>, bool), Failure> {
        let (user, edge) = (Key::User(id), Key::Edge(id, self.project));
        let mut found = self.store.get(&[user.clone(), edge.clone()]).await?;
        let user = found.take(&user).map(|item| read_user(id, item));
        Ok((user.transpose()?, found.has(&edge)))
    }
}

fn rewritten(set: &'static str, read: &User, new: &User) -> Step {
    let row = row::item(&Key::User(new.id()), &ResourceRow::current(&new.resource));
    row::rewrite(Step::update(&Key::User(new.id()), set), &row)
        .number(":address", i64::from(new.standing.address))
        .number(":proven", i64::from(new.standing.proven))
        .number(":epoch", i64::from(new.standing.epoch))
        .number(":was", i64::from(read.standing.epoch))
        .text(":read", read.resource.meta.version.to_string())
        .when("ver = :read AND epoch = :was")
}
