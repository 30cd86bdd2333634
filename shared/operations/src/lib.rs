//! The use cases of Roster, one module each. A use case is written once: every route that does the same thing calls the same
//! operation.
//!
//! The story of each is the same: look at what the request meets (beside the authorisation), decide by the rules, write
//! everything in one transaction. Nothing here knows HTTP or mail.

mod audit_event;
mod authorize;
mod change;
mod means;
mod once;
mod realm;
mod record;
mod references;

pub mod bootstrap;
pub mod client_credentials;
pub mod count_call;
pub mod count_members;
pub mod create_bot;
pub mod create_client;
pub mod create_project;
pub mod create_resource;
pub mod deliver;
pub mod get_membership;
pub mod init_project;
pub mod invitations;
pub mod invite;
pub mod list_members;
pub mod people;
pub mod program;
pub mod project_settings;
pub mod read_resource;
pub mod remove_member;
pub mod search;
pub mod set_password;
pub mod update_membership;
pub mod whoami;

pub use authorize::{Destination, Request, Role, Turned, admit};
pub use means::{Means, Settings};
pub use once::{Once, Wish};
