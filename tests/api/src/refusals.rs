//! The record of what was done and of what was refused.

use std::collections::BTreeMap;

use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::ledger::{Ledger, text};
use crate::world::{at_once, world};

const CANARY: &str = "canary-7f3a";

fn person(email: &str) -> Value {
    json!({
        "resourceType": "Practitioner", "firstName": "Bart", "lastName": "Canary-7f3a", "email": email,
        "sendEmail": false,
    })
}

/// The events of a project by id.
async fn events(world: &World, project: &str) -> BTreeMap<String, Value> {
    let ledger = Ledger::read(world).await;
    let events = ledger.events(project).into_iter();
    events
        .map(|event| (text(event, "SK"), event.clone()))
        .collect()
}

/// What was recorded in a project while something happened, and its answer.
async fn recorded(
    world: &World,
    project: &str,
    deed: impl Future<Output = Answer>,
) -> (Answer, Vec<Value>) {
    let before = events(world, project).await;
    let answer = deed.await;
    let mut after = events(world, project).await;
    after.retain(|id, _| !before.contains_key(id));
    (answer, after.into_values().collect())
}

/// The one event that a change leaves: who did what to which resource, and which fields changed, without their values.
async fn changed(
    (project, caller): (&str, &Client),
    (action, operation): (&str, &str),
    deed: impl Future<Output = Answer>,
) -> (Answer, Value) {
    let (answer, events) = recorded(world().await, project, deed).await;
    assert!(
        (200..300).contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text
    );
    let [event] = &events[..] else {
        panic!("one event, not {events:?}")
    };
    assert_eq!(
        (&event["action"], &event["operation"]),
        (&json!(action), &json!(operation))
    );
    assert_eq!(event["outcome"], "0");
    assert_eq!(
        event["who"]["reference"],
        format!("ClientApplication/{}", caller.id())
    );
    let said = event.to_string().to_lowercase();
    assert!(!said.contains(CANARY) && !said.contains('@'), "{event}");
    (answer, event.clone())
}

