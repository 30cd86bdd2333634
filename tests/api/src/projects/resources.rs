//! Creating and reading the resources that members and policies are about.

use harness::world::{Project, Request, World};
use serde_json::{Value, json};

use crate::world::{address, alice, create, invited, reference, world};

#[tokio::test]
async fn what_is_created_is_read_back() {
    let project = world().await.project("Resources").await;
    let patient = create(
        &project.admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Simpson" }] }),
    )
    .await;
    let bodies = [
        json!({ "resourceType": "Practitioner", "name": [{ "given": ["Nick"], "family": "Riviera" }] }),
        json!({ "resourceType": "RelatedPerson", "patient": { "reference": reference(&patient) } }),
        json!({ "resourceType": "Organization", "name": "Clinic" }),
        json!({ "resourceType": "AccessPolicy", "name": "P", "resource": [{ "resourceType": "Patient" }] }),
        json!({ "resourceType": "Patient", "birthDate": "2000-01-01" }),
    ];
    for body in bodies {
        let made = create(&project.admin, body.clone()).await;
        let read = project
            .admin
            .get(&format!("/fhir/R4/{}", reference(&made)))
            .await
            .must(200);
        assert_eq!(read.body, made);
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&read.body[field], value, "{field}");
        }
        assert_eq!(
            read.header("etag"),
            format!("W/\"{}\"", made["meta"]["versionId"].as_str().unwrap())
        );
    }
}

#[tokio::test]
async fn the_whole_of_meta_is_shown_to_who_asks_for_it() {
    let project = world().await.project("Meta").await;
    let made = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    assert_eq!(
        (made["meta"].get("author"), made["meta"].get("project")),
        (None, None)
    );
    let request = Request::new("GET", &format!("/fhir/R4/{}", reference(&made)))
        .header("x-medplum", "extended");
    let read = project.admin.send(request).await.must(200).body;
    assert_eq!(read["meta"]["project"], project.id);
    assert_eq!(
        read["meta"]["author"]["reference"],
        format!("ClientApplication/{}", project.admin.id())
    );
}

#[tokio::test]
async fn a_resource_belongs_to_the_callers_project_whatever_it_says() {
    let (own, other) = (
        world().await.project("Own").await,
        world().await.project("Other").await,
    );
    let made = create(
        &own.admin,
        json!({ "resourceType": "Patient", "id": "chosen", "meta": { "project": other.id } }),
    )
    .await;
    assert_ne!(made["id"], "chosen");
    own.admin
        .get(&format!("/fhir/R4/{}", reference(&made)))
        .await
        .must(200);
    other
        .admin
        .get(&format!("/fhir/R4/{}", reference(&made)))
        .await
        .must(404);
}

#[tokio::test]
async fn types_that_are_none_or_not_for_hands_are_refused() {
    let project = world().await.project("Types").await;
    let send = async |kind: &str| {
        let body = json!({ "resourceType": kind });
        project.admin.post(&format!("/fhir/R4/{kind}"), &body).await
    };
    assert_eq!(
        send("Bogus").await.must(400).issue_text(),
        "Unknown resource type"
    );
    assert_eq!(
        project
            .admin
            .get("/fhir/R4/Bogus/1")
            .await
            .must(400)
            .issue_text(),
        "Unknown resource type"
    );
    for kind in [
        "Login",
        "JsonWebKey",
        "DomainConfiguration",
        "User",
        "UserSecurityRequest",
        "AuditEvent",
    ] {
        assert_eq!(
            send(kind).await.must(403).issue_text(),
            "Forbidden",
            "{kind}"
        );
    }
    for kind in ["Login", "JsonWebKey", "DomainConfiguration"] {
        project
            .admin
            .get(&format!(
                "/fhir/R4/{kind}/00000000-0000-4000-8000-000000000000"
            ))
            .await
            .must(403);
    }
}

#[tokio::test]
async fn an_administrator_does_not_see_what_the_server_keeps_about_his_project() {
    let project = world().await.project("Hidden").await;
    let read = project
        .admin
        .get(&format!("/fhir/R4/Project/{}", project.id))
        .await
        .must(200)
        .body;
    assert_eq!(read["name"], "Hidden");
    for hidden in ["superAdmin", "systemSecret", "strictMode"] {
        assert_eq!(read.get(hidden), None, "{hidden}");
    }
}

#[tokio::test]
async fn an_invite_is_recorded_where_the_administrator_can_read_it() {
    let project = world().await.project("Audit").await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let events = events(world().await, &project, &member).await;
    let invites: Vec<&Value> = events
        .iter()
        .filter(|event| event["subtype"][0]["display"] == "invite")
        .collect();
    assert_eq!(invites.len(), 1);
    assert_eq!(
        invites[0]["entity"][0]["what"]["reference"],
        reference(&member)
    );
    assert_eq!(
        invites[0]["agent"][0]["who"]["reference"],
        format!("ClientApplication/{}", project.admin.id())
    );
    assert_eq!(
        (
            invites[0]["action"].as_str(),
            invites[0]["outcome"].as_str()
        ),
        (Some("C"), Some("0"))
    );
}

#[tokio::test]
async fn a_refusal_is_recorded_too() {
    let project = world().await.project("Audit").await;
    let plain = project.application("Plain").await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    plain.get(&project.path("members/x")).await.must(403);
    let who = format!("ClientApplication/{}", plain.id());
    let events = events(world().await, &project, &member).await;
    let refused = events
        .iter()
        .find(|event| event["agent"][0]["who"]["reference"] == who.as_str());
    assert_eq!(refused.unwrap()["outcomeDesc"], "Forbidden");
}

/// Every event of the day of `resource`, as the project's administrator reads it.
async fn events(world: &World, project: &Project, resource: &Value) -> Vec<Value> {
    let day = resource["meta"]["lastUpdated"].as_str().unwrap()[..10].replace('-', "");
    let mut all = Vec::new();
    for shard in "0123456789abcdef".chars() {
        for row in world
            .rows(&format!("P#{}#A#{day}#{shard}", project.id))
            .await
        {
            let path = format!("/fhir/R4/AuditEvent/{}", row["SK"]["S"].as_str().unwrap());
            all.push(project.admin.get(&path).await.must(200).body);
        }
    }
    all
}
