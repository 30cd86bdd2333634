//! Sign-in with a password. For a stranger it looks the same whether somebody has the address or not: the same round trips, the same
//! work, and, unless the installation wants the recorded texts, the same words.

use domain::{Failure, Fault, Refusal, Scope, User, UserId};
use fhir::Reference;
use identity::password;
use serde_json::{Value, json};
use store::{Event, Holder, Key, LoginRow, Person, SecondFactor, Step, Transaction};

use super::offer::{self, Offer};
use super::through::{self, Application, Rules};
use super::wish::{PasswordWish, Terms, Wanted};
use super::{Device, Knock, Pending, code, granted, launch, recorded};
use crate::Means;
use crate::means::Texts;
use crate::second_factor::{self, Awaited};

/// Begins a session for whoever knows the password: `{ login, code }` when there is one membership, `{ login, memberships }` when
/// there are several, `{ login }` when a project is to be registered.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown application, faults in the order and words of the contract, [`Refusal::TooManyRequests`].
pub async fn with_password(
    means: Means<'_>,
    shown: &PasswordWish,
    device: &Device,
) -> Result<Value, Failure> {
    let wish = &shown.wish;
    let application = through::application(means, wish).await?;
    let own = application.as_ref().and_then(Application::project);
    let only = own.map_or(wish.project, Wanted::This);
    let email = means.blind_email(&shown.email);
    let mut knock = Knock::at(
        means,
        &format!("password\n{}", email.as_str()),
        &device.remote,
    );
    let guards = scopes(only).map(|scope| (scope, means.store.guard_key(scope, &email)));
    let guards: Vec<(Scope, Key)> = guards.collect();
    let mut keys: Vec<Key> = guards.iter().map(|(_, key)| key.clone()).collect();
    keys.extend(knock.keys());
    keys.extend(application.as_ref().and_then(Application::key));
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let rules = match &application {
        Some(application) => application.rules(means, &mut found)?,
        None => Rules::default(),
    };
    let terms = rules.check(wish, device)?;
    knock.may_try(means, &mut found).await?;
    let mut holder: Option<(Scope, Holder)> = None;
    for (scope, key) in &guards {
        let here = means.store.holder(&mut found, key)?;
        holder = holder.or(here.map(|here| (*scope, here)));
    }
    let somebody = holder.map_or_else(|| nobody(means, email.as_str()), |(_, holder)| holder.user);
    let person = means.store.person(somebody).await?;
    if let Err(wrong) = verify(&person, shown) {
        let scope = holder.map_or(Scope::Server, |(scope, _)| scope);
        refuse(means, &knock, (scope, &person)).await?;
        return Err(wrong.fault(means.settings.sign_in.texts).into());
    }
    let only_in = only.project();
    let terms = Terms {
        only: only_in,
        launch: launch::wanted(means, only_in, wish).await?,
        ..terms
    };
    let begin = Begin {
        person: &person,
        terms,
        application,
        rules,
    };
    begin.session(means, (only, shown), (&knock, device)).await
}

/// The scopes in which the address is looked for, in order: a project's own users before those above all projects.
fn scopes(only: Wanted) -> impl Iterator<Item = Scope> {
    let own = only.project().map(Scope::Project);
    own.into_iter().chain([Scope::Server])
}

/// Somebody who does not exist, to be looked for like anybody else; another one for each address, so that no partition grows hot.
fn nobody(means: Means<'_>, email: &str) -> UserId {
    let blind = means.keys.blind("nobody", email);
    let bytes = blind.as_str().as_bytes();
    UserId::new(uuid::Builder::from_random_bytes(std::array::from_fn(|at| bytes[at])).into_uuid())
}

/// Why somebody does not get in.
enum Wrong {
    Unknown,
    NoPassword,
    Password,
}

impl Wrong {
    fn fault(&self, texts: Texts) -> Fault {
        Fault::general(match (texts, self) {
            (Texts::Recorded, Self::Unknown) => "User not found",
            (Texts::Recorded, Self::NoPassword) => "Invalid authentication method",
            _ => "Email or password is invalid",
        })
    }
}

/// Spends the same time whatever is wrong.
fn verify(person: &Person, wish: &PasswordWish) -> Result<(), Wrong> {
    let candidate = wish.password.reveal();
    let right = match &person.password {
        Some(stored) => password::verify(candidate, stored),
        None => password::verify_nobody(candidate),
    };
    match (&person.user, &person.password) {
        (None, _) => Err(Wrong::Unknown),
        (Some(_), None) => Err(Wrong::NoPassword),
        (Some(_), Some(_)) if right => Ok(()),
        (Some(_), Some(_)) => Err(Wrong::Password),
    }
}