fn fields(event: &Value) -> Vec<&str> {
    let fields = event["fields"].as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn every_change_of_a_member_leaves_one_event_with_names_of_fields_and_no_values() {
    let world = world().await;
    let project = world.project("Recorded").await;
    let admin = &project.admin;
    let place = (project.id.as_str(), admin);

    let body = person(&format!("{CANARY}.change@example.com"));
    let (invited, event) = changed(place, ("C", "invite"), project.invite(admin, &body)).await;
    let what = format!("ProjectMembership/{}", invited.id());
    assert_eq!(event["what"]["reference"], what);
    assert!(
        fields(&event).contains(&"user") && fields(&event).contains(&"profile"),
        "{event}"
    );

    let mut member = invited.body;
    member["externalId"] = json!(CANARY);
    member["admin"] = json!(true);
    let (_, event) = changed(
        place,
        ("U", "update-membership"),
        project.update(admin, &member),
    )
    .await;
    assert_eq!(event["what"]["reference"], what);
    assert_eq!(
        event["fields"],
        json!({ "externalId": "added", "admin": "added" })
    );

    let mut again = body.clone();
    again["upsert"] = json!(true);
    // With an external id the request would mean a user of this project alone.
    again["scope"] = json!("server");
    again["membership"] = json!({ "externalId": format!("{CANARY}-2") });
    let (_, event) = changed(place, ("U", "invite"), project.invite(admin, &again)).await;
    assert_eq!(event["fields"], json!({ "externalId": "changed" }));

    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    let (_, event) = changed(place, ("D", "remove-member"), admin.delete(&path)).await;
    assert_eq!(event["what"]["reference"], what);
}

#[tokio::test]
async fn the_making_of_an_application_or_a_resource_leaves_one_event() {
    let world = world().await;
    let project = world.project("Recorded things").await;
    let place = (project.id.as_str(), &project.admin);
    let path = project.path("client");
    let body = json!({ "name": CANARY });
    let (made, event) = changed(
        place,
        ("C", "create-client"),
        project.admin.post(&path, &body),
    )
    .await;
    assert_eq!(
        event["what"]["reference"],
        format!("ClientApplication/{}", made.id())
    );
    let secret = made.body["secret"].as_str().unwrap();
    assert!(!event.to_string().contains(secret));

    let before = events(world, &project.id).await.len();
    let patient = json!({ "resourceType": "Patient", "name": [{ "family": CANARY }] });
    let made = project
        .admin
        .post("/fhir/R4/Patient", &patient)
        .await
        .must(201);
    let after = events(world, &project.id).await;
    assert_eq!(after.len(), before + 1);
    let what = format!("Patient/{}", made.id());
    let event = after
        .values()
        .find(|event| event["what"]["reference"] == what.as_str());
    assert!(!event.expect("the event").to_string().contains(CANARY));
}

#[tokio::test]
async fn the_making_of_a_project_is_recorded_in_that_project() {
    let world = world().await;
    let body = json!({ "resourceType": "Project", "name": "Recorded making" });
    let bare = world.root().post("/fhir/R4/Project", &body).await.must(201);
    let init = json!({ "name": "Recorded start", "ownerEmail": "recorded.owner@example.com" });
    let started = world
        .root()
        .post("/fhir/R4/Project/$init", &init)
        .await
        .must(201);
    for (project, operation) in [
        (bare.id(), "create-project"),
        (started.id(), "init-project"),
    ] {
        let events: Vec<_> = events(world, project).await.into_values().collect();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["operation"], operation);
        assert_eq!(events[0]["what"]["reference"], format!("Project/{project}"));
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_event() {
    let world = world().await;
    let project = world.project("Nothing").await;
    let body = person("nothing.recorded@example.com");
    let member = project.invite(&project.admin, &body).await.must(200).body;
    let (answer, events) =
        recorded(world, &project.id, project.update(&project.admin, &member)).await;
    answer.must(200);
    assert!(events.is_empty(), "{events:?}");
}

/// A refusal leaves one event in the caller's project: who was refused what, and why.
async fn refused(
    project: &Project,
    (caller, status): (&Client, u16),
    deed: impl Future<Output = Answer>,
) {
    let (answer, events) = recorded(world().await, &project.id, deed).await;
    assert_eq!(answer.status, status, "{}", answer.text);
    let [event] = &events[..] else {
        panic!("one event, not {events:?}")
    };
    assert_eq!(event["outcome"], "4");
    assert_eq!(
        event["who"]["reference"],
        format!("ClientApplication/{}", caller.id())
    );
    assert_eq!(event["description"], answer.issue_text(), "{event}");
    assert!(!event.to_string().contains('@'), "{event}");
}

#[tokio::test]
async fn every_decision_against_a_caller_leaves_one_event() {
    let world = world().await;
    let project = world.project("Refused").await;
    let admin = &project.admin;
    let body = person("refused@example.com");
    project.invite(admin, &body).await.must(200);
    let plain = project.application("Plain").await;

    refused(&project, (&plain, 403), project.invite(&plain, &body)).await;
    refused(&project, (admin, 409), project.invite(admin, &body)).await;
    let mut own = project
        .membership(&format!("ClientApplication/{}", admin.id()))
        .await;
    let path = project.path(&format!("members/{}", own["id"].as_str().unwrap()));
    refused(&project, (admin, 409), admin.delete(&path)).await;
    own["admin"] = json!(false);
    refused(&project, (admin, 409), project.update(admin, &own)).await;
    refused(&project, (&plain, 403), plain.get(&path)).await;
}

#[tokio::test]
async fn a_stranger_is_recorded_at_home_and_not_where_he_knocked() {
    let world = world().await;
    let (home, foreign) = (world.project("Home").await, world.project("Foreign").await);
    let before = events(world, &foreign.id).await.len();
    refused(
        &home,
        (&home.admin, 403),
        foreign.invite(&home.admin, &person("knock@example.com")),
    )
    .await;
    let path = foreign.path("client");
    refused(
        &home,
        (&home.admin, 403),
        home.admin.post(&path, &json!({ "name": "x" })),
    )
    .await;
    assert_eq!(events(world, &foreign.id).await.len(), before);
}

#[tokio::test]
async fn mistakes_of_form_credentials_and_versions_leave_no_event() {
    let world = world().await;
    let project = world.project("Mistakes").await;
    let admin = &project.admin;
    let body = person("mistakes@example.com");
    let member = project.invite(admin, &body).await.must(200).body;
    let member_path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    let invite = project.path("invite");
    let keyed = |body: &Value| {
        Request::new("POST", &invite)
            .header("idempotency-key", "mistake")
            .json(body)
    };
    admin
        .send(keyed(&person("mistakes.key@example.com")))
        .await
        .must(200);
    let stale = Request::new("POST", &member_path)
        .header("if-match", "W/\"00000000-0000-7000-8000-000000000000\"")
        .json(&member);
    let post = |body: &str| Request::new("POST", &invite).body("application/json", body.to_owned());
    let requests = [
        (400, post("{")),
        (400, post("{}")),
        (401, post("{}").header("authorization", "Bearer nonsense")),
        (
            404,
            Request::new(
                "GET",
                &project.path("members/00000000-0000-4000-8000-000000000000"),
            ),
        ),
        (404, Request::new("DELETE", &project.path("members/nobody"))),
        (412, stale),
        (
            413,
            post(&format!("{{\"firstName\":\"{}\"}}", "x".repeat(1_100_000))),
        ),
        (422, keyed(&person("mistakes.other@example.com"))),
    ];
    for (status, request) in requests {
        let (answer, events) = recorded(world, &project.id, admin.send(request)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(events.is_empty(), "{status}: {events:?}");
    }
}

#[tokio::test]
async fn ten_refusals_a_minute_are_recorded_and_then_one_summary() {
    let world = world().await;
    let project = world.project("Insistent").await;
    let plain = project.application("Insistent application").await;
    let body = person("insistent@example.com");
    let answers = at_once(26, |_| {
        let (project, plain, body) = (project.clone(), plain.clone(), body.clone());
        async move { project.invite(&plain, &body).await }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 403));
    let who = format!("ClientApplication/{}", plain.id());
    let mut minutes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for event in events(world, &project.id).await.into_values() {
        if event["who"]["reference"] == who.as_str() {
            let minute = minutes
                .entry(text(&event, "recorded")[..16].to_owned())
                .or_default();
            match event["description"].as_str() {
                Some("Forbidden") => minute.0 += 1,
                _ => minute.1 += 1,
            }
        }
    }
    assert!(
        minutes
            .values()
            .all(|(single, summary)| *single <= 10 && *summary <= 1),
        "{minutes:?}"
    );
    // However the calls fall into minutes, one of them has more than ten.
    assert!(
        minutes.values().any(|minute| *minute == (10, 1)),
        "{minutes:?}"
    );
}
