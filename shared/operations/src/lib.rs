//! The use cases of Roster, one module each. A use case is written once: every route that does the same thing calls the same
//! operation.
//!
//! The story of each is the same: look at what the request meets (beside the authorisation), decide by the rules, write
//! everything in one transaction. Nothing here knows HTTP or mail.

mod accounts;
mod agent;
mod audit_event;
mod authorize;
mod boundary;
mod change;
mod conditional_references;
mod credential;
mod domain_configuration;
mod lifetime;
mod link;
mod linked;
mod means;
mod once;
mod parameters;
mod provider_secrets;
mod realm;
mod record;
mod references;
mod resource_cap;

pub mod batch;
pub mod bootstrap;
pub mod change_password;
pub mod client_credentials;
pub mod clone_project;
pub mod conditional;
pub mod count_call;
pub mod count_members;
pub mod create_bot;
pub mod create_client;
pub mod create_project;
pub mod create_resource;
pub mod deliver;
pub mod expand;
pub mod explain_access;
pub mod expunge;
pub mod follow_names;
pub mod get_membership;
pub mod history;
pub mod import_password;
pub mod init_project;
pub mod invitations;
pub mod invite;
pub mod invite_batch;
pub mod jobs;
pub mod list_members;
pub mod maintenance;
pub mod people;
pub mod program;
pub mod project_settings;
pub mod read_resource;
pub mod recaptcha;
pub mod redeem_link;
pub mod register;
pub mod remove_member;
pub mod reset_password;
pub mod reset_second_factor;
pub mod rights;
pub mod rotate_keys;
pub mod rotate_secret;
pub mod search;
pub mod second_factor;
pub mod sessions;
pub mod set_password;
pub mod sign_in;
pub mod token_info;
pub mod tokens;
pub mod update_email;
pub mod update_membership;
pub mod validate;
mod vault;
pub mod verify_email;
pub mod whoami;
pub mod write;

pub use authorize::{Destination, Request, Role, Turned, admit};
pub use means::{Accounts, Means, Settings, SignIn, Texts};
pub use once::{Once, Wish};
pub use rights::Sight;
