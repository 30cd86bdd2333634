use std::fmt;

/// Why the local cloud cannot go on, as one sentence that says what to do about it.
///
/// It is written for the person at the keyboard; nothing decides by it, so it has no variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice(String);

impl Advice {
    /// The sentence itself, with its full stop.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Advice {}
