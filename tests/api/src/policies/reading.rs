//! Reading and searching under a policy with parameters: seen is what the values name, everything else is not there.

use serde_json::{Value, json};

use super::{found, member, organization, patient, policy, read, search, sorted, to, under};
use crate::world::{create, reference, world};

/// The policy of the seed guide, with two values for its parameter.
#[tokio::test]
async fn a_member_of_two_organizations_sees_their_resources_and_no_third() {
    let project = world().await.project("Three organizations").await;
    let mut organizations = Vec::new();
    let mut patients = Vec::new();
    for name in ["One", "Two", "Three"] {
        let of = organization(&project, name).await;
        patients.push(patient(&project, &of, json!({ "name": [{ "family": name }] })).await);
        organizations.push(of);
    }
    let rules = json!([
        { "resourceType": "Patient", "criteria": "Patient?organization=%provider_organization" },
        { "resourceType": "Organization", "criteria": "Organization?_id=%provider_organization.id" },
    ]);
    let rules = policy(&project, rules).await;
    let access = |of: &Value| json!({ "policy": to(&rules), "parameter": [{ "name": "provider_organization", "valueReference": to(of) }] });
    let membership = json!({ "access": [access(&organizations[0]), access(&organizations[1])] });
    let (alice, _) = member(&project, ("Practitioner", "alice"), membership).await;

    for (at, status) in [(0, 200), (1, 200), (2, 404)] {
        read(&alice, &patients[at]).await.must(status);
        read(&alice, &organizations[at]).await.must(status);
    }
    let own = sorted(&[&patients[0], &patients[1]]);
    for query in [
        "Patient",
        "Patient?_sort=name",
        "Patient?_sort=-_lastUpdated",
        "Patient?_sort=birthdate",
        "Patient?name=one,two,three",
        "Patient?_lastUpdated=ge2020-01-01",
        "Patient?_count=2",
        &format!("Patient?_id={}", ids(&patients)),
        &format!("Patient?organization={}", references(&organizations)),
    ] {
        assert_eq!(search(&alice, query).await, own, "{query}");
    }
    let own = sorted(&[&organizations[0], &organizations[1]]);
    for query in [
        "Organization",
        "Organization?name=t,o",
        "Organization?_sort=name",
    ] {
        assert_eq!(search(&alice, query).await, own, "{query}");
    }
    let counted = alice
        .get("/fhir/R4/Patient?_total=accurate&_summary=count")
        .await
        .must(200);
    assert_eq!(counted.body["total"], 2);
    for query in [
        format!("Patient?organization={}", reference(&organizations[2])),
        "Patient?name=three".to_owned(),
        format!("Patient?_id={}", patients[2]["id"].as_str().unwrap()),
    ] {
        let answer = alice
            .get(&format!("/fhir/R4/{query}&_total=accurate"))
            .await
            .must(200);
        assert_eq!(found(&answer), [""; 0], "{query}");
        assert_eq!(answer.body["total"], 0, "{query}");
    }
    let all = [
        &patients[0],
        &patients[1],
        &organizations[0],
        &organizations[1],
    ];
    let included = search(&alice, "Patient?_include=Patient:organization").await;
    assert_eq!(included, sorted(&all));
    alice.get("/fhir/R4/Observation").await.must(403);
    alice.get("/fhir/R4/Practitioner").await.must(403);
}

fn ids(of: &[Value]) -> String {
    let ids: Vec<&str> = of.iter().map(|it| it["id"].as_str().unwrap()).collect();
    ids.join(",")
}

