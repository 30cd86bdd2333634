//! The single table: where rows live ([`Key`]), what they hold, and how they change together ([`Transaction`]).
//!
//! This crate knows DynamoDB and nothing of HTTP, tokens or mail. Rows of a project are reached through a [`Tenant`] only, which
//! takes a `Caller`. Every write is a [`Step`] of a [`Transaction`], every step is conditional or appends under a fresh key, and
//! no step touches a row that two unrelated actions share. No `Scan`, no PartiQL.

mod attempts;
mod audit;
mod bulk;
mod calls;
mod clients;
mod counters;
mod credentials;
mod days;
mod deliveries;
mod domains;
mod edges;
mod evidence;
mod farewells;
mod gathering;
mod graves;
mod guards;
mod idempotency;
mod index;
mod invitations;
mod jobs;
mod keys;
mod logins;
mod members;
mod names;
mod pages;
mod patterns;
mod persons;
mod projects;
mod read;
mod recount;
mod requests;
mod resources;
mod row;
mod second_factors;
mod settings;
mod sizes;
mod step;
mod system;
mod tenant;
mod together;
mod transaction;
mod users;
mod versions;
mod whole;

pub use audit::{Action, Event};
pub use bulk::Partition;
pub use clients::{ClientChange, ClientRow, NewClient};
pub use counters::{TURNS_AT_ONCE, Turn};
pub use days::Trail;
pub use deliveries::{Errand, Started};
pub use farewells::Farewell;
pub use gathering::{Gathering, Refuted, Unwritten};
pub use idempotency::Answered;
pub use index::{Bounds, Hit, Hits, Order, Shelf, Walk};
pub use invitations::{Contents, Delivery, InvitationRow, Letter, Parties};
pub use jobs::{Counts, Ending, Held, JobKind, JobRow, JobStatus, NewJob, Progress, called_by};
pub use keys::{Key, Past};
pub use logins::{Granted, Launch, LoginRow};
pub use members::{Member, NewMember};
pub use names::{MemberCursor, Renamed};
pub use pages::{Cut, RowPage, RowRange};
pub use patterns::{ACCESS_PATTERNS, DynamoAction, Pattern};
pub use persons::{Person, Place};
pub use projects::Life;
pub use read::Found;
pub use recount::Tally;
pub use requests::{Forgetful, NewRequest, RequestKind, RequestRow};
pub use resources::{Existence, Stored};
pub use second_factors::SecondFactor;
pub use settings::{LONGEST_GOOGLE_CLIENT, SealedSetting, SettingKind, Settings};
pub use step::Step;
pub use system::StoredKeys;
pub use tenant::Tenant;
pub use together::together;
pub use transaction::{Aborted, Transaction};
pub use users::{Holder, NewUser};
pub use versions::{Tombstone, Version};
pub use whole::Part;

/// The table, as one function sees it.
#[derive(Clone, Debug)]
pub struct Store {
    client: aws_sdk_dynamodb::Client,
    table: String,
    rehearsing: bool,
    sizes: sizes::Sizes,
    gathering: Option<Gathering>,
}

impl Store {
    /// The table `table` behind `client`.
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
            rehearsing: false,
            sizes: sizes::Sizes::default(),
            gathering: None,
        }
    }

    /// The same table, in which nothing is written: the table weighs every transaction, refuses what it would refuse, and gives up the
    /// rest.
    #[must_use]
    pub fn rehearsing(&self) -> Self {
        Self {
            rehearsing: true,
            ..self.clone()
        }
    }

    /// The same table, in which nothing is written: what is to be written is gathered, and who reads sees it as if it were there.
    #[must_use]
    pub fn gathering(&self, gathering: &Gathering) -> Self {
        Self {
            gathering: Some(gathering.clone()),
            ..self.clone()
        }
    }

    pub(crate) fn gathered(&self) -> Option<&Gathering> {
        self.gathering.as_ref()
    }

    pub(crate) fn is_rehearsing(&self) -> bool {
        self.rehearsing
    }

    pub(crate) fn client(&self) -> &aws_sdk_dynamodb::Client {
        &self.client
    }

    pub(crate) fn table(&self) -> &str {
        &self.table
    }
}
