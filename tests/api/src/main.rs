//! The integration tests: one binary, a module per area. A test's name is the sentence it proves.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where its sentence turns out false"
)]

mod accounts;
mod assertions;
mod attacks;
mod audit;
mod authorization;
mod batch;
mod budgets;
mod contract;
mod counting;
mod delivery;
mod domains;
mod explained;
mod faults;
mod fhir;
mod google;
mod graphql;
mod house;
mod imports;
mod input;
mod invitations;
mod invite;
mod isolation;
mod keys;
mod kms;
mod ledger;
mod life;
mod limits;
mod links;
mod list;
mod maintenance;
mod members;
mod once;
mod openapi;
mod pages;
mod policies;
mod prehijack;
mod projects;
mod projects_guide;
mod races;
mod recaptcha;
mod refusals;
mod rotation;
mod samples;
mod scim;
mod sealing;
mod search;
mod second_engine;
mod secrets;
mod settings;
mod sign_in;
mod system_settings;
mod terminology;
mod transactions;
mod world;

use std::path::{Path, PathBuf};

/// A file of the workspace.
fn in_workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}
