//! What follows a sign-in that left a choice: the membership, and a narrower scope.

use domain::{
    Failure, Fault, Form, LoginId, MembershipId, ProfileType, ProjectId, Refusal, Scopes,
};
use serde_json::{Map, Value, json};
use store::{Granted, LoginRow, Person, Place, Transaction};

use super::external::counts_in;
use super::offer::{self, Offer};
use super::password::awaiting;
use super::wish::Wanted;
use super::{Pending, bind, code, open, opened, pending, welcome};
use crate::{Means, second_factor};

/// A user is told of somebody else's membership only in projects of his own; of so many at most.
const MOST_PROJECTS: usize = 33;

/// The choice of a membership.
pub struct Choice {
    login: Option<LoginId>,
    membership: Option<MembershipId>,
}

/// The choice of a scope.
pub struct ScopeChoice {
    login: Option<LoginId>,
    scope: String,
}

impl Choice {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let login = form.required("login", "Missing login").parse().ok();
        let membership = form.required("profile", "Missing profile").parse().ok();
        form.finish(Self { login, membership })
    }
}

impl ScopeChoice {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let login = form.required("login", "Missing login").parse().ok();
        let scope = form.required("scope", "Missing scope").to_owned();
        form.finish(Self { login, scope })
    }
}

/// Binds the chosen membership: `{ login, code }`.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults "Login revoked", "Login granted", "Login profile already set", "Profile not
/// found", "Invalid profile", "Profile not active", "Google authentication is required".
pub async fn choose(means: Means<'_>, choice: &Choice) -> Result<Value, Failure> {
    let login = pending(means, choice.login.ok_or(Refusal::NotFound)?).await?;
    let user = login.row.user().ok_or(Refusal::NotFound)?;
    let (person, within) = tokio::join!(means.store.person(user), counts_in(means, &login.row));
    let (person, within) = (person?, within?);
    let Some(place) = place(&person, (&login.row, choice.membership)) else {
        return Err(whose(means, &person, choice.membership).await?.into());
    };
    if !is_within(within.as_deref(), &place) {
        return Err(Fault::general("Profile not found").into());
    }
    let user = person.user.as_ref().ok_or(Refusal::NotFound)?;
    let offer = Offer::read(means, user, std::iter::once(&place)).await;
    let offer = offer.map_err(|failure| match failure {
        // One that waits for a proof of its user's mailbox is as good as none.
        Failure::Faulty(faults) if faults == [Fault::general("User not found")] => {
            Fault::general("Profile not found").into()
        }
        failure => failure,
    })?;
    let (member, project) = offer.only().ok_or(Refusal::NotFound)?;
    let choice = (&member.membership, project);
    welcome(means, &login.row, choice).await?;
    let (steps, code) = bind(means, &login, choice)?;
    match Transaction::new()
        .steps(steps)
        .commit(means.store, means.dice)
        .await
    {
        Ok(()) => Ok(json!({ "login": login.id.to_string(), "code": code })),
        Err(store::Aborted::Failed(failure)) => Err(failure),
        // Somebody was faster; the login says what he did.
        Err(store::Aborted::Changed) => {
            pending(means, login.id).await?;
            Err(Refusal::Contended.into())
        }
    }
}

/// Whether a membership stands in one of the projects in which the login counts, if it does not count in all.
fn is_within(projects: Option<&[ProjectId]>, place: &Place) -> bool {
    projects.is_none_or(|projects| projects.contains(&place.project))
}

/// Where the chosen membership stands, if it is one of the user's own that this login may choose.
fn place(person: &Person, (row, id): (&LoginRow, Option<MembershipId>)) -> Option<Place> {
    let only = row.only().map_or(Wanted::Any, Wanted::This);
    let mut mine = offer::wanted(person, (only, None));
    mine.find(|place| Some(place.membership) == id).cloned()
}

