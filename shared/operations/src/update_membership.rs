//! Change a membership: promotion, policies, external id, profile, activation (seed guide, "Promote Existing User to Admin").

use domain::{
    Caller, Failure, Fault, Membership, MembershipId, PROJECT_MEMBERSHIP, ProfileRef, Project,
    Refusal, administrative_references,
};
use fhir::{Reference, Resource};
use serde_json::{Map, Value};
use store::{Aborted, Found, Key, Member, Tenant};
use uuid::Uuid;

use crate::change::{Change, change};
use crate::once::{Slip, Turn, Wish, answer_again};
use crate::{Means, realm, references};

/// How often a change is decided anew when the membership changed meanwhile and the caller did not say which version he means.
const ROUNDS: usize = 8;

/// What an administrator posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The membership named by the path; `None` when the path holds no id.
    pub id: Option<MembershipId>,
    /// What the membership is to be.
    pub wanted: Wanted,
    /// The version the caller has seen (`If-Match`).
    pub seen: Option<Uuid>,
}

/// What a membership is to be.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This, as a whole.
    Whole(Map<String, Value>),
    /// As it is, but for these fields; `null` takes one away.
    Except(Map<String, Value>),
}

impl Wanted {
    fn sent(&self) -> &Map<String, Value> {
        match self {
            Self::Whole(fields) | Self::Except(fields) => fields,
        }
    }
}

/// What the change meets.
pub struct Seen {
    posted: Posted,
    turn: Turn,
    found: Found,
    member: Result<Member, Failure>,
    /// The project, if it is not the caller's own.
    project: Option<Project>,
    realm: Option<Key>,
}

impl Seen {
    /// The membership that was met.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an unknown, foreign or malformed id alike, [`Refusal::Gone`].
    pub(crate) fn membership(self) -> Result<(Membership, Self), Failure> {
        let member = self.member?;
        let membership = member.membership.clone();
        Ok((
            membership,
            Self {
                member: Ok(member),
                ..self
            },
        ))
    }

    /// The same change, to `body` as a whole, of the version that was met; `None` when the body refers to what was not looked up.
    pub(crate) fn of_whole(mut self, body: &Map<String, Value>) -> Option<Self> {
        let stored = self.member.as_ref().ok()?.membership.resource();
        let (known, version) = (sent_references(&stored.body), stored.meta.version);
        let looked_up = |reference: &Reference| {
            let mut known = known.iter();
            known.any(|(_, known)| known.reference == reference.reference)
        };
        let wanted = sent_references(body);
        if !wanted.iter().all(|(_, reference)| looked_up(reference)) {
            return None;
        }
        self.posted.wanted = Wanted::Whole(body.clone());
        self.posted.seen = Some(version);
        Some(self)
    }

    /// The same change, of these fields, none of which refers to anything.
    pub(crate) fn of_fields(mut self, fields: Map<String, Value>) -> Self {
        self.posted.wanted = Wanted::Except(fields);
        self
    }
}

/// What the change met, to be read beside the authorisation.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: domain::Claimant,
    wish: Wish<Posted>,
) -> Result<Seen, Failure> {
    let (posted, once) = wish?;
    let slip = once.map(|once| once.slip(means, tenant, &claimant));
    read(means, tenant, posted, (slip, realm::key(tenant, &claimant))).await
}

async fn read(
    means: Means<'_>,
    tenant: Tenant<'_>,
    posted: Posted,
    (slip, realm): (Option<Slip>, Option<Key>),
) -> Result<Seen, Failure> {
    let mut keys = posted.id.map(|id| tenant.places_of(id)).unwrap_or_default();
    keys.extend(realm.clone());
    keys.extend(references::keys(
        tenant,
        &sent_references(posted.wanted.sent()),
    )?);
    keys.extend(slip.as_ref().map(|slip| slip.key().clone()));
    let mut found = tenant.read(&keys).await?;
    let turn = Turn::among(&mut found, slip, (tenant, means.now))?;
    let member = match posted.id {
        Some(id) => tenant.member(&mut found, id),
        None => Err(Refusal::NotFound.into()),
    };
    Ok(Seen {
        project: tenant.project_in(&mut found)?,
        posted,
        turn,
        found,
        member,
        realm,
    })
}

/// Every reference that the body makes, the profile among them.
fn sent_references(body: &Map<String, Value>) -> Vec<(String, Reference)> {
    let mut references = administrative_references(body);
    let profile = body.get("profile").and_then(Reference::from_json);
    references.extend(profile.map(|profile| ("profile".to_owned(), profile)));
    references
}

