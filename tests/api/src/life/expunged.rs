//! Deleted for good.

use harness::proxy::Plan;
use harness::world::Request;
use serde_json::{Value, json};

use super::{Village, counted, expunge, id, over};
use crate::ledger::{Ledger, text};
use crate::world::{address, create, invited, start, world};

#[tokio::test]
async fn a_resource_goes_with_its_past_its_tombstone_and_its_place_by_address() {
    let world = world().await;
    let village = Village::found(world, "Expunged").await;
    let admin = &village.project.admin;
    let patient = id(&village.patient).to_owned();
    let done = expunge(admin, "Patient", &patient).await.must(200);
    assert_eq!(done.issue_text(), "All OK");
    admin
        .get(&format!("/fhir/R4/Patient/{patient}"))
        .await
        .must(404);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let left = ledger.below(&format!("P#{}#", village.project.id));
    let left = left.into_iter().filter(|row| {
        let key = format!("{}{}", row["PK"], row["SK"]);
        key.contains(&patient)
    });
    assert_eq!(left.count(), 0);
    expunge(admin, "Patient", &patient).await.must(404);
}

#[tokio::test]
async fn what_was_removed_before_goes_with_what_was_kept_of_it() {
    let world = world().await;
    let village = Village::found(world, "Expunged").await;
    let admin = &village.project.admin;
    let alice = id(&village.alice).to_owned();
    let path = village.project.path(&format!("members/{alice}"));
    admin.delete(&path).await.must(200);
    admin.get(&path).await.must(410);
    expunge(admin, "ProjectMembership", &alice).await.must(200);
    admin.get(&path).await.must(404);
    let past = format!("P#{}#H#ProjectMembership#{alice}", village.project.id);
    assert!(world.rows(&past).await.is_empty());
}

#[tokio::test]
async fn the_guards_of_a_project_hold_against_it() {
    let world = world().await;
    let village = Village::found(world, "Guarded").await;
    let admin = &village.project.admin;
    let refused = |answer: harness::world::Answer, words: &str| {
        assert_eq!((answer.status, answer.issue_text()), (409, words));
    };
    let user = format!("ClientApplication/{}", admin.id());
    let last = village.project.membership(&user).await;
    refused(
        expunge(admin, "ProjectMembership", id(&last)).await,
        "A project must keep at least one active administrator",
    );
    refused(
        expunge(admin, "ClientApplication", admin.id()).await,
        "A profile that belongs to a membership cannot be deleted",
    );
    let profile = village.alice["profile"]["reference"].as_str().unwrap();
    let (kind, profile) = profile.split_once('/').unwrap();
    refused(
        expunge(admin, kind, profile).await,
        "A profile that belongs to a membership cannot be deleted",
    );
    let homer = village.homer["user"]["reference"].as_str().unwrap();
    let homer = homer.trim_start_matches("User/");
    refused(
        expunge(admin, "User", homer).await,
        "A user who is a member of a project cannot be deleted",
    );
    // Without his membership he goes, and his address is free.
    expunge(admin, "ProjectMembership", id(&village.homer))
        .await
        .must(200);
    expunge(admin, "User", homer).await.must(200);
    assert!(world.rows(&format!("U#{homer}")).await.is_empty());
    let again = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
        "email": address("homer", &village.project), "sendEmail": false });
    invited(&village.project, &again).await;
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn another_projects_ids_are_as_unknown_as_ids_that_never_were() {
    let world = world().await;
    let (own, other) = (
        world.project("Own").await,
        Village::found(world, "Other").await,
    );
    let theirs = [
        ("Patient", id(&other.patient)),
        ("ProjectMembership", id(&other.alice)),
        ("ClientApplication", other.project.admin.id()),
        ("Project", other.project.id.as_str()),
        (
            "User",
            other.homer["user"]["reference"]
                .as_str()
                .unwrap()
                .trim_start_matches("User/"),
        ),
    ];
    for (kind, theirs) in theirs {
        for id in [theirs, "11111111-2222-4333-8444-555555555555", "nope"] {
            let answer = expunge(&own.admin, kind, id).await;
            assert_eq!(answer.status, 404, "{kind} {id}: {}", answer.text);
        }
    }
    let admin = &other.project.admin;
    admin
        .get(&format!("/fhir/R4/Patient/{}", id(&other.patient)))
        .await
        .must(200);
    let event = expunge(admin, "AuditEvent", id(&other.patient)).await;
    assert_eq!(event.status, 403);
    let member = other.project.application("Nobody").await;
    expunge(&member, "Patient", id(&other.patient))
        .await
        .must(403);
}

