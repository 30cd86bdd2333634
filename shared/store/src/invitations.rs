//! Invitations: each is its own outbox record, reached by id alone, with its place in the project beside it.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Failure, MembershipId, ProjectId, RequestId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Store;
use crate::keys::{self, Key};
use crate::read::Range;
use crate::row;
use crate::step::Step;
use crate::tenant::Tenant;

/// Which letter an invitation brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Letter {
    /// With a link to set a password: the user is new, or has never proven his address.
    Welcome,
    /// With a link to sign in: the user is known.
    Joined,
    /// With a link to set a new password.
    Reset,
    /// With a link to verify the address, which is the user's new one.
    Verify,
    /// To an address that is no longer the user's.
    Moved,
}

impl Letter {
    /// The word that the row keeps.
    fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Joined => "joined",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Moved => "moved",
        }
    }
}

/// How far the letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// No letter was asked for.
    None,
    /// To be sent; the stream takes it from here.
    Queued,
    /// The secret has been drawn and the letter handed over; whether it was taken is not yet known.
    Sending,
    /// Taken by the mail service.
    Sent,
    /// Refused by the mail service, for good.
    Failed,
    /// Nobody knows whether it went out; it is never sent again by itself.
    Unknown,
}

/// An invitation. Everything its letter needs was copied here when it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationRow {
    #[serde(rename = "request")]
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    user: Uuid,
    project: Uuid,
    membership: Uuid,
    /// The user's epoch when it was made: after it has moved on, the link is dead.
    pub epoch: u32,
    /// Which letter.
    pub letter: Letter,
    /// The address it goes to, in normal form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name of the product that the letter speaks for.
    pub product: String,
    /// The project's name.
    #[serde(rename = "projectName")]
    pub project_name: String,
    /// How long the link lives once it is mailed, in seconds.
    pub life: u64,
    /// How far the letter has come.
    pub delivery: Delivery,
    /// Counts the letters: a resend adds 1.
    #[serde(rename = "sendSeq")]
    pub send_seq: u32,
    /// How often this letter was refused and tried again.
    #[serde(default)]
    pub attempts: u32,
    /// When it was made, ISO 8601.
    pub created: String,
    /// When the link dies: seconds since 1970; none before the letter is sent.
    #[serde(rename = "expiresAt", default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// Why the letter was refused, or why nobody knows what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the link has been used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub used: bool,
    /// Whether an administrator has taken it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// Who is invited to what.
#[derive(Clone, Copy, Debug)]
pub struct Parties {
    /// The invitation.
    pub id: RequestId,
    /// The user.
    pub user: UserId,
    /// The project.
    pub project: ProjectId,
    /// The membership.
    pub membership: MembershipId,
}

/// What the letter says.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Which letter.
    pub letter: Letter,
    /// The address, if one is to be written to or remembered.
    pub email: Option<String>,
    /// The product's name.
    pub product: String,
    /// The project's name.
    pub project_name: String,
    /// How long the link lives, in seconds.
    pub life: u64,
}

impl InvitationRow {
    /// An invitation made now.
    pub fn new(
        parties: Parties,
        contents: Contents,
        (epoch, delivery): (u32, Delivery),
        created: String,
    ) -> Self {
        Self {
            id: parties.id.uuid(),
            kind: "invite".into(),
            user: parties.user.uuid(),
            project: parties.project.uuid(),
            membership: parties.membership.uuid(),
            epoch,
            letter: contents.letter,
            email: contents.email,
            product: contents.product,
            project_name: contents.project_name,
            life: contents.life,
            delivery,
            send_seq: 1,
            attempts: 0,
            created,
            expires: None,
            reason: None,
            used: false,
            revoked: false,
        }
    }

    /// The same invitation, to another membership.
    #[must_use]
    pub fn of(self, membership: MembershipId) -> Self {
        Self {
            id: membership.uuid(),
            membership: membership.uuid(),
            ..self
        }
    }

    /// Its id.
    pub fn id(&self) -> RequestId {
        RequestId::new(self.id)
    }

    /// The user who is invited.
    pub fn user(&self) -> UserId {
        UserId::new(self.user)
    }

    /// The membership that it brings.
    pub fn membership(&self) -> MembershipId {
        MembershipId::new(self.membership)
    }
}

#[derive(Serialize)]
struct PlaceRow {}

impl Tenant<'_> {
    /// A new invitation and its place in this project.
    pub fn create_invitation(&self, invitation: &InvitationRow) -> Vec<Step> {
        let place = Key::Invitation(self.project, invitation.id());
        vec![
            Step::create(row::item(&Key::Request(invitation.id()), invitation)),
            Step::create(row::item(&place, &PlaceRow {})),
        ]
    }

    /// An earlier invitation, whatever has become of it, goes out again with the contents of `again`: the letter's number rises, and the
    /// secret of the earlier letter is dead.
    pub fn invite_again(&self, earlier: RequestId, again: &InvitationRow) -> Step {
        let set = "SET delivery = :queued, sendSeq = sendSeq + :one, attempts = :zero, letter = :letter, epoch = :epoch, \
                   email = :email REMOVE secretHash, expiresAt, revoked, used";
        let letter = again.letter.as_str();
        Step::update(&Key::Request(earlier), set)
            .text(":queued", "queued")
            .text(":letter", letter)
            .text(":email", again.email.clone().unwrap_or_default())
            .number(":one", 1)
            .number(":zero", 0)
            .number(":epoch", i64::from(again.epoch))
            .when("attribute_exists(PK)")
    }

    /// The same for an invitation that nobody has taken back.
    pub fn send_again(&self, invitation: &InvitationRow) -> Step {
        self.invite_again(invitation.id(), invitation)
            .when("attribute_exists(PK) AND attribute_not_exists(revoked)")
    }

    /// An administrator takes an invitation back: its link is dead, its letter stays where it is.
    pub fn revoke_invitation(&self, id: RequestId) -> Step {
        let set = "SET revoked = :yes, delivery = :none REMOVE secretHash, expiresAt";
        Step::update(&Key::Request(id), set)
            .value(":yes", AttributeValue::Bool(true))
            .text(":none", "none")
            .when("attribute_exists(PK)")
    }

    /// The invitations of this project, in no order that means anything: a page of at most `limit`, after `start`.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn invitations(
        &self,
        limit: usize,
        start: Option<RequestId>,
    ) -> Result<(Vec<RequestId>, Option<RequestId>), Failure> {
        let start = start.map(|id| row::place(&Key::Invitation(self.project, id)));
        let range = Range::partition(keys::invitations(self.project));
        let page = self.store.page(&range, limit, start).await?;
        let id = |item: &row::Item| row::text(item, row::SK).parse().ok();
        let next = page.next.as_ref().and_then(id);
        Ok((page.items.iter().filter_map(id).collect(), next))
    }

    /// The membership is gone: its invitation counts no more.
    pub fn withdraw_invitation(&self, id: RequestId) -> Vec<Step> {
        let place = Key::Invitation(self.project, id);
        vec![Step::delete(&Key::Request(id)), Step::delete(&place)]
    }
}

impl Store {
    /// Invitations by id, in the order of the ids; those that are gone are left out.
    ///
    /// # Errors
    /// [`Failure::Unavailable`], [`Failure::Corrupt`].
    pub async fn requests(&self, ids: &[RequestId]) -> Result<Vec<InvitationRow>, Failure> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::Request(*id)).collect();
        let mut found = self.get(&keys).await?;
        let items = keys.iter().filter_map(|key| found.take(key));
        items.map(|item| row::read("an invitation", item)).collect()
    }
}
