//! Rows by the hundred, for jobs: whole partitions that go, and rows of a project that nobody reaches yet. A row that goes needs no
//! condition, because its project is closed and what is gone stays gone; a row that comes is conditional on its absence, so that
//! one who does the same work again changes nothing.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use domain::{Blind, ClientId, Dice, Failure, MembershipId, ProfileType, ProjectId, Scope, UserId};
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key, Past};
use crate::read::Range;
use crate::row::{self, Item, PK, SK};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::together::together;
use crate::transaction::{Aborted, Transaction};

/// A BatchWrite takes at most this many rows.
const BATCH: usize = 25;
/// How many calls are under way at once.
const LANES: usize = 16;
/// How often rows that the table left unprocessed are sent again.
const ATTEMPTS: u32 = 8;
/// How many rows a page has that is read to be deleted.
const PAGE: usize = 500;

/// A partition that goes as a whole.
#[derive(Clone, Debug)]
pub enum Partition {
    /// The past of a resource.
    Past(Past),
    /// A user and what belongs to him.
    User(UserId),
    /// What is known of an address within a scope.
    Address(Scope, Blind),
    /// The counters of a project's members.
    Counters(ProjectId),
    /// The places of a project's invitations.
    Invitations(ProjectId),
    /// What leads to pasts that the record no longer names.
    Graves(ProjectId),
    /// What is counted for some minutes.
    Counts(ProjectId),
    /// One of the sixteen shards of what was answered to keys.
    Answers(ProjectId, usize),
    /// Whether a membership was counted.
    Mark(ProjectId, MembershipId),
    /// An application's credentials and sessions.
    Client(ClientId),
    /// One of the sixteen shards of a day of the record.
    Day(ProjectId, String, usize),
}

impl Partition {
    fn pk(&self) -> String {
        match self {
            Self::Past(past) => past.partition(),
            Self::User(id) => keys::user(*id),
            Self::Address(scope, email) => keys::email_guard(*scope, email),
            Self::Counters(project) => keys::counters(*project),
            Self::Invitations(project) => keys::invitations(*project),
            Self::Graves(project) => keys::graves(*project),
            Self::Counts(project) => keys::counts(*project),
            Self::Answers(project, shard) => keys::answers(*project)
                .get(*shard)
                .cloned()
                .unwrap_or_default(),
            // The mark's partition is the same whatever the type of the profile.
            Self::Mark(project, id) => Key::Counted(*project, ProfileType::Patient, *id).pk(),
            Self::Client(id) => keys::client(*id),
            Self::Day(project, day, shard) => {
                let shards = keys::audit_day(*project, day);
                shards.get(*shard).cloned().unwrap_or_default()
            }
        }
    }
}

impl Tenant<'_> {
    /// The past of a resource of this project.
    pub fn past_of(&self, kind: &str, id: Uuid) -> Partition {
        Partition::Past(self.past(kind, id))
    }

    /// Deletes the settings of the project and, after them, what makes it a project.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn erase_itself(&self) -> Result<u64, Failure> {
        let range = Range::prefix(keys::project(self.project), keys::SETTINGS);
        let settings = self.store.empty_range(&range).await?;
        self.store.erase(&[Key::Admins(self.project)]).await?;
        self.store.erase(&[self.project_key()]).await?;
        Ok(settings)
    }
}

impl Store {
    /// Deletes rows by key.
    ///
    /// # Errors
    /// [`Failure::Unavailable`]: some may be gone.
    pub async fn erase(&self, keys: &[Key]) -> Result<(), Failure> {
        // A batch names no row twice.
        let keys: HashSet<&Key> = keys.iter().collect();
        self.erase_places(keys.into_iter().map(row::place).collect())
            .await
    }

    /// Deletes whole partitions, several at once, and says how many rows they had.
    ///
    /// # Errors
    /// [`Failure::Unavailable`]: some may be gone.
    pub async fn empty(&self, partitions: &[Partition]) -> Result<u64, Failure> {
        let mut rows = 0;
        for some in partitions.chunks(LANES) {
            let ranges: Vec<Range> = some.iter().map(|it| Range::partition(it.pk())).collect();
            let emptying = ranges.iter().map(|range| self.empty_range(range));
            for emptied in together(emptying.collect()).await {
                rows += emptied?;
            }
        }
        Ok(rows)
    }

    /// Whether a partition has no row.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn is_empty(&self, partition: &Partition) -> Result<bool, Failure> {
        let range = Range::partition(partition.pk());
        Ok(self.page(&range, 1, None).await?.items.is_empty())
    }

    async fn empty_range(&self, range: &Range) -> Result<u64, Failure> {
        let mut rows = 0;
        let mut start = None;
        loop {
            let page = self.page(range, PAGE, start).await?;
            let places: Vec<Item> = page.items.into_iter().map(place_of).collect();
            rows += u64::try_from(places.len()).unwrap_or(0);
            self.erase_places(places).await?;
            start = page.next;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn erase_places(&self, places: Vec<Item>) -> Result<(), Failure> {
        let calls: Vec<&[Item]> = places.chunks(BATCH).collect();
        for some in calls.chunks(LANES) {
            let erasing = some.iter().map(|places| self.erase_batch(places));
            for erased in together(erasing.collect()).await {
                erased?;
            }
        }
        Ok(())
    }

    async fn erase_batch(&self, places: &[Item]) -> Result<(), Failure> {
        let unavailable = |cause| Failure::unavailable("the table", cause);
        let mut left = Vec::with_capacity(places.len());
        for place in places {
            let delete = DeleteRequest::builder()
                .set_key(Some(place.clone()))
                .build()
                .map_err(|cause| Failure::unavailable("the table", cause))?;
            left.push(WriteRequest::builder().delete_request(delete).build());
        }
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
            let sent = self
                .client()
                .batch_write_item()
                .request_items(self.table(), left);
            let answer = sent
                .send()
                .await
                .map_err(|cause| Failure::unavailable("the table", cause))?;
            let unprocessed = answer.unprocessed_items.unwrap_or_default();
            left = unprocessed.into_values().flatten().collect();
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(unavailable("rows were left unprocessed"))
    }

    /// Carries steps out one by one, several at once: a row is written where there is none, and stays as it is where one is there
    /// already; an update must change nothing when it is made again.
    ///
    /// # Errors
    /// [`Failure::Unavailable`]: some may be carried out.
    pub async fn lay(&self, steps: &[Step], dice: Dice) -> Result<(), Failure> {
        for some in steps.chunks(LANES) {
            let laying = some.iter().map(|step| self.lay_one(step, dice));
            for laid in together(laying.collect()).await {
                laid?;
            }
        }
        Ok(())
    }

    async fn lay_one(&self, step: &Step, dice: Dice) -> Result<(), Failure> {
        if let Some(row) = step.row() {
            return self.lay_row(row.clone()).await;
        }
        let alone = Transaction::new().step(step.clone());
        match alone.commit(self, dice).await {
            Ok(()) | Err(Aborted::Changed) => Ok(()),
            Err(Aborted::Failed(failure)) => Err(failure),
        }
    }

    async fn lay_row(&self, row: Item) -> Result<(), Failure> {
        let put = self
            .client()
            .put_item()
            .table_name(self.table())
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(PK)");
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(Failure::unavailable("the table", error)),
            },
        }
    }
}

fn place_of(mut item: Item) -> Item {
    item.retain(|name, _| name == PK || name == SK);
    item
}
