//! A large project, copied and ended by workers who fall: the integration test, at this size. It is written once, and checks
//! what it measures.

use std::process::Command;

const TEST: &str = "life::falls::a_project_is_copied_and_ended_although_workers_fall";

/// Runs the test for so many resources with the functions of this profile; what it prints is the result.
pub(crate) fn copied_and_ended(resources: usize) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = harness::build::profile().expect("a profile");
    let mut test = Command::new(cargo);
    test.current_dir(harness::build::workspace())
        .args(["test", "--quiet", "-p", "roster-api-tests", "--test", "api"])
        .args(["--profile", &profile, "--", "--exact", "--nocapture", TEST])
        .env("ROSTER_LIFE_RESOURCES", resources.to_string());
    let ended = test.status().expect("cargo");
    assert!(ended.success(), "the test has failed");
}
