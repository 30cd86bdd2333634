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
    /// A session.
    LoginId,
    /// Work that goes on after its request was answered.
    JobId,
    /// An invitation, password reset or e-mail verification (UserSecurityRequest).
    RequestId,
}

/// A ClientApplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Uuid);

/// The name of [`ClientId::COMMAND_LINE`].
const COMMAND_LINE: &str = "medplum-cli";

impl ClientId {
    /// Medplum's command line. It has no resource, no secret and no project: every installation knows it, by its name and not by a UUID. The
    /// bytes are that name, in a version of UUID that nobody draws.
    pub const COMMAND_LINE: Self = Self(Uuid::from_u128(0x6d65_6470_6c75_8d2d_8063_6c69_0000_0000));

    /// Wraps an id that is known to be of this kind.
    pub fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The bare id.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::COMMAND_LINE {
            return f.write_str(COMMAND_LINE);
        }
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for ClientId {
    type Err = NotAnId;

    /// Accepts the hyphenated form, and the name of the one application that has no other.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == COMMAND_LINE {
            return Ok(Self::COMMAND_LINE);
        }
        let id = Self(parse(text)?);
        // One name each: the bytes behind the command line's are none.
        (id != Self::COMMAND_LINE).then_some(id).ok_or(NotAnId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_known_by_its_name_alone() {
        let named: Result<ClientId, _> = "medplum-cli".parse();
        assert_eq!(named, Ok(ClientId::COMMAND_LINE));
        assert_eq!(ClientId::COMMAND_LINE.to_string(), "medplum-cli");
        let bytes = ClientId::COMMAND_LINE.uuid().to_string();
        assert_eq!(bytes.parse::<ClientId>(), Err(NotAnId));
        assert!("medplum-CLI".parse::<ClientId>().is_err());
    }
}