/// Why a membership that is not the user's own cannot be chosen: within his own projects he is told that it is somebody else's,
/// beyond them nothing exists.
async fn whose(
    means: Means<'_>,
    person: &Person,
    id: Option<MembershipId>,
) -> Result<Fault, Failure> {
    let mut projects: Vec<_> = person.places.iter().map(|place| place.project).collect();
    projects.dedup();
    projects.truncate(MOST_PROJECTS);
    let Some(id) = id else {
        return Ok(Fault::general("Profile not found"));
    };
    let persons = ProfileType::ALL.into_iter().filter(|kind| kind.is_person());
    let places: Vec<Place> = persons
        .flat_map(|kind| {
            projects.iter().map(move |project| Place {
                project: *project,
                kind,
                membership: id,
            })
        })
        .collect();
    let keys: Vec<_> = places.iter().map(Place::key).collect();
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let members = means.store.members_at(&mut found, &places)?;
    Ok(Fault::general(if members.is_empty() {
        "Profile not found"
    } else {
        "Invalid profile"
    }))
}

/// Narrows the scope of a login that has its membership: `{ login, code }`.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults "Login revoked", "Login granted", "Invalid scope".
pub async fn choose_scope(means: Means<'_>, choice: &ScopeChoice) -> Result<Value, Failure> {
    let id = choice.login.ok_or(Refusal::NotFound)?;
    let row = open(means, id).await?;
    if !Scopes::new(&row.scope).cover(&Scopes::new(&choice.scope)) {
        return Err(Fault::general("Invalid scope").into());
    }
    let granted = row.granted_by();
    let granted = granted.ok_or_else(|| Fault::general("Invalid profile"))?;
    again(means, (id, &row, &granted), &choice.scope).await
}

/// Where a login stands: as its sign-in answered.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown login; faults "Login revoked", "Login already granted".
pub async fn status(means: Means<'_>, login: &str) -> Result<Value, Failure> {
    let id: LoginId = login
        .parse()
        .map_err(|_| Fault::invalid("login", "Login ID is required"))?;
    let row = opened(means, id).await.map_err(|failure| match failure {
        Failure::Faulty(faults) if faults == [Fault::general("Login granted")] => {
            Fault::general("Login already granted").into()
        }
        failure => failure,
    })?;
    if row.awaits {
        return asked_again(means, Pending { id, row }).await;
    }
    if row.registers {
        return Ok(json!({ "login": id.to_string() }));
    }
    if let Some(granted) = row.granted_by() {
        return again(means, (id, &row, &granted), &row.scope).await;
    }
    let person = means
        .store
        .person(row.user().ok_or(Refusal::NotFound)?)
        .await?;
    let user = person.user.as_ref().ok_or(Refusal::NotFound)?;
    let only = row.only().map_or(Wanted::Any, Wanted::This);
    let within = counts_in(means, &row).await?;
    let places = offer::wanted(&person, (only, row.kind()));
    let places = places.filter(|place| is_within(within.as_deref(), place));
    let offer = Offer::read(means, user, places).await?;
    Ok(json!({ "login": id.to_string(), "memberships": offer.list() }))
}

/// What a login waits for whose user has not shown his second factor.
async fn asked_again(means: Means<'_>, login: Pending) -> Result<Value, Failure> {
    let user = login.row.user().ok_or(Refusal::NotFound)?;
    let person = means.store.person(user).await?;
    let user = person.user.as_ref().ok_or(Refusal::NotFound)?;
    let factor = person.second_factor.as_ref();
    let awaited = second_factor::awaited(user, factor);
    let (_, keep, answer) = awaiting(means, login, (user, factor, awaited))?;
    if !keep.is_empty() {
        means.write(Transaction::new().steps(keep)).await?;
    }
    Ok(answer)
}

/// Another code of the same login; the one before it counts no more.
async fn again(
    means: Means<'_>,
    (id, row, granted): (LoginId, &LoginRow, &Granted),
    scope: &str,
) -> Result<Value, Failure> {
    let (code, hash) = code::mint(means, (id, row), granted)?;
    let renewed = means.store.renew_code(id, (&hash, scope));
    let login = Pending {
        id,
        row: row.clone(),
    };
    match Transaction::new()
        .step(renewed)
        .commit(means.store, means.dice)
        .await
    {
        Ok(()) => Ok(json!({ "login": login.id.to_string(), "code": code })),
        Err(store::Aborted::Failed(failure)) => Err(failure),
        Err(store::Aborted::Changed) => {
            open(means, id).await?;
            Err(Refusal::Contended.into())
        }
    }
}
