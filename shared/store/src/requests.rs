//! Requests that the link in a letter fulfils: to set a password, to verify an address. Each is its own outbox record, reached by
//! id alone, exactly like an invitation, which is one of them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Blind, Failure, ProjectId, RequestId, Scope, Standing, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::invitations::{Delivery, Letter};
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row::{self, PK};
use crate::step::Step;
use crate::tenant::Tenant;
use crate::whole::Part;

/// How long the row of a reset or verification is kept; its link dies much earlier.
const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// What a request is for (contract: UserSecurityRequest).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestKind {
    /// To accept an invitation by setting a password.
    #[serde(rename = "invite")]
    Invite,
    /// To set a new password.
    #[serde(rename = "reset")]
    Reset,
    /// To verify an address.
    #[serde(rename = "verify-email")]
    VerifyEmail,
    /// To tell something: its letter has no link.
    #[serde(rename = "notice")]
    Notice,
}

/// What a stored request says, whatever it is for.
#[derive(Clone, Debug, Deserialize)]
pub struct RequestRow {
    request: Uuid,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: RequestKind,
    user: Uuid,
    #[serde(default)]
    project: Option<Uuid>,
    /// The address its letter went to.
    #[serde(default)]
    pub email: Option<String>,
    /// The user's epoch when it was made.
    pub epoch: u32,
    /// The number of the address that it verifies.
    #[serde(default)]
    pub address: Option<u32>,
    /// The number of a reset.
    #[serde(default)]
    pub resets: Option<u32>,
    /// The SHA-256 of the link's secret; none before the letter is sent.
    #[serde(rename = "secretHash", default)]
    pub secret_hash: Option<String>,
    #[serde(rename = "expiresAt", default)]
    expires: Option<i64>,
    /// Whether the link has been used.
    #[serde(default)]
    pub used: bool,
}

impl RequestRow {
    /// The user whom it is about.
    pub fn user(&self) -> UserId {
        UserId::new(self.user)
    }

    /// The project of an invitation, or of a project-scoped user.
    pub fn project(&self) -> Option<ProjectId> {
        self.project.map(ProjectId::new)
    }

    /// Whether the link's time is over at `now`, wherever the table is with forgetting it.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|at| at <= now.as_seconds())
    }
}

/// A request that is about to be made. Everything its letter needs is part of it.
#[derive(Clone, Debug, Serialize)]
pub struct NewRequest {
    /// Its id.
    #[serde(rename = "request")]
    pub id: Uuid,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: RequestKind,
    /// Whom it is about.
    pub user: Uuid,
    /// The project of a project-scoped user.
    pub project: Option<Uuid>,
    /// The user's epoch: after it has moved on, a link that sets a password is dead.
    pub epoch: u32,
    /// The number of the address that a link verifies.
    pub address: Option<u32>,
    /// The number of a reset: after a later one, its link is dead.
    pub resets: Option<u32>,
    /// Which letter.
    pub letter: Letter,
    /// The address it goes to, in normal form.
    pub email: String,
    /// The name of the product that the letter speaks for.
    pub product: String,
    /// How long the link lives once it is mailed, in seconds.
    pub life: u64,
    /// Whether it is to be sent.
    pub delivery: Delivery,
    /// Where the asking page wants to go on; kept and not interpreted.
    #[serde(rename = "redirectUri")]
    pub redirect: Option<String>,
    /// When it was made.
    #[serde(skip)]
    pub now: Timestamp,
}

#[derive(Serialize)]
struct Stored<'a> {
    #[serde(flatten)]
    request: &'a NewRequest,
    #[serde(rename = "sendSeq")]
    send_seq: u32,
    attempts: u32,
    created: String,
    ttl: i64,
    /// By which the end of a project finds the requests of its own users.
    #[serde(rename = "updP", skip_serializing_if = "Option::is_none")]
    listed_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upd: Option<String>,
}

/// What the guard of an address says about a user who has forgotten his password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgetful {
    /// The user.
    pub user: UserId,
    /// Which of his addresses is proven, and his epoch.
    pub standing: Standing,
    /// The number of his last reset; 0 before the first.
    pub resets: u32,
}

impl Tenant<'_> {
    /// The resets, verifications and notices of the project's own users, as the index knows them.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn requests(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Part<RequestId>, Failure> {
        let range = Range::index("byUpdated", "updP", keys::requests(self.project));
        let (items, next) = self.store.part(&range, limit, after).await?;
        let ids = items.iter().map(|item| row::text(item, PK));
        Ok(Part {
            rows: ids.filter_map(keys::request_of).collect(),
            next,
        })
    }
}

impl Store {
    /// A request by id.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn request(&self, id: RequestId) -> Result<Option<RequestRow>, Failure> {
        let key = Key::Request(id);
        let item = self.get(std::slice::from_ref(&key)).await?.take(&key);
        item.map(|item| row::read("a request", item)).transpose()
    }

    /// A new request; its letter, if it has one to be sent, leaves by the stream.
    pub fn create_request(&self, request: &NewRequest) -> Step {
        let within = request.project.map(ProjectId::new);
        let stored = Stored {
            listed_in: within.map(keys::requests),
            upd: within.map(|_| request.now.to_string()),
            request,
            send_seq: 1,
            attempts: 0,
            created: request.now.to_string(),
            ttl: request.now.plus(KEPT).as_seconds(),
        };
        let key = Key::Request(RequestId::new(request.id));
        Step::create(row::item(&key, &stored))
    }

    /// The link is used, by this secret and once.
    pub fn use_link(&self, request: &RequestRow) -> Step {
        let hash = request.secret_hash.clone().unwrap_or_default();
        Step::update(
            &Key::Request(RequestId::new(request.request)),
            "SET used = :yes",
        )
        .value(":yes", AttributeValue::Bool(true))
        .text(":hash", hash)
        .when("secretHash = :hash AND attribute_not_exists(used)")
    }

    /// A request that is not made: costs what making one costs, and leaves nothing.
    pub fn create_no_request(&self, id: RequestId) -> Step {
        Step::delete(&Key::Request(id))
    }

    /// Counts a letter that a stranger wants to have sent to an address, known or not, within its hour; reports the step's refusal
    /// after `most`.
    pub fn count_reset(&self, (scope, email): (Scope, &Blind), now: Timestamp, most: u32) -> Step {
        let key = Key::Resets(scope, email.clone(), now.as_seconds() / 3600);
        Step::update(&key, "ADD resets :one SET #ttl = :ttl")
            .number(":one", 1)
            .number(":ttl", now.as_seconds() + 7200)
            .number(":most", i64::from(most))
            .when("attribute_not_exists(PK) OR resets < :most")
    }
}
