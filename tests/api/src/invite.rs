//! Inviting a person (contract: invite; design: where we differ from upstream on purpose).

mod faults;
mod grants;
mod letters;
mod once;
mod people;

use harness::world::{Answer, Project};
use serde_json::{Value, json};

use crate::world::{address, alice, invited, with, world};

async fn project() -> Project {
    world().await.project("Invites").await
}

async fn invite(project: &Project, body: Value) -> Answer {
    project.invite(&project.admin, &body).await
}

fn patient(email: &str) -> Value {
    with(alice(email), json!({ "resourceType": "Patient" }))
}

/// A user as the bootstrap client reads him.
async fn user_of(member: &Value) -> Value {
    let user = member["user"]["reference"].as_str().unwrap();
    let read = world().await.root().get(&format!("/fhir/R4/{user}")).await;
    read.must(200).body
}

#[tokio::test]
async fn an_invite_answers_200_with_the_whole_membership() {
    let project = project().await;
    let email = address("alice", &project);
    let answer = invite(&project, alice(&email)).await.must(200);
    let member = &answer.body;
    assert_eq!(member["resourceType"], "ProjectMembership");
    assert_eq!(
        member["project"],
        json!({ "reference": format!("Project/{}", project.id), "display": "Invites" })
    );
    assert_eq!(member["user"]["display"], email);
    assert_eq!(member["profile"]["display"], "Alice Smith");
    assert!(
        member["profile"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Practitioner/")
    );
    assert_eq!(
        member["invitedBy"]["reference"],
        format!("ClientApplication/{}", project.admin.id())
    );
    assert_eq!(member["meta"]["author"]["reference"], "system");
    assert_eq!(member.get("admin"), None);
    assert_eq!(
        answer.header("etag"),
        format!("W/\"{}\"", member["meta"]["versionId"].as_str().unwrap())
    );
    assert!(answer.header("last-modified").ends_with("GMT"));
    assert!(
        answer
            .header("content-type")
            .starts_with("application/fhir+json")
    );
}

#[tokio::test]
async fn who_is_invited_is_in_the_next_list() {
    let project = project().await;
    for n in 0..5 {
        let member = invited(&project, &alice(&address(&format!("p{n}"), &project))).await;
        let list = project
            .admin
            .get("/fhir/R4/ProjectMembership?profile-type:not=ClientApplication,Bot")
            .await;
        let entries = list.must(200).body["entry"].take();
        assert_eq!(entries.as_array().unwrap().len(), n + 1);
        assert!(entries.to_string().contains(member["id"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn the_scope_of_a_new_user_follows_type_external_id_and_request() {
    let project = project().await;
    let cases = [
        ("Practitioner", json!({}), false),
        ("Practitioner", json!({ "scope": "project" }), true),
        ("Practitioner", json!({ "externalId": "s-1" }), true),
        (
            "Practitioner",
            json!({ "externalId": "s-2", "scope": "server" }),
            false,
        ),
        ("Patient", json!({}), true),
        ("Patient", json!({ "scope": "server" }), true),
        ("Patient", json!({ "scope": "project" }), true),
    ];
    for (n, (kind, fields, inside)) in cases.into_iter().enumerate() {
        let body = with(
            alice(&address(&format!("s{n}"), &project)),
            json!({ "resourceType": kind }),
        );
        let member = invited(&project, &with(body, fields.clone())).await;
        let user = user_of(&member).await;
        let reference = format!("Project/{}", project.id);
        let expected = inside.then_some(reference.as_str());
        assert_eq!(
            user["project"]["reference"].as_str(),
            expected,
            "{kind} {fields}"
        );
        let path = format!("/fhir/R4/{}", member["user"]["reference"].as_str().unwrap());
        let seen = project.admin.get(&path).await.status;
        assert_eq!(seen, if inside { 200 } else { 404 }, "{kind} {fields}");
    }
}

#[tokio::test]
async fn a_person_without_an_address_is_a_new_person_each_time() {
    let project = project().await;
    let body = |id: &str| json!({ "resourceType": "Patient", "firstName": "Bart", "lastName": "Simpson", "externalId": id });
    let (one, two) = (
        invited(&project, &body("x-1")).await,
        invited(&project, &body("x-2")).await,
    );
    assert_ne!(one["user"], two["user"]);
    assert_ne!(one["profile"]["reference"], two["profile"]["reference"]);
    assert_eq!(one["externalId"], "x-1");
}

#[tokio::test]
async fn another_projects_administrator_a_member_and_a_stranger_cannot_invite() {
    let (project, other) = (project().await, project().await);
    let body = alice(&address("alice", &project));
    let member = project.application("Member").await;
    project.invite(&member, &body).await.must(403);
    project.invite(&other.admin, &body).await.must(403);
    project
        .invite(&world().await.anonymous(), &body)
        .await
        .must(401);
    let list = project
        .admin
        .get("/fhir/R4/ProjectMembership?profile-type=Practitioner")
        .await
        .must(200);
    assert_eq!(list.body.get("entry"), None);
}

#[tokio::test]
async fn a_super_admin_invites_into_the_project_of_the_path() {
    let project = project().await;
    let body = alice(&address("alice", &project));
    let member = project
        .invite(world().await.root(), &body)
        .await
        .must(200)
        .body;
    assert_eq!(
        member["project"]["reference"],
        format!("Project/{}", project.id)
    );
}
