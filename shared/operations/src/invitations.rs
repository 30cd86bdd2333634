//! Invitations as a product: which are open, send one again, take one back.

use domain::{
    Caller, Claimant, Failure, Fault, MembershipId, Refusal, RequestId, Timestamp, User, UserId,
};
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};
use store::{
    Action, Answered, Delivery, Found, InvitationRow, Letter, Member, Tenant, Transaction,
};
use uuid::Uuid;

use crate::once::{Turn, Wish};
use crate::remove_member::{self, Leaving};
use crate::{Means, realm};

/// Invitations on one page.
const PAGE: usize = 100;

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waiting for the person.
    Pending,
    /// The person has set a password by it, or had proven the address before.
    Accepted,
    /// Its link is too old. The letter can be sent again.
    Expired,
    /// An administrator has taken it back.
    Revoked,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the filter of a list; empty means all.
    ///
    /// # Errors
    /// A fault that names the words it could be.
    pub fn parse(word: Option<&str>) -> Result<Option<Self>, Failure> {
        let all = [Self::Pending, Self::Accepted, Self::Expired, Self::Revoked];
        match word.filter(|word| !word.is_empty()) {
            None => Ok(None),
            Some(word) => match all.into_iter().find(|status| status.as_str() == word) {
                Some(status) => Ok(Some(status)),
                None => {
                    let words = "Status must be pending, accepted, expired or revoked";
                    Err(Fault::invalid("status", words).into())
                }
            },
        }
    }

    fn of(row: &InvitationRow, user: Option<&User>, now: Timestamp) -> Self {
        let proven = user.is_some_and(|user| user.standing.is_proven());
        if row.revoked {
            Self::Revoked
        } else if row.used || row.letter == Letter::Joined || proven {
            Self::Accepted
        } else if row.expires.is_some_and(|at| at <= now.as_seconds()) {
            Self::Expired
        } else {
            Self::Pending
        }
    }
}

/// A page of a project's invitations: `{ invitations, next? }`; `next` is the place to go on from.
///
/// # Errors
/// The fault of the filter or the cursor, [`Refusal::NotFound`] for a project that is not there, [`Failure::Unavailable`].
pub async fn look_at_all(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (status, cursor): (Result<Option<Status>, Failure>, Option<&str>),
) -> Result<Value, Failure> {
    let status = status?;
    let context = format!("{}\ninvitations", tenant.project());
    let start = match cursor {
        None => None,
        Some(cursor) => {
            let id = means
                .keys
                .open_cursor(&context, cursor)
                .and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| Fault::invalid("_cursor", "Invalid cursor"))?)
        }
    };
    let project = async {
        match realm::key(tenant, &claimant) {
            Some(_) => {
                let found = tenant.read_project().await?;
                found.map(drop).ok_or_else(|| Refusal::NotFound.into())
            }
            None => Ok::<(), Failure>(()),
        }
    };
    let (project, ids) = tokio::join!(project, tenant.invitations(PAGE, start));
    project?;
    let (ids, next) = ids?;
    let rows = means.store.requests(&ids).await?;
    let users: Vec<UserId> = rows.iter().map(InvitationRow::user).collect();
    let users = means.store.users(&users).await?;
    let views = rows.iter().filter_map(|row| {
        let user = users.iter().find(|user| user.id() == row.user());
        let found = Status::of(row, user, means.now);
        status
            .is_none_or(|wanted| wanted == found)
            .then(|| view(row, found))
    });
    let mut page = json!({ "invitations": views.collect::<Vec<_>>() });
    if let Some(next) = next {
        page["next"] = means
            .keys
            .seal_cursor(&context, &next.to_string(), &means.dice)
            .into();
    }
    Ok(page)
}

/// An invitation as administrators see it: never its secret, nor anything to make one of.
fn view(row: &InvitationRow, status: Status) -> Value {
    let mut view = Map::new();
    let mut say = |field: &str, value: Value| {
        view.insert(field.to_owned(), value);
    };
    say("id", row.id().to_string().into());
    say("status", status.as_str().into());
    say("delivery", json!(row.delivery));
    say(
        "membership",
        Reference::new("ProjectMembership", row.membership().uuid()).to_json(),
    );
    say(
        "user",
        domain::user_reference(row.user(), row.email.as_deref()).to_json(),
    );
    say("created", row.created.clone().into());
    say("letters", row.send_seq.into());
    if let Some(expires) = row.expires {
        say(
            "expiresAt",
            Timestamp::from_millis(expires.saturating_mul(1000))
                .to_string()
                .into(),
        );
    }
    if let Some(reason) = row.reason.as_ref().filter(|reason| !reason.is_empty()) {
        say("reason", reason.clone().into());
    }
    Value::Object(view)
}

/// The member whose invitation it is, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Gone`], [`Failure::Unavailable`].
pub async fn look(tenant: Tenant<'_>, id: Option<MembershipId>) -> Result<Member, Failure> {
    remove_member::look(tenant, id).await
}

/// What a wish to send an invitation again meets.
pub struct Again {
    id: MembershipId,
    turn: Turn,
    found: Found,
}

/// What such a wish meets, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look_to_resend(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    wish: Wish<Option<MembershipId>>,
) -> Result<Again, Failure> {
    let (id, once) = wish?;
    let id = id.unwrap_or_else(|| MembershipId::new(Uuid::nil()));
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    let mut keys = tenant.places_of(id);
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    let turn = Turn::among(&mut found, slip, (tenant, means.now))?;
    Ok(Again { id, turn, found })
}