/// Counts the failure and writes it down: in the user's own project if he belongs to one, else in that of the server's administrators.
async fn refuse(
    means: Means<'_>,
    knock: &Knock,
    (scope, person): (Scope, &Person),
) -> Result<(), Failure> {
    let who = person.user.as_ref().map_or_else(Reference::system, |user| {
        domain::user_reference(user.id(), None)
    });
    let event = Event::refused("sign-in", who, "wrong credentials".into(), means.now);
    let project = scope.project().unwrap_or(means.keys.super_project());
    let tenant = means.store.founding(project);
    let noted = Transaction::new()
        .steps(knock.failed(means))
        .step(tenant.record(&event, means.now, means.dice));
    means.write(noted).await
}

/// A session that is about to begin.
struct Begin<'a> {
    person: &'a Person,
    terms: Terms,
    application: Option<Application>,
    rules: Rules,
}

impl Begin<'_> {
    async fn session(
        self,
        means: Means<'_>,
        (only, shown): (Wanted, &PasswordWish),
        (knock, device): (&Knock, &Device),
    ) -> Result<Value, Failure> {
        let user = self.person.user.as_ref().ok_or(Refusal::NotFound)?;
        let (id, row) = super::begin(means, (user, "password"), &self.terms, device);
        let row = row.as_a(shown.wish.kind);
        let mut row = row.through(self.application.map(|application| application.id));
        row.pkce_optional = self.rules.pkce_optional;
        row.access_life = self.rules.access_life;
        row.refresh_life = self.rules.refresh_life;
        let login = Pending { id, row };
        let factor = self.person.second_factor.as_ref();
        let awaited = second_factor::awaited(user, factor);
        let (row, more, answer) = if awaited != Awaited::Nothing {
            if !self.terms.registers {
                let places = offer::wanted(self.person, (only, shown.wish.kind));
                Offer::read(means, user, places).await?;
            }
            awaiting(means, login, (user, factor, awaited))?
        } else if self.terms.registers {
            (login.row, Vec::new(), json!({ "login": id.to_string() }))
        } else {
            let places = offer::wanted(self.person, (only, shown.wish.kind));
            let offer = Offer::read(means, user, places).await?;
            if let Some((member, project)) = offer.only() {
                super::welcome(means, &login.row, (&member.membership, project)).await?;
            }
            offered(means, login, &offer)?
        };
        let written = Transaction::new()
            .steps(means.store.create_login(id, &row))
            .steps(more)
            .steps(upgraded(means, self.person, shown))
            .steps(knock.succeeded(means));
        means.write(written).await?;
        Ok(answer)
    }
}

/// A hash that was imported gives way to one of ours, now that its password has been shown.
fn upgraded(means: Means<'_>, person: &Person, wish: &PasswordWish) -> Option<Step> {
    let stored = person.password.as_ref();
    let stored = stored.filter(|stored| password::is_imported(stored))?;
    let user = person.user.as_ref()?;
    let hash = password::rehash(wish.password.reveal(), &means.dice);
    Some(means.store.rehash_password(user.id(), (stored, &hash)))
}

/// A session that waits for its user's second factor, and what he is asked for.
pub(super) fn awaiting(
    means: Means<'_>,
    mut login: Pending,
    (user, factor, awaited): (&User, Option<&SecondFactor>, Awaited),
) -> Result<(LoginRow, Vec<Step>, Value), Failure> {
    login.row.awaits = true;
    let id = login.id.to_string();
    if awaited == Awaited::Code {
        let answer = json!({ "login": id, "mfaRequired": true });
        return Ok((login.row, Vec::new(), answer));
    }
    let (uri, keep) = second_factor::invitation(means, user, factor)?;
    let answer = json!({ "login": id, "mfaEnrollRequired": true, "enrollUri": uri });
    Ok((login.row, keep.into_iter().collect(), answer))
}

/// The session's row, what else is written, and the answer: with a code when there is nothing to choose.
pub(super) fn offered(
    means: Means<'_>,
    login: Pending,
    offer: &Offer,
) -> Result<(LoginRow, Vec<Step>, Value), Failure> {
    let id = login.id.to_string();
    let Some((member, project)) = offer.only() else {
        let answer = json!({ "login": id, "memberships": offer.list() });
        return Ok((login.row, Vec::new(), answer));
    };
    let granted = granted(&login.row, (&member.membership, project))?;
    let (code, hash) = code::mint(means, (login.id, &login.row), &granted)?;
    let more = recorded(means, &login, &member.membership);
    let mut row = login.row.acting_by(&granted);
    row.code = Some(hash);
    Ok((row, more, json!({ "login": id, "code": code })))
}
