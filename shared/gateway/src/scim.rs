//! SCIM 2.0 (RFC 7643, RFC 7644): the words of provisioning systems. A SCIM user is a person's membership, shown with the name that
//! his profile has in this project; `id` is the membership's id.
//!
//! What belongs to the person (name, address, type of profile) is settled when the membership is made; the membership's own
//! fields (`active`, `userName`, `externalId`) follow the provisioning system.

mod attribute;
mod changes;
mod filter;
mod person;
mod refused;
mod user;

use serde_json::{Map, Value};

pub use changes::Changes;
pub use filter::Search;
pub use person::invitation;
pub use user::{created, list, one, user};

pub(crate) use refused::{SETTLED, is_spoken_at, refused};

/// The schema of a user, and the prefix that attribute names may carry.
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A field, by a name in whatever case (RFC 7643, section 2.1); `null` counts as there.
fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = body.iter().find(|(of, _)| of.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}
