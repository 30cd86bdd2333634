use std::fmt;
use std::str::FromStr;

/// What is done with a resource, in the words of FHIR and of an AccessPolicy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interaction {
    /// Read the current version.
    Read,
    /// Read a past version.
    Vread,
    /// Read all versions.
    History,
    /// Find resources of a type.
    Search,
    /// Make one.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
}

/// The text names no interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an interaction")]
pub struct NotAnInteraction;

impl Interaction {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Vread,
        Self::History,
        Self::Search,
        Self::Create,
        Self::Update,
        Self::Delete,
    ];

    /// The word in an AccessPolicy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::History => "history",
            Self::Search => "search",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes nothing: what a rule that is `readonly` still allows.
    pub fn only_reads(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Vread | Self::History | Self::Search
        )
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Interaction {
    type Err = NotAnInteraction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|interaction| interaction.as_str() == text)
            .ok_or(NotAnInteraction)
    }
}
