//! Two projects with the same data: whatever a member of one asks for by, he finds nothing of the other, and is told the same as about
//! what never was.

use fhir::search::search_codes;
use harness::world::{Client, Request, World};
use serde_json::{Value, json};

use super::{Tenant, next_to, see};
use crate::world::{create, invited, measured_world, with};

const KINDS: [&str; 9] = [
    "Patient",
    "Practitioner",
    "RelatedPerson",
    "Organization",
    "Observation",
    "AccessPolicy",
    "ClientApplication",
    "UserConfiguration",
    "Bot",
];

/// A member of the project who is no administrator and under a policy that opens everything it can.
async fn member(of: &Tenant) -> Client {
    let policy = json!({ "resourceType": "AccessPolicy", "name": "All", "resource": [{ "resourceType": "*" }] });
    let policy = create(&of.project.admin, policy).await;
    let app = of.project.application("Member").await;
    let user = format!("ClientApplication/{}", app.id());
    let mut membership = of.project.membership(&user).await;
    membership["accessPolicy"] =
        json!({ "reference": format!("AccessPolicy/{}", policy["id"].as_str().unwrap()) });
    of.project
        .update(&of.project.admin, &membership)
        .await
        .must(200);
    app.token().await
}

async fn twins(world: &World) -> (Tenant, Tenant) {
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    for tenant in [&own, &other] {
        let admin = &tenant.project.admin;
        for body in [
            json!({ "resourceType": "Organization", "name": "Twin", "active": true }),
            json!({ "resourceType": "UserConfiguration", "name": "Twin" }),
            json!({ "resourceType": "Observation", "status": "final", "code": { "text": "Twin" },
                    "subject": { "reference": format!("Patient/{}", tenant.patient) } }),
        ] {
            create(admin, body).await;
        }
    }
    (own, other)
}

#[tokio::test]
async fn no_search_parameter_finds_anything_of_the_twin_and_none_tells_it_from_nothing() {
    let world = measured_world().await;
    let (own, other) = twins(world).await;
    let caller = member(&own).await;
    for kind in KINDS {
        let codes = search_codes(kind).filter(|code| *code != "_lastUpdated");
        for code in codes {
            for id in [&other.patient, &other.project.id] {
                for value in [id.clone(), format!("Patient/{id}")] {
                    let query = |id: &str| {
                        let value = value.replace(other_id(&value), id);
                        Request::new("GET", &format!("/fhir/R4/{kind}?{code}={value}"))
                    };
                    let near = next_to(id);
                    let there = see(world, &caller, query(id), &[id]).await;
                    let nowhere = see(world, &caller, query(&near), &[&near]).await;
                    assert_eq!(there, nowhere, "{kind}?{code}={value}");
                }
            }
        }
    }
}

fn other_id(value: &str) -> &str {
    value.rsplit('/').next().unwrap_or(value)
}

#[tokio::test]
async fn a_list_has_what_is_in_the_own_project_and_nothing_of_the_twin() {
    let world = measured_world().await;
    let (own, other) = twins(world).await;
    let caller = member(&own).await;
    let foreign = [
        &other.patient,
        &other.policy,
        &other.project.id,
        &other.membership,
    ];
    for kind in KINDS {
        for query in [
            "",
            "_sort=_lastUpdated",
            "_sort=-_lastUpdated&_total=accurate",
            "_lastUpdated=ge2020-01-01",
            "_id:not=x",
            "_summary=count",
        ] {
            let answer = caller
                .get(&format!("/fhir/R4/{kind}?{query}"))
                .await
                .must(200);
            for id in foreign {
                assert!(
                    !answer.text.contains(id.as_str()),
                    "{kind}?{query}: {}",
                    answer.text
                );
            }
            let named = answer.body["entry"].as_array().into_iter().flatten();
            let project = |entry: &Value| entry["resource"]["meta"]["project"].clone();
            assert!(
                named
                    .map(project)
                    .all(|it| it.is_null() || it == json!(own.project.id))
            );
        }
    }
}

#[tokio::test]
async fn nothing_refers_into_the_twin_at_whatever_place() {
    let world = measured_world().await;
    let (own, other) = twins(world).await;
    let caller = member(&own).await;
    let to = json!({ "reference": format!("Patient/{}", other.patient) });
    let observation = |fields: Value| {
        let base =
            json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" } });
        with(base, fields)
    };
    for body in [
        observation(json!({ "subject": to })),
        observation(json!({ "performer": [{ "display": "x" }, to] })),
        observation(json!({ "note": [{ "text": "x", "authorReference": to }] })),
        observation(
            json!({ "contained": [{ "resourceType": "RelatedPerson", "id": "a", "patient": to }] }),
        ),
        observation(
            json!({ "extension": [{ "url": "https://example.com/x", "valueReference": to }] }),
        ),
        json!({ "resourceType": "Patient", "link": [{ "other": to, "type": "seealso" }] }),
        json!({ "resourceType": "Group", "type": "person", "actual": true, "member": [{ "entity": to }] }),
    ] {
        let path = format!("/fhir/R4/{}", body["resourceType"].as_str().unwrap());
        let answer = caller.post(&path, &body).await.must(400);
        assert_eq!(
            answer.issue_text(),
            "Invalid reference (Not found)",
            "{body}"
        );
    }
}

#[tokio::test]
async fn standing_in_for_a_member_of_the_twin_is_like_standing_in_for_nobody() {
    let world = measured_world().await;
    let (own, other) = twins(world).await;
    let admin = own.project.admin.token().await;
    invited(
        &own.project,
        &crate::world::alice(&crate::world::address("bob", &own.project)),
    )
    .await;
    let ask = |id: &str| {
        let whom = format!("ProjectMembership/{id}");
        Request::new("GET", "/fhir/R4/Patient").header("x-medplum-on-behalf-of", &whom)
    };
    let near = next_to(&other.membership);
    let there = see(world, &admin, ask(&other.membership), &[&other.membership]).await;
    let nowhere = see(world, &admin, ask(&near), &[&near]).await;
    assert_eq!(there.status, 404, "{}", there.text);
    assert_eq!(there, nowhere);
}
