use domain::Failure;

/// Key material, or something sealed with it, is not what it should be. Says which, never what was inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text of a master key is not the base64 of 32 bytes.
    #[error("a master key is 32 bytes in base64")]
    NotAMasterKey,
    /// Sealed with another key or for another place, or altered since.
    #[error("a sealed value does not open: other key, other place, or altered")]
    DoesNotOpen,
    /// What was sealed opens, but is not a key of the kind that belongs there, or its public half is another key's.
    #[error("a stored key is not of its kind")]
    NotOfItsKind,
    /// There is no signing key that may be used at the time in question.
    #[error("no signing key is in force")]
    NoSigningKey,
    /// AWS-LC could not make a key or a signature.
    #[error("the cryptographic library failed")]
    Library,
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::corrupt("key material", error)
    }
}
