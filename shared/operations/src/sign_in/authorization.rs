//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): an application sends a person, and gets a code back. Who has signed
//! in through it lately needs no password again; everybody else is sent to the page where people sign in.
//!
//! Nothing is sent to an address that the application has not registered, not even an error.

mod request;
mod session;

use domain::{Failure, LoginId};
use store::{LoginRow, Transaction};

use super::through::{Application, Rules};
use super::{Device, PENDING, Pending, Terms, code, granted, launch, recorded};
use crate::Means;

pub use request::{AuthorizationRequest, Objection};

use session::Session;

/// Why nobody can be sent back: the person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// No such application, or one that is switched off.
    #[error("Client not found")]
    Client,
    /// No address.
    #[error("Missing redirect URI")]
    NoAddress,
    /// Not an address, or not one that the application has registered.
    #[error("Invalid redirect URI")]
    Address,
}

/// Where the person goes from here.
pub enum Way {
    /// Back to the application, with a code.
    Back(String, String),
    /// Back to the application, with what is wrong with its request.
    Objected(String, Objection),
    /// To the page where people sign in, to ask for this scope; or, with a login, to consent.
    SignIn(String, Option<LoginId>),
}

/// Answers a request for authorization. `cookie` is what the browser keeps of a session through this application.
///
/// # Errors
/// The inner [`Lost`] is the sender's fault; a [`Failure`] is ours.
pub async fn authorize(
    means: Means<'_>,
    request: &AuthorizationRequest,
    (cookie, device): (Option<&str>, &Device),
) -> Result<Result<Way, Lost>, Failure> {
    let named = request.client.as_deref().unwrap_or_default();
    let Some(application) = Application::find(means, named).await? else {
        return Ok(Err(Lost::Client));
    };
    let keys: Vec<_> = application.key().into_iter().collect();
    let (found, session) = tokio::join!(
        means.store.read_for_sign_in(&keys),
        session::find(means, (application.id, request), cookie)
    );
    let Ok(rules) = application.rules(means, &mut found?) else {
        return Ok(Err(Lost::Client));
    };
    let address = match request.address(|address| rules.knows(address)) {
        Ok(address) => address.to_owned(),
        Err(lost) => return Ok(Err(lost)),
    };
    let terms = match terms(means, request, (&application, &rules)).await? {
        Ok(terms) => terms,
        Err(objection) => return Ok(Ok(Way::Objected(address, objection))),
    };
    let scope = terms.scope.clone();
    match (session?, request.is_silent()) {
        (None, true) => Ok(Ok(Way::Objected(address, Objection::LOGIN_REQUIRED))),
        (None, false) => Ok(Ok(Way::SignIn(scope, None))),
        (Some(session), silent) => {
            let begun = Continued::of(means, &session, (&application, &rules, terms), device);
            begun.settle(means, &session, (address, silent)).await
        }
    }
}

/// On which terms a session begins, and beside which record.
async fn terms(
    means: Means<'_>,
    request: &AuthorizationRequest,
    (application, rules): (&Application, &Rules),
) -> Result<Result<Terms, Objection>, Failure> {
    let terms = request.terms(&means.settings.base_url, rules);
    let (terms, id) = match (terms, &request.launch) {
        (Ok(terms), Some(id)) => (terms, id),
        (terms, _) => return Ok(terms),
    };
    match launch::find(means, application.project(), id).await {
        Ok(launch) => Ok(Ok(Terms {
            launch: Some(launch),
            ..terms
        })),
        Err(Failure::Faulty(_)) => Ok(Err(Objection::LAUNCH)),
        Err(failure) => Err(failure),
    }
}

/// A session that continues one that began with a password: its own proof, scope and code.
struct Continued(Pending);

impl Continued {
    fn of(
        means: Means<'_>,
        session: &Session,
        (application, rules, terms): (&Application, &Rules, Terms),
        device: &Device,
    ) -> Self {
        let id = LoginId::new(means.dice.version(means.now, None));
        let times = (means.now, means.now.plus(PENDING));
        let row = LoginRow::continuing((session.login, &session.row), times);
        let mut row = row.with_scope(&terms.scope).through(Some(application.id));
        row.refreshable = terms.is_refreshable();
        row.nonce.clone_from(&terms.nonce);
        row.launch = terms.launch;
        row.challenge = terms.proof.as_ref().map(super::Proof::stored);
        row.pkce_optional = rules.pkce_optional;
        row.access_life = rules.access_life;
        row.refresh_life = rules.refresh_life;
        row.remote.clone_from(&device.remote);
        row.agent.clone_from(&device.agent);
        Self(Pending { id, row })
    }

    /// Writes it down; with a code at once when nobody is to be asked.
    async fn settle(
        mut self,
        means: Means<'_>,
        session: &Session,
        (address, silent): (String, bool),
    ) -> Result<Result<Way, Lost>, Failure> {
        let (membership, project) = (session.caller.membership(), session.caller.project());
        let granted = match granted(&session.row, (membership, project)) {
            Ok(granted) => granted,
            Err(Failure::Faulty(_)) => return Ok(Ok(Way::Objected(address, Objection::DENIED))),
            Err(failure) => return Err(failure),
        };
        let way = if silent {
            let (code, hash) = code::mint(means, (self.0.id, &self.0.row), &granted)?;
            self.0.row.code = Some(hash);
            Way::Back(address, code)
        } else {
            Way::SignIn(self.0.row.scope.clone(), Some(self.0.id))
        };
        let written = Transaction::new()
            .steps(means.store.create_login(self.0.id, &self.0.row))
            .steps(recorded(means, &self.0, membership));
        means.write(written).await?;
        Ok(Ok(way))
    }
}
