use domain::{Blind, Dice, Email, Timestamp};
use identity::KeyRing;
use store::Store;

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
}

impl Means<'_> {
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
