//! Whom a provider speaks of, among our users.

use domain::{Failure, Refusal, Scope, User};
use store::{Action, Person, Step, Transaction};

use super::{Named, Realm, fault};
use crate::Means;
use crate::sign_in::wish::Wanted;

/// The person whom a provider of `realm` has named; `wanted` is the project in which he wants to act.
///
/// # Errors
/// The fault "User not found".
pub(super) async fn person(
    means: Means<'_>,
    (named, realm): (&Named, &Realm),
    wanted: Wanted,
) -> Result<Person, Failure> {
    let user = match named {
        Named::Subject(subject) => by_subject(means, (subject, realm)).await?,
        Named::Email(email) => by_email(means, (email, realm), wanted).await?,
    };
    let user = user.ok_or_else(|| fault("User not found"))?;
    let person = means.store.person(user).await?;
    match &person.user {
        Some(user) if speaks_for(realm, user) => vouched(means, person).await,
        _ => Err(fault("User not found")),
    }
}

/// The person, whose address is his: a provider that speaks for it says so.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(super) async fn vouched(means: Means<'_>, person: Person) -> Result<Person, Failure> {
    match &person.user {
        Some(user) if !user.standing.is_proven() => {
            vouch(means, &person, user).await?;
            means.store.person(user.id()).await
        }
        _ => Ok(person),
    }
}

/// A project's provider signs in nobody but the users who exist within that project: what it says about others, others would have to
/// believe.
fn speaks_for(realm: &Realm, user: &User) -> bool {
    match realm {
        Realm::Domain(_) => true,
        Realm::Project(project) => user.scope() == Scope::Project(*project),
    }
}

async fn by_subject(
    means: Means<'_>,
    (subject, realm): (&str, &Realm),
) -> Result<Option<domain::UserId>, Failure> {
    let Realm::Project(project) = realm else {
        return Ok(None);
    };
    let tenant = means.store.founding(*project);
    let guard = tenant.external_id_guard(means.blind_external_id(subject));
    let Some(key) = tenant.membership_behind(&guard).await? else {
        return Ok(None);
    };
    let keys = [key];
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let members = tenant.members(&mut found, &keys)?;
    let user = members.first().map(|member| member.membership.user());
    Ok(user.and_then(|user| user.id()).map(domain::UserId::new))
}

async fn by_email(
    means: Means<'_>,
    (email, realm): (&domain::Email, &Realm),
    wanted: Wanted,
) -> Result<Option<domain::UserId>, Failure> {
    let own = match (realm, wanted) {
        (Realm::Project(project), _) => Some(Scope::Project(*project)),
        (Realm::Domain(_), Wanted::This(project)) => Some(Scope::Project(project)),
        _ => None,
    };
    let above = matches!(realm, Realm::Domain(_)).then_some(Scope::Server);
    let blind = means.blind_email(email);
    for scope in own.into_iter().chain(above) {
        if let Some(holder) = means.store.holder_of(scope, &blind).await? {
            return Ok(Some(holder.user));
        }
    }
    Ok(None)
}

/// The provider's word is a proof of the mailbox, like the link of a letter. Whoever chose a password or a second factor before could
/// not give that proof, so they count no more, and neither do his sessions.
async fn vouch(means: Means<'_>, person: &Person, user: &User) -> Result<(), Failure> {
    let himself = domain::user_reference(user.id(), None);
    let mut new = user.verified(means.next_version(himself, &user.resource.meta));
    new.standing = user.standing.with_proof().renewed();
    let event = (Action::Update, "vouch", &["emailVerified"][..]);
    let factor = person.second_factor.as_ref();
    let gone: Vec<Step> = [
        person
            .password
            .as_ref()
            .map(|_| means.store.drop_password(user.id())),
        factor.map(|_| means.store.delete_second_factor(user.id())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let guard = means.guard_of(user);
    let written = Transaction::new()
        .step(means.store.update_user(user, &new))
        .steps(guard.map(|guard| means.store.update_guard(&guard, (user, &new), None)))
        .steps(gone)
        .step(means.own_event(user, None, event));
    match means.write(written).await {
        // Somebody else has just done the same.
        Err(Failure::Refused(Refusal::Contended)) => Ok(()),
        written => written,
    }
}
