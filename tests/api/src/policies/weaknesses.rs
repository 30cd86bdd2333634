//! What the recorded server was seen to allow, and this one does not: each test attacks and fails.

use harness::world::Request;
use serde_json::json;

use super::{found, member, organization, patient, policy, read, to};
use crate::world::{create, reference, with, world};

#[tokio::test]
async fn an_administrator_cannot_read_a_foreign_patient_by_making_it_his_profile() {
    let (own, other) = (
        world().await.project("Own").await,
        world().await.project("Other").await,
    );
    let secret = create(
        &other.admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Burns-Foreign" }] }),
    )
    .await;
    let (admin, membership) =
        member(&own, ("Practitioner", "admin"), json!({ "admin": true })).await;
    let moved = with(membership, json!({ "profile": to(&secret) }));
    own.update(&admin, &moved).await.must(404);
    let me = admin.get("/auth/me").await.must(200);
    assert!(!me.text.contains("Burns-Foreign"), "{}", me.text);
}

#[tokio::test]
async fn the_value_of_a_parameter_is_no_text_of_a_policy() {
    let project = world().await.project("Injection").await;
    let own = organization(&project, "Own").await;
    let own = patient(&project, &own, json!({ "name": [{ "family": "Own" }] })).await;
    let other = create(
        &project.admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Other" }] }),
    )
    .await;
    let rules = policy(
        &project,
        json!([{ "resourceType": "Patient", "criteria": "Patient?family=%name" }]),
    )
    .await;
    for (n, hostile) in [
        "x\"},{\"resourceType\":\"*",
        "Own,Other",
        "x&_lastUpdated=ge2000-01-01",
        "x%26_lastUpdated=ge2000-01-01",
        "%profile",
        "",
        "\\",
        "*",
    ]
    .into_iter()
    .enumerate()
    {
        let access = json!({ "access": [{ "policy": to(&rules), "parameter": [{ "name": "name", "valueString": hostile }] }] });
        let body = json!({ "resourceType": "Practitioner", "firstName": "A", "lastName": "B", "membership": access,
            "email": crate::world::address(&format!("m{n}"), &project), "password": "correct horse 9", "sendEmail": false });
        let answer = project.invite(&project.admin, &body).await;
        if answer.status == 400 {
            continue;
        }
        let email = crate::world::address(&format!("m{n}"), &project);
        let eve = super::signed_in(&project, &email, "openid").await;
        for patient in [&own, &other] {
            read(&eve, patient).await.must(404);
        }
        let page = eve.get("/fhir/R4/Patient?_total=accurate").await.must(200);
        assert_eq!(
            (found(&page), &page.body["total"]),
            (Vec::new(), &json!(0)),
            "{hostile}"
        );
        eve.get("/fhir/R4/Observation").await.must(403);
        let me = eve.get("/auth/me").await.must(200).body;
        assert_eq!(
            me["accessPolicy"]["resource"].as_array().unwrap().len(),
            3,
            "{hostile}"
        );
    }
}

#[tokio::test]
async fn a_patient_without_a_policy_reads_himself_and_can_neither_change_nor_make_anything() {
    let project = world().await.project("No policy").await;
    let other = create(
        &project.admin,
        json!({ "resourceType": "Patient", "name": [{ "family": "Other" }] }),
    )
    .await;
    let (bart, membership) = member(&project, ("Patient", "bart"), json!({})).await;
    read(&bart, &other).await.must(404);
    let own = membership["profile"]["reference"]
        .as_str()
        .unwrap()
        .to_owned();
    bart.get(&format!("/fhir/R4/{own}")).await.must(200);
    for kind in [
        "AccessPolicy",
        "ClientApplication",
        "Bot",
        "User",
        "ProjectMembership",
        "Project",
        "AuditEvent",
        "Observation",
        "Practitioner",
    ] {
        bart.get(&format!("/fhir/R4/{kind}")).await.must(403);
    }
    for body in [
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "*" }] }),
        json!({ "resourceType": "ClientApplication", "name": "Mine" }),
        json!({ "resourceType": "Patient" }),
    ] {
        let path = format!("/fhir/R4/{}", body["resourceType"].as_str().unwrap());
        bart.post(&path, &body).await.must(403);
    }
}

#[tokio::test]
async fn a_practitioner_without_a_policy_cannot_raise_himself() {
    let project = world().await.project("Raise").await;
    let rules = policy(&project, json!([{ "resourceType": "Patient" }])).await;
    let (alice, membership) = member(&project, ("Practitioner", "alice"), json!({})).await;
    alice.get("/fhir/R4/Patient").await.must(200);
    let body = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" } });
    alice.post("/fhir/R4/Observation", &body).await.must(201);
    for path in [
        reference(&rules),
        reference(&membership),
        "AccessPolicy".to_owned(),
        "ClientApplication".to_owned(),
    ] {
        alice.get(&format!("/fhir/R4/{path}")).await.must(403);
    }
    for body in [
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "*" }] }),
        json!({ "resourceType": "ClientApplication", "name": "Mine" }),
        json!({ "resourceType": "Bot", "name": "Mine" }),
    ] {
        let path = format!("/fhir/R4/{}", body["resourceType"].as_str().unwrap());
        alice.post(&path, &body).await.must(403);
    }
    let raised = with(membership, json!({ "admin": true }));
    project.update(&alice, &raised).await.must(403);
}

#[tokio::test]
async fn a_project_may_give_members_without_a_policy_everything_as_recorded() {
    let world = world().await;
    let body = json!({
        "resourceType": "Project", "name": "As recorded",
        "setting": [{ "name": "fullAccessWithoutPolicy", "valueBoolean": true }],
    });
    let project = world
        .root()
        .post("/fhir/R4/Project", &body)
        .await
        .must(201)
        .body;
    let path = format!("/admin/projects/{}/client", project["id"].as_str().unwrap());
    let app = world
        .root()
        .post(&path, &json!({ "name": "App" }))
        .await
        .must(201)
        .body;
    let app = world
        .anonymous()
        .basic(app["id"].as_str().unwrap(), app["secret"].as_str().unwrap());
    app.get("/fhir/R4/AccessPolicy").await.must(200);
    app.get("/fhir/R4/ProjectMembership").await.must(403);
}

#[tokio::test]
async fn a_chained_search_reveals_nobody_else() {
    let project = world().await.project("Chains").await;
    let alice = super::under(
        &project,
        "alice",
        json!([{ "resourceType": "Observation" }]),
    )
    .await;
    for query in [
        "Observation?subject:Patient.name=x",
        "Observation?_has:ProjectMembership:profile:project=Project/x",
        "Patient?_has:ProjectMembership:profile:project=Project/x",
    ] {
        let answer = alice
            .send(Request::new("GET", &format!("/fhir/R4/{query}")))
            .await;
        assert!(
            [400, 403].contains(&answer.status),
            "{query}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn what_is_not_of_a_kind_includes_what_has_none_also_under_a_policy() {
    let project = world().await.project("Not").await;
    for body in [
        json!({ "gender": "male" }),
        json!({ "gender": "female" }),
        json!({}),
    ] {
        create(
            &project.admin,
            with(json!({ "resourceType": "Patient" }), body),
        )
        .await;
    }
    let rules = json!([{ "resourceType": "Patient", "criteria": "Patient?gender:not=male" }]);
    let alice = super::under(&project, "alice", rules).await;
    assert_eq!(super::search(&alice, "Patient").await.len(), 2);
    assert_eq!(
        super::search(&alice, "Patient?gender:not=female")
            .await
            .len(),
        1
    );
}
