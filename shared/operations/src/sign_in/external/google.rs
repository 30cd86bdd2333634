//! Sign-in with a Google account: a page brings what Google has signed for the application as which Google knows it.
//!
//! The installation's own application counts everywhere. One of a project's sites counts in the projects that have such a site: whoever
//! administers one of them holds what his visitors were given, so that it makes nobody more than a member there. A session of a user whom
//! other projects know, too, is confined to these projects ([`Caller::for_the_whole_user`](domain::Caller::for_the_whole_user)).

mod newcomers;

use domain::{Email, Failure, Fault, Form, Project, ProjectId, Scope, Secret, UserId};
use identity::assertion::Assertion;
use outside::Outside;
use serde_json::{Map, Value};
use store::{Key, LoginRow, Person, Place};

use super::begun::Begun;
use super::{domains, fault, people, picture};
use crate::Means;
use crate::sign_in::offer::{self, Offer};
use crate::sign_in::through::{self, Application};
use crate::sign_in::wish::{Terms, Wanted, Wish};
use crate::sign_in::{Device, GOOGLE, KEYS_LIFE, begin, launch};

/// How Google names itself in what it signs.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// What an installation knows of Google.
#[derive(Clone, Debug)]
pub struct Google {
    /// Where the keys are with which it signs.
    pub keys_url: String,
    /// The id of the installation's own application there.
    pub client: Option<String>,
}

/// A request to sign in with a Google account.
pub struct GoogleWish {
    client: String,
    credential: Secret,
    registers: bool,
    wish: Wish,
}

impl GoogleWish {
    /// Reads the body of the request.
    ///
    /// # Errors
    /// One fault per badly formed field.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut form = Form::new(body);
        let client = form.required("googleClientId", "Missing googleClientId");
        let credential = form.required("googleCredential", "Missing googleCredential");
        let registers = form.flag("createUser") == Some(true);
        let wish = Wish::read(&mut form);
        form.finish(Self {
            client: client.to_owned(),
            credential: Secret::new(credential),
            registers,
            wish,
        })
    }
}

/// Where an application at Google counts.
enum Reach {
    /// It is the installation's own.
    Everywhere,
    /// In the projects with a site of its.
    In(Vec<Project>),
}

/// Begins a session for whoever Google says it is: the answers of a sign-in with a password, without a second factor, as recorded; or
/// `{ domain, authorizeUrl }` for people who sign in elsewhere.
///
/// # Errors
/// [`Refusal::NotFound`](domain::Refusal::NotFound) for an unknown application; faults in the order and words of the contract.
pub async fn with_google(
    means: Means<'_>,
    outside: &Outside,
    (shown, device): (&GoogleWish, &Device),
) -> Result<Value, Failure> {
    let application = through::application(means, &shown.wish).await?;
    let own = application.as_ref().and_then(Application::project);
    let wanted = own.map_or(shown.wish.project, Wanted::This);
    let reach = Reach::of(means, &shown.client, wanted).await?;
    let rules = through::rules(means, application.as_ref()).await?;
    let terms = rules.check(&shown.wish, device)?;
    let claims = believed(means, outside, (&shown.client, &shown.credential)).await?;
    let email = address(&claims)?;
    if let Some(way) = domains::elsewhere(means, &email).await? {
        return Ok(way);
    }
    let user = match holder(means, &email, &reach.scopes(wanted)).await? {
        Some(user) => user,
        None if shown.registers => {
            let scope = reach.home(means, wanted).await?;
            newcomers::register(means, (&claims, &email), scope).await?
        }
        None => return Err(fault("User not found")),
    };
    let person = people::vouched(means, means.store.person(user).await?).await?;
    let user = person
        .user
        .as_ref()
        .ok_or_else(|| fault("User not found"))?;
    let is_confined = matches!(reach, Reach::In(_)) && user.scope() == Scope::Server;
    let terms = Terms {
        only: reach.only(wanted),
        registers: registers(&person, shown, (&reach, wanted), is_confined),
        launch: launch::wanted(means, reach.only(wanted), &shown.wish).await?,
        ..terms
    };
    let (id, row) = begin(means, (user, GOOGLE), &terms, device);
    let mut row = row.as_a(shown.wish.kind);
    row.google_client = is_confined.then(|| shown.client.clone());
    let offer = if terms.registers {
        None
    } else {
        let places = places(&person, shown, &reach, wanted);
        let offer = Offer::read(means, user, places).await?;
        picture::copy(means, &offer, &claims).await?;
        Some(offer)
    };
    let begun = Begun {
        login: (id, row),
        through: application.map(|application| application.id),
        rules: &rules,
    };
    Ok(begun.session(means, offer.as_ref()).await?.1)
}

/// Whether a membership is about to be made: nobody makes one by a project's site who lives above projects.
fn registers(
    person: &Person,
    shown: &GoogleWish,
    (reach, wanted): (&Reach, Wanted),
    is_confined: bool,
) -> bool {
    let is_new = || places(person, shown, reach, wanted).next().is_none();
    !is_confined && (wanted == Wanted::New || shown.registers && is_new())
}

