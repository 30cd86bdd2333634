use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not a hyphenated UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

pub(crate) fn parse(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != 36 {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that is known to be of this kind.
            pub fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare id.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Accepts the hyphenated form only, with any version nibble: the shape of a FHIR id that this server assigns.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant: an isolated set of resources with its own administration.
    ProjectId,
    /// A digital identity, above projects or inside one.
    UserId,
    /// The grant of a project to a user.
    MembershipId,
    /// A ClientApplication.
    ClientId,
    /// A session.
    LoginId,
    /// Work that goes on after its request was answered.
    JobId,
    /// An invitation, password reset or e-mail verification (UserSecurityRequest).
    RequestId,
}