/// Carries the change out.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Gone`]; [`Refusal::Forbidden`] when the body is not the membership that the path names;
/// [`Refusal::Stale`]; faults of the body; what [`change`] refuses.
pub async fn update_membership(
    means: Means<'_>,
    caller: &Caller,
    mut seen: Seen,
) -> Result<Resource, Failure> {
    let tenant = means.store.of(caller);
    for _ in 0..ROUNDS {
        if let Some(earlier) = seen.turn.earlier() {
            return answer_again(tenant, earlier).await;
        }
        let member = seen.member?;
        let project = realm::project(caller, seen.project.as_ref())?;
        let mut body = decide(tenant, (&seen.posted, &mut seen.found), &member)?;
        body.extend(swapped_policy(&project, &member.membership, &body));
        let wanted = Change {
            author: caller.profile(),
            operation: "update-membership",
            invited: member.invited,
            body,
            extra: Vec::new(),
            turn: &seen.turn,
        };
        match change(means, caller, &member, wanted).await {
            Ok(resource) => return Ok(resource),
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {
                let again = (seen.turn.into_slip(), seen.realm);
                seen = read(means, tenant, seen.posted, again).await?;
            }
        }
    }
    Err(Refusal::Contended.into())
}

/// The membership's fields from now on.
fn decide(
    tenant: Tenant<'_>,
    (posted, found): (&Posted, &mut Found),
    member: &Member,
) -> Result<Map<String, Value>, Failure> {
    let stored = &member.membership;
    let mut fields = match &posted.wanted {
        Wanted::Whole(body) if !names_itself(body, stored) => return Err(Refusal::Forbidden.into()),
        Wanted::Whole(body) => stored.overwritten_by(body),
        Wanted::Except(fields) => stored.overlaid_by(fields),
    };
    let version = stored.resource().meta.version;
    if posted.seen.is_some_and(|seen| seen != version) {
        return Err(Refusal::Stale.into());
    }
    for envelope in ["resourceType", "id", "meta"] {
        fields.shift_remove(envelope);
    }
    let Value::Object(mut fields) = fhir::without_empties(Value::Object(fields)) else {
        return Err(Refusal::Forbidden.into());
    };
    check_definition(&fields)?;
    let known = administrative_references(&stored.resource().body);
    let mut new = administrative_references(&fields);
    new.retain(|(_, reference)| {
        !known
            .iter()
            .any(|(_, known)| known.reference == reference.reference)
    });
    references::check(tenant, found, &new)?;
    let profile = settled_profile(tenant, found, stored, &fields)?;
    fields.insert("profile".into(), profile.to_json());
    Ok(fields)
}

/// The other default policy for a practitioner whose rights as an administrator change, and whose policy is not changed otherwise.
fn swapped_policy(
    project: &Project,
    stored: &Membership,
    fields: &Map<String, Value>,
) -> Option<(String, Value)> {
    let admin = fields.get("admin") == Some(&Value::Bool(true));
    let had = Reference::from_json(fields.get("accessPolicy")?)?;
    let of_practitioner = fields.get("profile").and_then(Reference::from_json);
    let of_practitioner = of_practitioner.is_some_and(|it| it.kind() == "Practitioner");
    let mut before = stored.policies().into_iter();
    let is_same = before.any(|(policy, _)| policy.reference == had.reference);
    if admin == stored.is_admin() || !of_practitioner || !is_same {
        return None;
    }
    let policy = project.swapped_policy(&had, admin)?;
    Some(("accessPolicy".into(), policy.to_json()))
}

/// A body that stands for a whole membership says which one it is.
fn names_itself(body: &Map<String, Value>, stored: &Membership) -> bool {
    body.get("resourceType") == Some(&PROJECT_MEMBERSHIP.into())
        && body.get("id").and_then(Value::as_str) == Some(&stored.id().to_string())
}

fn check_definition(fields: &Map<String, Value>) -> Result<(), Failure> {
    let mut whole = fields.clone();
    whole.insert("resourceType".into(), PROJECT_MEMBERSHIP.into());
    let faults = domain::faults(PROJECT_MEMBERSHIP, &Value::Object(whole));
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}

/// The profile: as stored when it is the same one, else one that is there, with its own name.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown or foreign profile; a fault for one of a kind that the member cannot have.
fn settled_profile(
    tenant: Tenant<'_>,
    found: &mut Found,
    stored: &Membership,
    fields: &Map<String, Value>,
) -> Result<Reference, Failure> {
    let path = format!("{PROJECT_MEMBERSHIP}.profile");
    let wrong = || {
        Fault::structure(
            path.clone(),
            "Invalid reference (not a profile of this member)",
        )
    };
    let sent = fields
        .get("profile")
        .and_then(Reference::from_json)
        .ok_or_else(wrong)?;
    if sent.reference == stored.profile().reference {
        return Ok(stored.profile());
    }
    let (before, after): (ProfileRef, _) = (
        stored.profile_ref()?,
        sent.kind().parse::<domain::ProfileType>(),
    );
    let fits = after.is_ok_and(|kind| kind.is_person() && before.kind.is_person());
    if !fits {
        return Err(wrong().into());
    }
    let key = tenant.referenced_key(&sent).ok_or(Refusal::NotFound)?;
    let profile = tenant.stored(found, &key)?.ok_or(Refusal::NotFound)?;
    Ok(profile.resource.reference())
}
