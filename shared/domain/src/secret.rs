use std::fmt;

/// A value that must never be seen in a log, an error or an answer that does not exist to show it. No `Display`, no readable
/// `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself: for the one place that mails, hashes or compares it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A keyed hash that stands for an e-mail address, an external id or a user name inside a key of the table, so that no personal
/// data appears in keys (22 characters, base64url of 128 bits of HMAC-SHA-256). Only `identity` makes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blind(String);

impl Blind {
    /// Wraps the text of a keyed hash.
    pub fn new(hash: String) -> Self {
        Self(hash)
    }

    /// The text that goes into a key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
