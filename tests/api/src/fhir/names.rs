//! The names that memberships show follow those of their user, profile and project.

use std::time::{Duration, Instant};

use harness::world::Client;
use serde_json::{Value, json};

use super::{path, version};
use crate::world::{address, alice, invited, with, world};

/// How long the stream may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

async fn must_show(caller: &Client, member: &Value, field: &str, name: &str) {
    let begin = Instant::now();
    loop {
        let read = caller.get(&path(member)).await.must(200).body;
        if read[field]["display"] == name {
            assert_eq!(version(&read), version(member), "a name is no version");
            return;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "{field}: {} and not {name}",
            read[field]
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_membership_shows_the_new_names_of_profile_project_and_user() {
    let world = world().await;
    let project = world.project("Before").await;
    let admin = &project.admin;
    let scoped = with(
        alice(&address("alice", &project)),
        json!({ "scope": "project", "membership": { "admin": true } }),
    );
    let member = invited(&project, &scoped).await;
    let profile = format!(
        "/fhir/R4/{}",
        member["profile"]["reference"].as_str().unwrap()
    );
    let read = admin.get(&profile).await.must(200).body;
    let renamed = json!({ "name": [{ "given": ["Lisa"], "family": "Simpson" }] });
    admin.put(&profile, &with(read, renamed)).await.must(200);
    must_show(admin, &member, "profile", "Lisa Simpson").await;
    let by_name = admin
        .get("/fhir/R4/ProjectMembership?name=lisa")
        .await
        .must(200)
        .body;
    assert_eq!(
        by_name["entry"].as_array().map(Vec::len),
        Some(1),
        "{by_name:#}"
    );

    let place = format!("/fhir/R4/Project/{}", project.id);
    let read = admin.get(&place).await.must(200).body;
    admin
        .put(&place, &with(read, json!({ "name": "After" })))
        .await
        .must(200);
    must_show(admin, &member, "project", "After").await;

    let moved = address("moved", &project);
    let user = member["user"]["reference"].as_str().unwrap();
    let body = json!({ "email": moved, "skipEmailVerification": true });
    admin
        .post(&format!("/fhir/R4/{user}/$update-email"), &body)
        .await
        .must(200);
    must_show(admin, &member, "user", &moved).await;
    let member = admin.get(&path(&member)).await.must(200).body;
    assert_eq!(member["admin"], true);
}