/// The memberships that are asked for.
fn places<'a>(
    person: &'a Person,
    shown: &GoogleWish,
    reach: &'a Reach,
    wanted: Wanted,
) -> impl Iterator<Item = &'a Place> {
    let all = offer::wanted(person, (wanted, shown.wish.kind));
    all.filter(|place| reach.covers(place.project))
}

impl Reach {
    /// Where the application with this id counts, of the projects that are wanted.
    ///
    /// # Errors
    /// Faults "Invalid googleClientId", "Invalid projectId".
    async fn of(means: Means<'_>, client: &str, wanted: Wanted) -> Result<Self, Failure> {
        if means.settings.google.client.as_deref() == Some(client) {
            return match wanted {
                Wanted::Nowhere => Err(fault("Invalid projectId")),
                _ => Ok(Self::Everywhere),
            };
        }
        let mut projects = means.store.projects_of_google_client(client).await?;
        if projects.is_empty() {
            return Err(fault("Invalid googleClientId"));
        }
        if wanted != Wanted::Any {
            projects.retain(|project| wanted == Wanted::This(project.id()));
        }
        match projects.is_empty() {
            true => Err(fault("Invalid projectId")),
            false => Ok(Self::In(projects)),
        }
    }

    fn covers(&self, project: ProjectId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(projects) => projects.iter().any(|it| it.id() == project),
        }
    }

    /// The only project in which it counts.
    fn only(&self, wanted: Wanted) -> Option<ProjectId> {
        match self {
            Self::In(projects) if projects.len() == 1 => projects.first().map(Project::id),
            _ => wanted.project(),
        }
    }

    /// The scopes in which an address is looked for, in order: users of projects before those above all projects.
    fn scopes(&self, wanted: Wanted) -> Vec<Scope> {
        let own: Vec<ProjectId> = match self {
            Self::Everywhere => wanted.project().into_iter().collect(),
            Self::In(projects) => projects.iter().map(Project::id).collect(),
        };
        let own = own.into_iter().map(Scope::Project);
        own.chain([Scope::Server]).collect()
    }

    /// Where a new user lives: in the project for which he comes, if there is one.
    ///
    /// # Errors
    /// The fault "Invalid projectId".
    async fn home(&self, means: Means<'_>, wanted: Wanted) -> Result<Scope, Failure> {
        let project = self.only(wanted);
        let is_there = match (self, project) {
            (Self::Everywhere, Some(id)) => {
                means.store.founding(id).read_project().await?.is_some()
            }
            (Self::Everywhere, None) => return Ok(Scope::Server),
            (Self::In(_), project) => project.is_some(),
        };
        let project = project.filter(|_| is_there);
        let project = project.ok_or_else(|| fault("Invalid projectId"))?;
        Ok(Scope::Project(project))
    }
}

/// The projects in which a session counts that has begun by a project's site; `None` for all others.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(in crate::sign_in) async fn counts_in(
    means: Means<'_>,
    login: &LoginRow,
) -> Result<Option<Vec<ProjectId>>, Failure> {
    let Some(client) = &login.google_client else {
        return Ok(None);
    };
    let projects = means.store.projects_of_google_client(client).await?;
    Ok(Some(projects.iter().map(Project::id).collect()))
}

/// What Google says in a token that it has signed for this application.
///
/// # Errors
/// The fault "Verification failed".
async fn believed(
    means: Means<'_>,
    outside: &Outside,
    (client, credential): (&str, &Secret),
) -> Result<Map<String, Value>, Failure> {
    let refused = || fault("Verification failed");
    let token = Assertion::read(credential.reveal()).ok_or_else(refused)?;
    let counts =
        ISSUERS.contains(&token.issuer()) && token.is_for(client) && token.counts_at(means.now);
    if !counts {
        return Err(refused());
    }
    let keys = outside.published(&means.settings.google.keys_url, (means.now, KEYS_LIFE));
    let keys = keys.await.map_err(|cause| {
        tracing::warn!(%cause, "Google does not say with which keys it signs");
        refused()
    })?;
    match token.is_signed_by(&keys) {
        true => Ok(token.payload().clone()),
        false => Err(refused()),
    }
}

/// The address for which Google vouches.
fn address(claims: &Map<String, Value>) -> Result<Email, Failure> {
    let email = claims.get("email").and_then(Value::as_str);
    let email = email.filter(|_| claims.get("email_verified") == Some(&Value::Bool(true)));
    let email = email.and_then(|email| email.parse().ok());
    email.ok_or_else(|| fault("External token does not contain email address"))
}

/// Who holds the address, in the first of these scopes in which somebody does.
async fn holder(
    means: Means<'_>,
    email: &Email,
    scopes: &[Scope],
) -> Result<Option<UserId>, Failure> {
    let blind = means.blind_email(email);
    let guards = scopes
        .iter()
        .map(|scope| means.store.guard_key(*scope, &blind));
    let guards: Vec<Key> = guards.collect();
    let mut found = means.store.read_for_sign_in(&guards).await?;
    for guard in &guards {
        if let Some(holder) = means.store.holder(&mut found, guard)? {
            return Ok(Some(holder.user));
        }
    }
    Ok(None)
}

/// Google's own, and no application there.
impl Default for Google {
    fn default() -> Self {
        Self {
            keys_url: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            client: None,
        }
    }
}
