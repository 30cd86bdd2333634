//! Searching resources by type (contract: search): what an index answers, what is read and filtered, and what nobody may see.

mod audit;
mod people;
mod subjects;
mod table;
mod walking;

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::samples::FORM;
use crate::world::{address, alice, create, invited, reference, with, world};

/// The resources of an answer.
fn found(answer: &Answer) -> Vec<Value> {
    let entries = answer.body["entry"].as_array().into_iter().flatten();
    entries.map(|entry| entry["resource"].clone()).collect()
}

/// One field of each resource that a search finds, sorted.
async fn each(caller: &Client, search: &str, field: &str) -> Vec<String> {
    let answer = caller.get(&format!("/fhir/R4/{search}")).await.must(200);
    let texts = found(&answer).into_iter().map(|it| match &it[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

async fn policy(project: &Project, name: &str) -> Value {
    let body = json!({ "resourceType": "AccessPolicy", "name": name, "resource": [{ "resourceType": "Patient" }] });
    create(&project.admin, body).await
}

#[tokio::test]
async fn a_picker_finds_policies_by_the_beginning_of_their_name() {
    let project = world().await.project("Pickers").await;
    for name in ["Nurses", "nursery", "Doctors"] {
        policy(&project, name).await;
    }
    let nameless =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
    create(&project.admin, nameless).await;
    let names =
        async |search: &str| each(&project.admin, &format!("AccessPolicy?{search}"), "name").await;
    assert_eq!(names("name=nurs&_count=10").await, ["Nurses", "nursery"]);
    assert_eq!(
        names("name=&_count=10").await,
        ["Doctors", "Nurses", "nursery"]
    );
    assert_eq!(names("name:exact=nursery").await, ["nursery"]);
    assert_eq!(names("name:exact=Nursery").await, [""; 0]);
    assert_eq!(names("name:contains=RSE").await, ["Nurses", "nursery"]);
    assert_eq!(names("name=doc,nurses").await, ["Doctors", "Nurses"]);
    assert_eq!(names("name:missing=true").await, ["null"]);
    assert_eq!(names("_sort=-name").await.len(), 4);
    let first = project
        .admin
        .get("/fhir/R4/AccessPolicy?name=nurs&_count=1&_total=accurate")
        .await;
    assert_eq!(first.body["total"], 2);
    let links: Vec<_> = first.body["link"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            it["url"]
                .as_str()
                .unwrap()
                .split_once("AccessPolicy?")
                .unwrap()
                .1
                .to_owned()
        })
        .collect();
    assert_eq!(
        links,
        [
            "_count=1&_total=accurate&name=nurs",
            "_count=1&_total=accurate&name=nurs",
            "_count=1&_offset=1&_total=accurate&name=nurs"
        ]
    );
}

#[tokio::test]
async fn a_form_asks_the_same() {
    let project = world().await.project("Forms").await;
    policy(&project, "One").await;
    let request =
        Request::new("POST", "/fhir/R4/AccessPolicy/_search").body(FORM, "name=one".to_owned());
    let answer = project.admin.send(request).await.must(200);
    assert_eq!(found(&answer)[0]["name"], "One");
    assert_eq!(answer.body["type"], "searchset");
}

#[tokio::test]
async fn unknown_types_parameters_and_orders_are_refused_in_words() {
    let project = world().await.project("Words").await;
    let cases = [
        ("Bogus", 400, "Unknown resource type"),
        ("Bogus?x=1", 400, "Unknown resource type"),
        ("Patient?bogus=1", 400, "Unknown search parameter: bogus"),
        (
            "Patient?_sort=bogus",
            400,
            "Unknown search parameter: bogus",
        ),
        (
            "Patient?name=%00",
            400,
            "Search filter value cannot contain null bytes",
        ),
        (
            "Patient?_lastUpdated=soon",
            400,
            "Invalid format for date search parameter: soon",
        ),
        (
            "Patient?active=maybe",
            400,
            "Boolean search value must be 'true' or 'false'",
        ),
        (
            "AccessPolicy?name:not=x",
            400,
            "Unsupported string search operator: not",
        ),
        (
            "Patient?_filter=(name%20eq%20x",
            400,
            "Invalid _filter expression: (name eq x",
        ),
        (
            "Patient?_filter=name%20eq%20x%20or",
            400,
            "Invalid _filter expression: name eq x or",
        ),
        (
            "Patient?_filter=not%20(name%20eq%20x)",
            400,
            "Invalid _filter expression: not (name eq x)",
        ),
        (
            "Patient?_filter=name%20eq%20x%20or%20bogus%20eq%20y",
            400,
            "Unknown search parameter: bogus",
        ),
        (
            "Patient?organization.name=x",
            400,
            "Chained search is not supported for Patient",
        ),
        (
            "Patient?_revinclude=AuditEvent:entity",
            400,
            "_revinclude is not supported for Patient",
        ),
        (
            "Patient?_deleted=true",
            400,
            "_deleted is not supported for Patient",
        ),
        ("Patient?_cursor=nonsense", 400, "Invalid cursor"),
        ("AuditEvent?_cursor=nonsense", 400, "Invalid cursor"),
        (
            "AuditEvent?_sort=agent",
            400,
            "AuditEvent is sorted by -date only",
        ),
        ("Login", 403, "Forbidden"),
        ("JsonWebKey", 403, "Forbidden"),
        ("DomainConfiguration", 403, "Forbidden"),
    ];
    for (search, status, text) in cases {
        let answer = project.admin.get(&format!("/fhir/R4/{search}")).await;
        assert_eq!(
            (answer.status, answer.issue_text()),
            (status, text),
            "{search}"
        );
    }
}

#[tokio::test]
async fn a_project_admin_finds_his_own_project_and_a_super_admin_every_one() {
    let (own, other) = (
        world().await.project("Sirius One").await,
        world().await.project("Sirius Two").await,
    );
    let seen = own
        .admin
        .get("/fhir/R4/Project?_total=accurate")
        .await
        .must(200);
    assert_eq!(seen.body["total"], 1);
    let project = &found(&seen)[0];
    assert_eq!(project["id"], own.id.as_str());
    assert_eq!(project.get("strictMode"), None);
    assert_eq!(
        each(&own.admin, "Project?name=sirius", "name").await,
        ["Sirius One"]
    );
    assert_eq!(
        each(&own.admin, &format!("Project?_id={}", other.id), "name").await,
        [""; 0]
    );
    let root = world().await.root();
    assert_eq!(
        each(root, "Project?name=sirius&_count=10", "name").await,
        ["Sirius One", "Sirius Two"]
    );
    assert_eq!(
        each(root, &format!("Project?_id={}", other.id), "name").await,
        ["Sirius Two"]
    );
    let all = root
        .get("/fhir/R4/Project?_count=1&_total=accurate")
        .await
        .must(200);
    assert!(all.body["total"].as_u64().unwrap() >= 2, "{}", all.text);
    let newest = root
        .get("/fhir/R4/Project?_count=1&_sort=-_lastUpdated")
        .await
        .must(200);
    assert_eq!(found(&newest).len(), 1);
}

#[tokio::test]
async fn applications_are_found_with_their_secret_as_recorded_and_come_along_without() {
    let project = world().await.project("Vault").await;
    let made = project
        .admin
        .post(&project.path("client"), &json!({ "name": "Kiosk" }))
        .await
        .must(201)
        .body;
    let answer = project
        .admin
        .get("/fhir/R4/ClientApplication?name=kiosk")
        .await
        .must(200);
    assert_eq!(found(&answer)[0]["secret"], made["secret"]);
    let path = format!(
        "/fhir/R4/ProjectMembership?profile={}&_include=ProjectMembership:profile&_include=ProjectMembership:user",
        reference(&made)
    );
    let answer = project.admin.get(&path).await.must(200);
    let along = &found(&answer)[1];
    assert_eq!(
        (along["id"].as_str(), found(&answer).len()),
        (made["id"].as_str(), 2)
    );
    assert!(!answer.text.contains("ecret"), "{}", answer.text);
}

#[tokio::test]
async fn nothing_of_another_project_is_ever_found() {
    let (own, other) = (
        world().await.project("Own").await,
        world().await.project("Other").await,
    );
    let patient = create(
        &other.admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Foreign" }] }),
    )
    .await;
    let invited = invited(
        &other,
        &with(
            alice(&address("foreign", &other)),
            json!({ "resourceType": "Patient" }),
        ),
    )
    .await;
    let id = patient["id"].as_str().unwrap();
    let searches = [
        format!("Patient?_id={id}"),
        format!("Patient?_project={}", other.id),
        format!("Patient?_project={}&_id={id}", other.id),
        "Patient?name=foreign".to_owned(),
        format!(
            "Patient?_has:ProjectMembership:profile:project=Project/{}",
            other.id
        ),
        format!("Patient?email={}", address("foreign", &other)),
        format!("User?email={}", address("foreign", &other)),
        format!(
            "User?_id={}",
            invited["user"]["reference"].as_str().unwrap()
        ),
        format!("User?_project={}", other.id),
        format!("AuditEvent?_project={}", other.id),
        format!("AuditEvent?entity={}", reference(&patient)),
        format!("ProjectMembership?email={}", address("foreign", &other)),
        format!("Project?_id={}", other.id),
    ];
    for search in searches {
        let answer = own.admin.get(&format!("/fhir/R4/{search}")).await.must(200);
        assert_eq!(answer.body.get("entry"), None, "{search}: {}", answer.text);
        let answer = other
            .admin
            .get(&format!("/fhir/R4/{search}"))
            .await
            .must(200);
        assert!(
            answer.body.get("entry").is_some(),
            "{search}: {}",
            answer.text
        );
    }
    let root = world().await.root();
    let led = each(
        root,
        &format!("Patient?_project={}&name=foreign", other.id),
        "id",
    )
    .await;
    assert_eq!(led, [id]);
}
