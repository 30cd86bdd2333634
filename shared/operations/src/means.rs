use std::time::Duration;

use domain::{BackOff, Blind, Dice, Email, Failure, Refusal, Timestamp};
use identity::KeyRing;
use store::{Aborted, Store, Transaction};

use crate::recaptcha::Recaptcha;
use crate::sign_in::external::Google;

/// What an operation works with: the table, the keys, and the moment's time and chance.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// The table.
    pub store: &'a Store,
    /// The system's keys.
    pub keys: &'a KeyRing,
    /// What this installation was told about itself.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
    /// Chance.
    pub dice: Dice,
}

/// What an installation was told about itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's own URL, with a slash at its end: issuer and audience of its tokens.
    pub base_url: String,
    /// The name that letters speak for, unless a project has its own.
    pub product: String,
    /// How sign-in treats strangers.
    pub sign_in: SignIn,
    /// Who signs people in with their Google accounts.
    pub google: Google,
    /// What strangers may do, and how carefully.
    pub accounts: Accounts,
    /// How long a request that was let in may still write.
    pub longest_request: Duration,
    /// How long a deleted project can come back, unless a project has its own time.
    pub deletion_grace: Duration,
}

/// How sign-in treats strangers.
#[derive(Clone, Copy, Debug)]
pub struct SignIn {
    /// What they are told.
    pub texts: Texts,
    /// How they are slowed down.
    pub back_off: BackOff,
}

/// What is said to somebody who does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// What the recorded server says, which tells an unknown address from a wrong password.
    Recorded,
    /// The same whatever is wrong.
    Uniform,
}

/// What an installation allows people to do about their own accounts.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Whether passwords that everybody knows are refused.
    pub breach_list: bool,
    /// Whether people may register by themselves.
    pub registration: bool,
    /// Whether every member of a project may begin others (`Project/$init`), or the server's administrators alone.
    pub projects_by_members: bool,
    /// Who says whether somebody is a person; nobody is asked unless it is configured, by the installation or by a project's site.
    pub recaptcha: Recaptcha,
    /// How many letters with a link to set a new password go to one address within an hour.
    pub resets_an_hour: u32,
}

impl Means<'_> {
    /// Writes what rests on nothing that somebody else could have changed.
    pub(crate) async fn write(&self, transaction: Transaction) -> Result<(), Failure> {
        match transaction.commit(self.store, self.dice).await {
            Ok(()) => Ok(()),
            Err(Aborted::Failed(failure)) => Err(failure),
            Err(Aborted::Changed) => Err(Refusal::Contended.into()),
        }
    }

    /// What stands for an e-mail address in keys.
    pub(crate) fn blind_email(&self, email: &Email) -> Blind {
        self.keys.blind("email", email.as_str())
    }

    /// What stands for an external id in keys.
    pub(crate) fn blind_external_id(&self, id: &str) -> Blind {
        self.keys.blind("external-id", id)
    }

    /// What stands for a user name in keys; letters count in any case (RFC 7643, section 4.1.1).
    pub(crate) fn blind_user_name(&self, name: &str) -> Blind {
        self.keys.blind("user-name", &name.to_lowercase())
    }
}
