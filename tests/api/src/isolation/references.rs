//! References in bodies: what points into another project is refused like what points to nothing.

use gateway::ROUTES;
use serde_json::{Value, json};

use super::{Tenant, next_to, see};
use crate::samples::{Place, Sample};
use crate::world::{measured_world, with};

#[tokio::test]
async fn a_reference_into_another_project_is_refused_like_one_to_nothing() {
    let world = measured_world().await;
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    let admin = own.project.admin.token().await;
    let (policy, patient) = (other.policy.as_str(), other.patient.as_str());
    let to = |kind: &str, id: &str| json!({ "reference": format!("{kind}/{id}") });
    let practitioner = other.person["profile"]["reference"].as_str().unwrap();
    let practitioner = practitioner.split_once('/').unwrap().1;
    let invite = "/admin/projects/{projectId}/invite";
    let update = "/admin/projects/{projectId}/members/{membershipId}";
    let in_access = |id: &str| json!({ "access": [{ "policy": to("AccessPolicy", id) }] });
    let in_parameter = |id: &str| {
        let parameter = json!([{ "name": "patient", "valueReference": to("Patient", id) }]);
        json!({ "access": [{ "policy": to("AccessPolicy", &own.policy), "parameter": parameter }] })
    };
    let related =
        |id: &str| json!({ "resourceType": "RelatedPerson", "patient": to("Patient", id) });
    type Fields<'a> = Box<dyn Fn(&str) -> Value + 'a>;
    let cases: Vec<(&str, u16, &str, &str, Fields<'_>)> = vec![
        (
            invite,
            400,
            "ProjectMembership.accessPolicy",
            policy,
            Box::new(|id| json!({ "membership": { "accessPolicy": to("AccessPolicy", id) } })),
        ),
        (
            invite,
            400,
            "ProjectMembership.accessPolicy",
            policy,
            Box::new(|id| json!({ "accessPolicy": to("AccessPolicy", id) })),
        ),
        (
            invite,
            400,
            "ProjectMembership.access[0].policy",
            policy,
            Box::new(|id| json!({ "membership": in_access(id) })),
        ),
        (
            invite,
            400,
            "ProjectMembership.access[0].parameter[0].valueReference",
            patient,
            Box::new(|id| json!({ "membership": in_parameter(id) })),
        ),
        (
            invite,
            404,
            "",
            practitioner,
            Box::new(|id| json!({ "membership": { "profile": to("Practitioner", id) } })),
        ),
        (invite, 400, "patient", patient, Box::new(related)),
        (
            update,
            400,
            "ProjectMembership.accessPolicy",
            policy,
            Box::new(|id| json!({ "accessPolicy": to("AccessPolicy", id) })),
        ),
        (
            update,
            400,
            "ProjectMembership.access[0].policy",
            policy,
            Box::new(in_access),
        ),
        (
            update,
            400,
            "ProjectMembership.access[0].parameter[0].valueReference",
            patient,
            Box::new(in_parameter),
        ),
        (
            update,
            404,
            "",
            practitioner,
            Box::new(|id| json!({ "profile": to("Practitioner", id) })),
        ),
        (
            "/admin/projects/{projectId}/client",
            400,
            "accessPolicy",
            policy,
            Box::new(|id| json!({ "accessPolicy": to("AccessPolicy", id) })),
        ),
        (
            "/fhir/R4/{resourceType}",
            400,
            "RelatedPerson.patient",
            patient,
            Box::new(related),
        ),
    ];
    for (path, status, expression, foreign, fields) in cases {
        let route = ROUTES
            .iter()
            .find(|route| route.path == path && route.method == "POST")
            .unwrap();
        let send = |id: String| {
            let kind = if expression.starts_with("RelatedPerson") {
                "RelatedPerson"
            } else {
                "Patient"
            };
            let place = Place {
                kind: kind.to_owned(),
                ..own.place()
            };
            let Sample::Json(body) = place.body(route) else {
                panic!("{path} takes no JSON")
            };
            let mut body = with(body, fields(&id));
            if kind == "RelatedPerson" {
                body = fields(&id);
            }
            harness::world::Request::new("POST", &place.path(route)).json(&body)
        };
        let there = see(world, &admin, send(foreign.to_owned()), &[foreign]).await;
        let near = next_to(foreign);
        let nowhere = see(world, &admin, send(near.clone()), &[&near]).await;
        assert_eq!(there.status, status, "{path} {expression}: {}", there.text);
        assert_eq!(there, nowhere, "{path} {expression}");
        assert!(
            there.text.contains(expression),
            "{path} {expression}: {}",
            there.text
        );
    }
}

#[tokio::test]
async fn an_ordinary_reference_into_another_project_is_refused_and_one_to_nothing_is_not() {
    let world = measured_world().await;
    let (own, other) = (
        Tenant::make(world, "Own").await,
        Tenant::make(world, "Other").await,
    );
    let post = |id: String| {
        let manager = json!({ "reference": format!("Patient/{id}") });
        let body = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": manager });
        async move { own.project.admin.post("/fhir/R4/Observation", &body).await }
    };
    let refused = post(other.patient.clone()).await.must(400);
    assert_eq!(refused.issue_text(), "Invalid reference (Not found)");
    assert_eq!(refused.expression(), "Observation.subject");
}