/// Sends the letter again: an earlier link is dead at once, the new one comes to exist when the letter goes out.
///
/// # Errors
/// [`Refusal::NotFound`] when nobody invited the member, [`Refusal::InvitationAccepted`], [`Refusal::InvitationRevoked`],
/// [`Refusal::NoAddress`].
pub async fn resend(
    means: Means<'_>,
    caller: &Caller,
    Again {
        id,
        turn,
        mut found,
    }: Again,
) -> Result<Value, Failure> {
    let tenant = means.store.of(caller);
    if let Some(earlier) = turn.earlier() {
        return sent_before(means, earlier).await;
    }
    let member = tenant.member(&mut found, id)?;
    let (mut row, user) = invitation(means, &member).await?;
    match Status::of(&row, user.as_ref(), means.now) {
        Status::Accepted => return Err(Refusal::InvitationAccepted.into()),
        Status::Revoked => return Err(Refusal::InvitationRevoked.into()),
        Status::Pending | Status::Expired => {}
    }
    if row.email.is_none() {
        return Err(Refusal::NoAddress.into());
    }
    if let Some(user) = user {
        row.epoch = user.standing.epoch;
        // The letter goes to the address of now: whoever follows its link proves that one.
        row.email = user.email().map(str::to_owned);
    }
    let event = (Action::Execute, "resend-invitation");
    let resource = member.membership.resource();
    let letter = row.send_seq + 1;
    let named = (LETTER, row.id().uuid(), Uuid::from_u128(letter.into()));
    let written = Transaction::new()
        .steps(turn.remember_as(tenant, named, means.now))
        .step(tenant.send_again(&row).or(Refusal::InvitationRevoked))
        .step(means.event(caller, event, resource, std::collections::BTreeMap::new()))
        .commit(means.store, means.dice)
        .await;
    match turn.settle(written, (tenant, means.now)).await? {
        None => Ok(queued(row, letter)),
        Some(earlier) => sent_before(means, &earlier).await,
    }
}

/// What is remembered of an answer about a letter; its number is what tells one answer from the next.
const LETTER: &str = "Letter";

async fn sent_before(means: Means<'_>, earlier: &Answered) -> Result<Value, Failure> {
    let id = RequestId::new(earlier.resource);
    let row = means.store.requests(&[id]).await?.pop();
    let letter = u32::try_from(earlier.version.as_u128()).unwrap_or_default();
    Ok(queued(row.ok_or(Refusal::Gone)?, letter))
}

/// The invitation at the moment at which this letter is to be sent.
fn queued(mut row: InvitationRow, letter: u32) -> Value {
    row.delivery = Delivery::Queued;
    row.send_seq = letter;
    row.expires = None;
    row.reason = None;
    view(&row, Status::Pending)
}

/// What becomes of the membership when its invitation is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It stays.
    Keep,
    /// It goes with the invitation.
    Remove,
}

impl Membership {
    /// Reads the wish of a request; keeping is what happens unless it says otherwise.
    ///
    /// # Errors
    /// A fault that names the words it could be.
    pub fn parse(word: Option<&str>) -> Result<Self, Failure> {
        match word {
            None | Some("keep") => Ok(Self::Keep),
            Some("remove") => Ok(Self::Remove),
            Some(_) => {
                Err(Fault::invalid("membership", "Membership must be keep or remove").into())
            }
        }
    }
}

/// Takes an invitation back: its link is dead at once.
///
/// # Errors
/// [`Refusal::NotFound`] when nobody invited the member, [`Refusal::InvitationAccepted`], [`Refusal::InvitationRevoked`]; what
/// removing a member refuses.
pub async fn revoke(
    means: Means<'_>,
    caller: &Caller,
    (member, fate): (Member, Membership),
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let (row, user) = invitation(means, &member).await?;
    match Status::of(&row, user.as_ref(), means.now) {
        Status::Accepted => return Err(Refusal::InvitationAccepted.into()),
        Status::Revoked => return Err(Refusal::InvitationRevoked.into()),
        Status::Pending | Status::Expired => {}
    }
    let revoked = tenant.revoke_invitation(row.id());
    if fate == Membership::Remove {
        let leaving = Leaving::of(member, None)?;
        return remove_member::remove_with(means, caller, leaving, &[revoked]).await;
    }
    let resource: &Resource = member.membership.resource();
    let event = (Action::Execute, "revoke-invitation");
    let written = Transaction::new()
        .step(revoked)
        .step(means.event(caller, event, resource, std::collections::BTreeMap::new()))
        .commit(means.store, means.dice)
        .await;
    Turn::default()
        .settle(written, (tenant, means.now))
        .await
        .map(drop)
}

async fn invitation(
    means: Means<'_>,
    member: &Member,
) -> Result<(InvitationRow, Option<User>), Failure> {
    let id: RequestId = member.invitation().ok_or(Refusal::NotFound)?;
    let user = member.membership.user().id().map(UserId::new);
    let users: Vec<UserId> = user.into_iter().collect();
    let ids = [id];
    let (rows, users) = tokio::join!(means.store.requests(&ids), means.store.users(&users));
    let row = rows?.pop().ok_or(Refusal::NotFound)?;
    Ok((row, users?.pop()))
}
