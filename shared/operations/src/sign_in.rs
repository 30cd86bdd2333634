//! How a person gets in: a login begins, a membership is bound to it, and its code is redeemed for tokens.
//!
//! A *login* is a session's row, found by its id alone. It begins without a membership ([`begin`]); when there is one, it is bound
//! and a code is given ([`bind`]). The token endpoint redeems the code, once. Whoever registers people does both himself:
//!
//! * a new user who has no membership yet gets a login by adding [`begin`]'s step to the transaction that makes the user;
//! * whoever gives such a user a membership reads the login with [`pending`], adds [`bind`]'s steps to the transaction that makes the
//!   membership, and answers `{ login, code }` with the code that [`bind`] returns. Of several at once one gets through: for the
//!   others the transaction reports that something changed, and a second look at [`pending`] says what.

mod authorization;
mod browser;
mod choose;
mod code;
pub mod external;
mod launch;
mod limit;
mod offer;
mod password;
mod second_step;
mod through;
mod wish;

use std::time::Duration;

use domain::{Failure, Fault, LoginId, Membership, Project, Refusal, User};
use store::{Action, Event, Granted, LoginRow, Step};

use crate::{Means, rights};

pub use authorization::{AuthorizationRequest, Lost, Objection, Way, authorize};
pub use browser::{Kept, kept};
pub use choose::{Choice, ScopeChoice, choose, choose_scope, status};
pub use password::with_password;
pub use second_step::{SecondStep, enrol_at_login, verify};
pub use wish::{NoProof, PasswordWish, Proof, Terms};

pub(crate) use limit::Knock;
pub use through::built_in;

/// How long a login waits for its membership, its second factor and the redemption of its code.
const PENDING: Duration = Duration::from_secs(60 * 60);
/// For how long the keys of an identity provider are believed to be the same.
const KEYS_LIFE: Duration = Duration::from_secs(5 * 60);
/// How a session began that Google has vouched for.
const GOOGLE: &str = "google";
/// The longest life of a session, however often it is prolonged.
pub(crate) const LONGEST_SESSION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// From where and with what somebody signs in, so far as the request tells.
#[derive(Clone, Default)]
pub struct Device {
    /// The network address.
    pub remote: String,
    /// The program: the header `User-Agent`, cut to 200 characters.
    pub agent: String,
    /// The page: the header `Origin`.
    pub origin: Option<String>,
}

/// A login that has begun and has no membership yet.
pub struct Pending {
    /// Its id.
    pub id: LoginId,
    /// Its row.
    pub row: LoginRow,
}

/// A login of a user that begins now, by `method` (`password`, `external`, `google`), without a membership.
pub fn begin(
    means: Means<'_>,
    (user, method): (&User, &str),
    terms: &Terms,
    device: &Device,
) -> (LoginId, LoginRow) {
    let id = LoginId::new(means.dice.version(means.now, None));
    let who = (format!("User/{}", user.id()), user.standing.epoch);
    let row = LoginRow::begun(who, method, (means.now, means.now.plus(PENDING)));
    let mut row = row.with_scope(&terms.scope).only_in(terms.only);
    row.nonce.clone_from(&terms.nonce);
    row.challenge = terms.proof.as_ref().map(Proof::stored);
    row.refreshable = terms.is_refreshable();
    row.registers = terms.registers;
    row.launch = terms.launch;
    row.remote.clone_from(&device.remote);
    row.agent.clone_from(&device.agent);
    (id, row)
}

/// A login that waits for its membership.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown one; faults "Login revoked", "Login granted", "Login profile already set", and "Second factor
/// required" for one whose user has not shown it.
pub async fn pending(means: Means<'_>, id: LoginId) -> Result<Pending, Failure> {
    let row = open(means, id).await?;
    if row.granted_by().is_some() {
        return Err(Fault::general("Login profile already set").into());
    }
    Ok(Pending { id, row })
}

/// A login that nobody has used or ended yet, and that waits for no second factor.
async fn open(means: Means<'_>, id: LoginId) -> Result<LoginRow, Failure> {
    let row = opened(means, id).await?;
    if row.awaits {
        return Err(Fault::general("Second factor required").into());
    }
    Ok(row)
}

/// A login that nobody has used or ended yet.
async fn opened(means: Means<'_>, id: LoginId) -> Result<LoginRow, Failure> {
    let row = means.store.login(id).await?;
    let row = row
        .filter(|row| !row.is_over(means.now))
        .ok_or(Refusal::NotFound)?;
    if row.revoked {
        return Err(Fault::general("Login revoked").into());
    }
    if row.granted {
        return Err(Fault::general("Login granted").into());
    }
    Ok(row)
}

/// Binds a membership of the login's own user to it: the steps to be written with whatever else, and the code for the client. The
/// caller has made sure that the membership is the user's; here its project is asked whether it takes this kind of sign-in.
///
/// # Errors
/// The fault "Google authentication is required", [`Failure::Corrupt`].
pub fn bind(
    means: Means<'_>,
    login: &Pending,
    (membership, project): (&Membership, &Project),
) -> Result<(Vec<Step>, String), Failure> {
    let granted = granted(&login.row, (membership, project))?;
    let (code, hash) = code::mint(means, (login.id, &login.row), &granted)?;
    let mut steps =
        vec![
            means
                .store
                .bind_login(login.id, &granted, (&hash, login.row.second_factor)),
        ];
    steps.extend(recorded(means, login, membership));
    Ok((steps, code))
}

/// Whether the policies of a membership let its member in from where a login comes.
///
/// # Errors
/// The fault "IP address not allowed"; [`Failure::Unavailable`].
async fn welcome(
    means: Means<'_>,
    login: &LoginRow,
    (membership, project): (&Membership, &Project),
) -> Result<(), Failure> {
    if rights::welcome(means, (membership, project), &login.remote).await? {
        return Ok(());
    }
    Err(Fault::general(rights::NOT_FROM_HERE).into())
}

/// What a project asks of those who sign in.
fn granted(
    login: &LoginRow,
    (membership, project): (&Membership, &Project),
) -> Result<Granted, Failure> {
    if project.has_feature("google-auth-required") && login.method != GOOGLE {
        return Err(Fault::general("Google authentication is required").into());
    }
    Ok(Granted {
        project: project.id(),
        membership: membership.id(),
        profile: membership.profile_ref()?,
    })
}

/// The event of a sign-in in the project, and the session in the user's list.
fn recorded(means: Means<'_>, login: &Pending, membership: &Membership) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(user) = login.row.user() {
        let until = match login.row.refreshable {
            true => LONGEST_SESSION,
            false => PENDING * 2,
        };
        steps.push(
            means
                .store
                .list_session(user, login.id, means.now.plus(until)),
        );
    }
    if let Some(project) = membership.project() {
        let parties = (membership.profile(), membership.user());
        let event = Event::success(Action::Execute, "sign-in", parties, means.now);
        let tenant = means.store.founding(project);
        steps.push(tenant.record(&event, means.now, means.dice));
    }
    steps
}
