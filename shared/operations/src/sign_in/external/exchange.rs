//! A token of an identity provider for tokens of ours (RFC 8693): for applications that have signed a person in elsewhere.

use domain::{Caller, Claimant, Failure, MembershipId, Refusal, Secret, Subject};
use identity::secret;
use outside::Outside;
use store::{Key, Member, Transaction};

use super::addressee::Trust;
use super::provider::Unknown;
use super::{Realm, people};
use crate::Means;
use crate::sign_in::offer::{self, Offer};
use crate::sign_in::through::Application;
use crate::sign_in::wish::Terms;
use crate::sign_in::{Device, Pending, begin, granted, recorded, welcome};
use crate::tokens::{Denied, Session, Tokens, life, refresh_until};

/// A request to exchange a token.
pub struct Exchange {
    /// The application.
    pub client: Option<String>,
    /// The provider's token.
    pub token: Secret,
    /// The membership by which the person wants to act; the first one unless it is named.
    pub membership: Option<String>,
    /// The scope that is asked for.
    pub scope: String,
}

/// Why nothing is exchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoExchange {
    /// In OAuth's words.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// In the words of the contract.
    #[error("{0}")]
    Said(String),
}

/// Exchanges a token.
///
/// # Errors
/// The inner [`NoExchange`] is the application's fault; a [`Failure`] is ours. [`Refusal::TooManyRequests`] when the provider is asked too often.
pub async fn exchange(
    means: Means<'_>,
    outside: &Outside,
    (request, device): (&Exchange, &Device),
) -> Result<Result<Tokens, NoExchange>, Failure> {
    let named = request.client.as_deref().unwrap_or_default();
    let Some(application) = Application::find(means, named).await? else {
        return Ok(Err(Denied::Client.into()));
    };
    let home = application.project().map(Key::Project);
    let keys: Vec<_> = application.key().into_iter().chain(home).collect();
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let rules = application.rules(means, &mut found)?;
    let (Some(provider), Some(project)) = (&rules.provider, application.project()) else {
        return Ok(Err(Denied::Client.into()));
    };
    let settings = means.store.founding(project).project_in(&mut found)?;
    let strict = settings.is_some_and(|project| project.exchanges_own_tokens_only());
    let trust = if strict { Trust::InOurs } else { Trust::InAny };
    let told = provider.tells(means, outside, (&request.token, trust));
    let claims = match told.await {
        Ok(claims) => claims,
        Err(Unknown::Busy) => return Err(Refusal::TooManyRequests { wait: 1 }.into()),
        Err(Unknown::Said(text)) => return Ok(Err(NoExchange::Said(text))),
    };
    let realm = Realm::Project(project);
    let wanted = realm.wanted(None);
    let found = async {
        let named = provider.named(&claims, &realm)?;
        let person = people::person(means, (&named, &realm), wanted).await?;
        let user = person.user.clone().ok_or(Refusal::NotFound)?;
        let places = offer::wanted(&person, (wanted, None));
        let offer = Offer::read(means, &user, places).await?;
        Ok::<_, Failure>((user, offer))
    };
    let (user, offer) = match found.await {
        Ok(found) => found,
        Err(failure) => return said(failure).map(Err),
    };
    let Some(member) = chosen(&offer, request.membership.as_deref()) else {
        return Ok(Err(NoExchange::Said("Profile not found".to_owned())));
    };
    let terms = Terms {
        scope: request.scope.clone(),
        only: Some(project),
        ..Terms::default()
    };
    let (id, row) = begin(means, (&user, "external"), &terms, device);
    let mut row = row.through(Some(application.id));
    row.access_life = rules.access_life;
    row.refresh_life = rules.refresh_life;
    match issue(means, Pending { id, row }, (&offer, member)).await {
        Ok(tokens) => Ok(Ok(tokens)),
        Err(failure) => said(failure).map(Err),
    }
}

/// What is wrong with the request, in OAuth's form.
fn said(failure: Failure) -> Result<NoExchange, Failure> {
    match failure {
        Failure::Faulty(faults) => {
            let said = faults.first().map(|fault| fault.text.clone());
            Ok(NoExchange::Said(said.unwrap_or_default()))
        }
        failure => Err(failure),
    }
}

/// The membership by which the person will act.
fn chosen<'a>(offer: &'a Offer, named: Option<&str>) -> Option<&'a Member> {
    let Some(named) = named else {
        return offer.members.first();
    };
    let named: MembershipId = named.parse().ok()?;
    let mut all = offer.members.iter();
    all.find(|member| member.membership.id() == named)
}

/// Writes the session down, and gives its tokens: to nobody whom the next request would turn away.
async fn issue(
    means: Means<'_>,
    mut login: Pending,
    (offer, member): (&Offer, &Member),
) -> Result<Tokens, Failure> {
    let project = member.membership.project();
    let project = project.and_then(|id| offer.projects.get(&id));
    let project = project.ok_or(Refusal::NotFound)?;
    welcome(means, &login.row, (&member.membership, project)).await?;
    let granted = granted(&login.row, (&member.membership, project))?;
    let prolongs = login.row.refreshable && !project.is_super_admin();
    let refresh = prolongs.then(|| {
        (
            secret::link_secret(&means.dice),
            refresh_until(means, &login.row),
        )
    });
    let steps = recorded(means, &login, &member.membership);
    login.row = login.row.acting_by(&granted);
    login.row.granted = true;
    let hash = refresh.as_ref().map(|(secret, _)| secret::digest(secret));
    login.row.refresh = hash.map(|hash| hash.as_str().to_owned());
    if let Some((_, until)) = &refresh {
        login.row = login.row.until(*until);
    }
    let written = Transaction::new()
        .steps(means.store.create_login(login.id, &login.row))
        .steps(steps);
    means.write(written).await?;
    let user = login.row.user().ok_or(Refusal::NotFound)?;
    let place = (granted.project, granted.membership);
    let claimant = Claimant::by_token(Subject::User(user), login.id, place, granted.profile);
    let caller = Caller::admit(means.store.evidence(&claimant).await?)?;
    let session = Session {
        login: login.id,
        caller: &caller,
        client: login.row.client(),
        scope: &login.row.scope,
        nonce: None,
        auth_time: means.now,
        life: life(&login.row),
        launch: None,
        refresh,
    };
    session.tokens(means)
}
