use std::collections::BTreeMap;

use serde::Serialize;

/// One accepted letter, decoded: what its reader would see, not how it travelled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// All recipients, separated by a comma and a space.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The plain-text part, empty when there is none.
    pub text: String,
    /// The HTML part, empty when there is none.
    pub html: String,
    /// At least `From`, `To`, `Subject` and `Message-ID`.
    pub headers: BTreeMap<String, String>,
}