fn references(of: &[Value]) -> String {
    of.iter().map(reference).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn what_is_brought_along_is_held_against_the_rules_too() {
    let project = world().await.project("Included").await;
    let of = organization(&project, "Hidden").await;
    let own = patient(&project, &of, json!({})).await;
    let alice = under(&project, "alice", json!([{ "resourceType": "Patient" }])).await;
    for query in [
        "Patient?_include=Patient:organization",
        "Patient?_revinclude=ProjectMembership:profile",
    ] {
        assert_eq!(search(&alice, query).await, sorted(&[&own]), "{query}");
    }
    let bob = under(&project, "bob", json!([
        { "resourceType": "Patient", "hiddenFields": ["managingOrganization"] }, { "resourceType": "Organization" },
    ]))
    .await;
    let query = "Patient?_include=Patient:organization";
    assert_eq!(search(&bob, query).await, sorted(&[&own]));
}

#[tokio::test]
async fn pages_of_what_one_may_see_are_whole_and_lose_nothing() {
    let project = world().await.project("Long").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let mut mine = Vec::new();
    for n in 0..12 {
        let fields = json!({ "name": [{ "family": format!("N{n:02}") }] });
        mine.push(reference(&patient(&project, &own, fields.clone()).await));
        patient(&project, &other, fields.clone()).await;
        patient(&project, &other, fields).await;
    }
    mine.sort();
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules = json!([{ "resourceType": "Patient", "criteria": criteria }]);
    let alice = under(&project, "alice", rules).await;
    for order in ["", "&_sort=name", "&_sort=-_lastUpdated", "&_sort=gender"] {
        let mut seen = Vec::new();
        let mut path = format!("/fhir/R4/Patient?_count=5{order}");
        for _ in 0..20 {
            let page = alice.get(&path).await.must(200);
            seen.extend(found(&page));
            let links = page.body["link"].as_array().unwrap();
            let next = links.iter().find(|link| link["relation"] == "next");
            let Some(next) = next else { break };
            let url = next["url"].as_str().unwrap();
            path = url[url.find("/fhir/R4").unwrap()..].to_owned();
        }
        seen.sort();
        assert_eq!(seen, mine, "{order}");
    }
}

#[tokio::test]
async fn criteria_that_name_ids_are_looked_up_and_not_searched_for() {
    let project = world().await.project("Own record").await;
    let (bart, membership) = member(&project, ("Patient", "bart"), json!({})).await;
    for n in 0..30 {
        let of = json!({ "resourceType": "Patient", "name": [{ "family": format!("P{n}") }] });
        create(&project.admin, of).await;
    }
    let own = membership["profile"]["reference"].as_str().unwrap();
    for query in [
        "Patient",
        "Patient?_count=1",
        "Patient?_sort=name",
        "Patient?_sort=-_lastUpdated",
    ] {
        assert_eq!(search(&bart, query).await, [own], "{query}");
    }
    bart.get(&format!("/fhir/R4/{own}")).await.must(200);
    bart.get("/fhir/R4/Observation").await.must(403);
}

#[tokio::test]
async fn a_refused_type_is_forbidden_before_anything_else_is_looked_at() {
    let project = world().await.project("Refused").await;
    let alice = under(&project, "alice", json!([{ "resourceType": "Patient" }])).await;
    for path in [
        "Observation",
        "Observation?bogus=1",
        "Observation?_sort=bogus",
        "Observation/nope",
        "Observation/00000000-0000-4000-8000-000000000001",
        "Login/00000000-0000-4000-8000-000000000001",
        "Patient?_has:ProjectMembership:profile:project=Project/x",
    ] {
        let answer = alice.get(&format!("/fhir/R4/{path}")).await.must(403);
        assert_eq!(answer.issue_text(), "Forbidden", "{path}");
    }
    alice.get("/fhir/R4/Bogus").await.must(400);
    alice.get("/fhir/R4/Patient?bogus=1").await.must(400);
    for kind in ["SearchParameter", "StructureDefinition"] {
        alice.get(&format!("/fhir/R4/{kind}")).await.must(200);
    }
}

#[tokio::test]
async fn an_administrator_with_a_policy_is_limited_by_it_and_keeps_what_his_role_brings() {
    let project = world().await.project("Limited").await;
    let rules = policy(
        &project,
        json!([{ "resourceType": "Patient", "readonly": true }, { "resourceType": "User" }]),
    )
    .await;
    let membership = json!({ "admin": true, "accessPolicy": to(&rules) });
    let (admin, own) = member(&project, ("Practitioner", "admin"), membership).await;
    admin.get("/fhir/R4/Patient").await.must(200);
    let body = json!({ "resourceType": "Patient" });
    admin.post("/fhir/R4/Patient", &body).await.must(403);
    admin.get("/fhir/R4/Task").await.must(403);
    for path in [
        "ProjectMembership".to_owned(),
        "User".to_owned(),
        format!("Project/{}", project.id),
        reference(&own),
    ] {
        admin.get(&format!("/fhir/R4/{path}")).await.must(200);
    }
    let answer = admin
        .get(&format!("/fhir/R4/Project?_id={}", project.id))
        .await
        .must(200);
    assert_eq!(found(&answer), [format!("Project/{}", project.id)]);
    assert_eq!(answer.body["entry"][0]["resource"].get("strictMode"), None);
}

#[tokio::test]
async fn a_member_is_told_what_a_readonly_rule_lets_him_do_as_recorded() {
    let project = world().await.project("Told").await;
    let rules = json!([
        { "resourceType": "Patient", "readonly": true },
        { "resourceType": "Task", "readonly": true, "interaction": ["read"] },
        { "resourceType": "Observation" },
    ]);
    let alice = under(&project, "alice", rules).await;
    let me = alice.get("/auth/me").await.must(200).body;
    let told = me["accessPolicy"]["resource"].as_array().unwrap();
    let reading = json!(["search", "read", "history", "vread"]);
    assert_eq!(
        told[..3],
        [
            json!({ "resourceType": "Patient", "readonly": true, "interaction": reading }),
            json!({ "resourceType": "Task", "readonly": true, "interaction": ["read"] }),
            json!({ "resourceType": "Observation" }),
        ]
    );
}
