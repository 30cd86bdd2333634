//! The only wiring: configuration, clients, and the frame in which handlers run.
//!
//! A function is its routes and their handlers: `Function::new().on(&INVITE, invite).serve().await`. Everything that could be done
//! once is done when it starts.

mod app;
mod ask;
mod config;
mod fhir_call;
mod letters;
mod log;
mod master;
mod not_found;
mod quota;
mod sdk;
mod serve;
mod stream;
mod tally;

pub use app::{App, Error, dice, now, store};
pub use ask::{Ask, ReadQuery};
pub use config::{Config, Limits, MasterSource, Misconfigured};
pub use fhir_call::project_named;
pub use letters::letter;
pub use master::{found_master, open as open_master};
pub use sdk::sdk_config;
pub use serve::{Answer, Function};
pub use stream::{Change, follow, follow_together};
pub use tally::Tally;

pub use gateway::{Problem, Reply, limits, routes};
pub use {domain, fhir, operations};