#[tokio::test]
async fn a_project_goes_with_everything_and_its_people_keep_what_they_have_elsewhere() {
    let world = start(4, Plan::default()).await;
    let village = Village::found(&world, "Going").await;
    let elsewhere = world.project("Elsewhere").await;
    let email = village.alice["user"]["display"].as_str().unwrap();
    let body = json!({ "resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith",
        "email": email, "sendEmail": false });
    let there = invited(&elsewhere, &body).await;
    let admin = &village.project.admin;
    let token = admin.token().await;
    let accepted = expunge(world.root(), "Project", &village.project.id).await;
    let accepted = accepted.must(202);
    assert_eq!(accepted.issue_text(), "Accepted");
    // From this very moment nobody is let in.
    token.get("/auth/me").await.must(401);
    let path = format!("/fhir/R4/Project/{}", village.project.id);
    world.root().get(&path).await.must(404);
    let job = over(world.root(), &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(counted(&job, "Project"), 1);
    assert!(
        counted(&job, "Patient") >= 2 && counted(&job, "User") == 1,
        "{job}"
    );
    let ledger = Ledger::read(&world).await;
    nothing_is_left(&ledger, &village.project.id);
    ledger.must_hold();
    elsewhere
        .admin
        .get(&elsewhere.path(&format!("members/{}", id(&there))))
        .await
        .must(200);
    expunge(world.root(), "Project", &village.project.id)
        .await
        .must(404);
}

/// No row of the whole table says a project's id in any of its attributes, but what tells that it is gone, and who asked for it.
pub(crate) fn nothing_is_left(ledger: &Ledger, project: &str) {
    let told = |row: &&Value| {
        let (pk, sk) = (text(row, "PK"), text(row, "SK"));
        // The receipt, for thirty days; the server's own record, for as long as the server keeps it.
        let is_receipt = pk.starts_with("JOB#") && sk == "JOB";
        let is_event_above = pk.starts_with("P#") && pk.contains("#A#") && !pk.contains(project);
        is_receipt || is_event_above
    };
    let left = ledger.naming(project);
    let left: Vec<_> = left.into_iter().filter(|row| !told(row)).collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test]
async fn an_administrator_ends_his_own_project_and_the_servers_own_stays() {
    let world = world().await;
    let project = world.project("Mine").await;
    let accepted = expunge(&project.admin, "Project", &project.id).await;
    let job = over(world.root(), &accepted.must(202)).await;
    assert_eq!(job["status"], "completed", "{job}");
    let me = world.root().get("/auth/me").await.must(200);
    let above = me.body["project"]["id"].as_str().unwrap();
    let refused = expunge(world.root(), "Project", above).await.must(409);
    assert!(refused.issue_text().contains("server's administrators"));
}

#[tokio::test]
async fn everything_about_a_patient_goes_by_a_job_and_nothing_about_anybody_else() {
    let world = world().await;
    let village = Village::found(world, "Cleared").await;
    let admin = &village.project.admin;
    let lisa = create(
        admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Simpson" }] }),
    )
    .await;
    let about = |patient: &serde_json::Value| {
        let subject = json!({ "reference": format!("Patient/{}", id(patient)) });
        json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": subject })
    };
    let hers = create(admin, about(&lisa)).await;
    for _ in 0..3 {
        create(admin, about(&village.patient)).await;
    }
    let path = format!("/fhir/R4/Patient/{}/$expunge", id(&village.patient));
    let perhaps = Request::new("POST", &format!("{path}?everything=perhaps"));
    let refused = admin.send(perhaps).await.must(400);
    assert_eq!(refused.expression(), "everything");
    let wish = Request::new("POST", &format!("{path}?everything=true"));
    let wish = wish.header("idempotency-key", "all");
    let accepted = admin.send(wish.clone()).await.must(202);
    let again = admin.send(wish).await.must(202);
    assert_eq!(
        again.header("content-location"),
        accepted.header("content-location")
    );
    let job = over(admin, &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(
        (counted(&job, "Observation"), counted(&job, "Patient")),
        (4, 1),
        "{job}"
    );
    let gone = [
        format!("/fhir/R4/Patient/{}", id(&village.patient)),
        format!("/fhir/R4/Observation/{}", id(&village.observation)),
        format!("/fhir/R4/Observation/{}/_history", id(&village.observation)),
    ];
    for gone in gone {
        admin.get(&gone).await.must(404);
    }
    admin
        .get(&format!("/fhir/R4/Observation/{}", id(&hers)))
        .await
        .must(200);
    Ledger::read(world).await.must_hold();
    // Homer is a member by his profile: it stays, and so does all about him.
    let homer = village.homer["profile"]["reference"].as_str().unwrap();
    let wish = Request::new(
        "POST",
        &format!("/fhir/R4/{homer}/$expunge?everything=true"),
    );
    admin.send(wish).await.must(409);
    let foreign = world.project("Foreign").await;
    let wish = format!("/fhir/R4/Patient/{}/$expunge?everything=true", id(&lisa));
    foreign
        .admin
        .send(Request::new("POST", &wish))
        .await
        .must(404);
}
