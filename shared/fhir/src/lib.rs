//! FHIR R4, pure: resource envelope, references, search, bundles, outcomes, definitions.
//!
//! Nothing here knows HTTP, a database, a clock or a random generator: values go in, values come out.

mod bundle;
mod compartment;
mod content;
mod json;
mod known;
pub mod library;
mod link;
mod meta;
mod name;
mod outcome;
mod patch;
pub mod path;
mod reference;
mod request;
mod resource;
pub mod schema;
pub mod search;
pub mod terminology;

pub use bundle::{Entry, Mode, Version, batch_response, history, searchset, transaction_response};
pub use compartment::accounts_of;
pub use content::{length, without_empties};
pub use json::{ParseProblem, Unreadable, parse_json};
pub use known::{known, known_types};
pub use link::{Link, search_url};
pub use meta::Meta;
pub use name::{display_of, human_name, names_of};
pub use outcome::{Issue, Outcome, Severity};
pub use patch::{PatchProblem, patched};
pub use reference::Reference;
pub use request::{Place, Request, Requests, Verb, criteria};
pub use resource::{Resource, View};
