//! Who one is in a session: what `auth/me` tells, from where one may come, scopes, and standing in for somebody.

use harness::world::Request;
use serde_json::json;

use super::{member, organization, patient, policy, search, signed_in, sorted, to, under};
use crate::sign_in::{sign_in, wish};
use crate::world::{address, create, reference, with, world};

#[tokio::test]
async fn a_member_is_told_his_effective_policy_with_the_parameters_put_in() {
    let project = world().await.project("Told").await;
    let ward = organization(&project, "Ward").await;
    let rules = policy(&project, json!([
        { "resourceType": "Patient", "criteria": "Patient?organization=%ward", "hiddenFields": ["photo"] },
        { "resourceType": "Patient", "criteria": "Patient?_id=%profile.id", "readonly": true },
    ]))
    .await;
    let access = json!([{ "policy": to(&rules), "parameter": [{ "name": "ward", "valueReference": to(&ward) }] }]);
    let (alice, membership) = member(
        &project,
        ("Practitioner", "alice"),
        json!({ "access": access }),
    )
    .await;
    let me = alice.get("/auth/me").await.must(200).body;
    let profile = membership["profile"]["reference"].as_str().unwrap();
    let (_, id) = profile.split_once('/').unwrap();
    assert_eq!(
        me["accessPolicy"],
        json!({
            "resourceType": "AccessPolicy",
            "basedOn": [{ "reference": reference(&rules), "display": "Rules" }],
            "resource": [
                { "resourceType": "Patient", "criteria": format!("Patient?organization={}", reference(&ward)), "hiddenFields": ["photo"] },
                { "resourceType": "Patient", "criteria": format!("Patient?_id={id}"), "readonly": true,
                  "interaction": ["search", "read", "history", "vread"] },
                { "resourceType": "SearchParameter", "readonly": true },
                { "resourceType": "StructureDefinition", "readonly": true },
            ],
        })
    );
}

#[tokio::test]
async fn a_session_with_smart_scopes_does_no_more_than_they_say() {
    let project = world().await.project("Scopes").await;
    under(
        &project,
        "alice",
        json!([{ "resourceType": "Patient" }, { "resourceType": "Task" }]),
    )
    .await;
    let alice = signed_in(
        &project,
        &address("alice", &project),
        "openid user/Patient.rs",
    )
    .await;
    alice.get("/fhir/R4/Patient").await.must(200);
    alice.get("/fhir/R4/Task").await.must(403);
    let body = json!({ "resourceType": "Patient" });
    alice.post("/fhir/R4/Patient", &body).await.must(403);
}

#[tokio::test]
async fn who_comes_from_a_blocked_address_does_not_get_in() {
    let project = world().await.project("Addresses").await;
    let rules = |action: &str| {
        json!({
            "resourceType": "AccessPolicy", "name": "Addresses", "resource": [{ "resourceType": "Patient" }],
            "ipAccessRule": [{ "name": "local", "value": "127.", "action": action }, { "value": "*", "action": "block" }],
        })
    };
    let blocks = create(&project.admin, rules("block")).await;
    let allows = create(&project.admin, rules("allow")).await;
    member(
        &project,
        ("Practitioner", "in"),
        json!({ "accessPolicy": to(&allows) }),
    )
    .await;
    let out = address("out", &project);
    let body = json!({ "password": "correct horse 9", "sendEmail": false, "membership": { "accessPolicy": to(&blocks) } });
    let body = with(crate::world::alice(&out), body);
    project.invite(&project.admin, &body).await.must(200);
    let refused = sign_in(world().await, &wish(&out)).await.must(400);
    assert_eq!(refused.issue_text(), "IP address not allowed");

    let app = project.application("App").await;
    let mut membership = project
        .membership(&format!("ClientApplication/{}", app.id()))
        .await;
    app.token().await;
    membership["accessPolicy"] = to(&blocks);
    project.update(&project.admin, &membership).await.must(200);
    let form = "grant_type=client_credentials".to_owned();
    let request = Request::new("POST", "/oauth2/token").body(crate::samples::FORM, form);
    let refused = app.send(request).await.must(400);
    assert!(
        refused.text.contains("IP address not allowed"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn an_administrator_who_stands_in_for_a_member_has_his_rights_and_signs_with_his_own_name() {
    let world = world().await;
    let project = world.project("On behalf").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let mine = patient(&project, &own, json!({})).await;
    patient(&project, &other, json!({})).await;
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules = policy(
        &project,
        json!([{ "resourceType": "Patient", "criteria": criteria }]),
    )
    .await;
    let membership = json!({ "accessPolicy": to(&rules) });
    let (alice, alices) = member(&project, ("Practitioner", "alice"), membership).await;
    let admin = project.admin.token().await;
    let header = "x-medplum-on-behalf-of";
    let ask = |path: &str, whom: &str| Request::new("GET", path).header(header, whom);
    let profile = alices["profile"]["reference"].as_str().unwrap();
    let whom = reference(&alices);
    let whom = whom.as_str();
    for whom in [whom, profile] {
        let answer = admin.send(ask("/fhir/R4/Patient", whom)).await.must(200);
        assert_eq!(super::found(&answer), sorted(&[&mine]), "{whom}");
    }
    admin.send(ask("/fhir/R4/Task", whom)).await.must(403);
    // The target is no administrator: neither is who stands in for her.
    admin
        .send(ask("/fhir/R4/ProjectMembership", whom))
        .await
        .must(403);
    admin
        .send(ask(&format!("/admin/projects/{}", project.id), whom))
        .await
        .must(403);
    let body = json!({ "resourceType": "Patient", "managingOrganization": to(&own) });
    let request = Request::new("POST", "/fhir/R4/Patient").json(&body);
    let request = request.header(header, whom).header("x-medplum", "extended");
    let made = admin.send(request).await.must(201).body;
    assert_eq!(made["meta"]["onBehalfOf"]["reference"], profile);
    let author = format!("ClientApplication/{}", project.admin.id());
    assert_eq!(made["meta"]["author"]["reference"], author);
    let elsewhere = world.project("Elsewhere").await;
    let foreign = crate::world::invited(
        &elsewhere,
        &crate::world::alice(&address("eve", &elsewhere)),
    )
    .await;
    for whom in [
        reference(&foreign).as_str(),
        "ProjectMembership/00000000-0000-4000-8000-000000000001",
        "nobody",
        foreign["profile"]["reference"].as_str().unwrap(),
        "Practitioner/00000000-0000-4000-8000-000000000001",
        reference(&own).as_str(),
    ] {
        let answer = admin.send(ask("/fhir/R4/Patient", whom)).await.must(404);
        assert_eq!(answer.issue_text(), "Not found", "{whom}");
        alice.send(ask("/fhir/R4/Patient", whom)).await.must(403);
    }
    assert_eq!(search(&alice, "Patient").await.len(), 2);
}
