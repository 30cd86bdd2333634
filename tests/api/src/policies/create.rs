//! Making resources under a policy.

use harness::world::Request;
use serde_json::{Value, json};

use super::{organization, patient, policy, read, to, under};
use crate::world::{create, reference, with, world};

#[tokio::test]
async fn what_is_made_must_be_what_one_may_make() {
    let project = world().await.project("Making").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules = json!([
        { "resourceType": "Patient", "criteria": criteria, "readonlyFields": ["gender"], "hiddenFields": ["birthDate"] },
        { "resourceType": "Organization", "readonly": true },
        { "resourceType": "Task", "interaction": ["create"] },
    ]);
    let alice = under(&project, "alice", rules).await;
    let mine = json!({
        "resourceType": "Patient", "managingOrganization": to(&own), "gender": "male", "birthDate": "2000-01-01", "active": true,
    });
    let made = alice.post("/fhir/R4/Patient", &mine).await.must(201);
    assert_eq!(
        (made.body.get("gender"), made.body.get("birthDate")),
        (None, None)
    );
    assert_eq!(made.body["active"], true);
    let stored = read(&project.admin, &made.body).await.must(200);
    assert_eq!(
        (stored.body.get("gender"), stored.body.get("birthDate")),
        (None, None)
    );
    for body in [
        json!({ "resourceType": "Patient", "managingOrganization": to(&other) }),
        json!({ "resourceType": "Patient" }),
        json!({ "resourceType": "Organization", "name": "New" }),
        json!({ "resourceType": "Observation" }),
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "*" }] }),
        json!({ "resourceType": "ProjectMembership" }),
        json!({ "resourceType": "User" }),
    ] {
        let path = format!("/fhir/R4/{}", body["resourceType"].as_str().unwrap());
        let answer = alice.post(&path, &body).await.must(403);
        assert_eq!(answer.issue_text(), "Forbidden", "{body}");
    }
    // Who may make and not read learns where it is, and nothing that he has not sent.
    let task = json!({ "resourceType": "Task", "status": "draft", "intent": "order" });
    let made = alice.post("/fhir/R4/Task", &task).await.must(201);
    assert_eq!(made.body.get("status"), None);
    read(&alice, &made.body).await.must(403);
}

#[tokio::test]
async fn constraints_and_compartments_of_a_policy_hold_for_what_is_made() {
    let project = world().await.project("Constraints").await;
    let ward = organization(&project, "Ward").await;
    let constraint = json!([{ "language": "text/fhirpath", "expression": "%before.exists() or status = 'draft'" }]);
    let body = json!({
        "resourceType": "AccessPolicy", "name": "Ward", "compartment": to(&ward),
        "resource": [{ "resourceType": "Task", "writeConstraint": constraint }],
    });
    let ward_policy = create(&project.admin, body).await;
    let membership = json!({ "accessPolicy": to(&ward_policy) });
    let (alice, _) = super::member(&project, ("Practitioner", "alice"), membership).await;
    let task = |status: &str| {
        json!({
            "resourceType": "Task", "status": status, "intent": "order",
            "meta": { "account": { "reference": "Organization/00000000-0000-4000-8000-000000000009" } },
        })
    };
    alice
        .post("/fhir/R4/Task", &task("completed"))
        .await
        .must(403);
    let made = alice.post("/fhir/R4/Task", &task("draft")).await.must(201);
    let path = format!("/fhir/R4/{}", reference(&made.body));
    let extended = Request::new("GET", &path).header("x-medplum", "extended");
    let stored = alice.send(extended).await.must(200);
    assert_eq!(stored.body["meta"]["account"], to(&ward));
}

#[tokio::test]
async fn what_is_about_a_patient_belongs_to_his_accounts_whoever_writes_it() {
    let project = world().await.project("Accounts").await;
    let (ward, clinic) = (
        organization(&project, "Ward").await,
        organization(&project, "Clinic").await,
    );
    let at = json!({ "resourceType": "Patient", "meta": { "account": to(&clinic) } });
    let patient = create(&project.admin, at).await;
    let criteria = format!("Observation?_compartment={}", reference(&ward));
    let body = json!({
        "resourceType": "AccessPolicy", "name": "Ward", "compartment": to(&ward),
        "resource": [{ "resourceType": "Observation", "criteria": criteria }],
    });
    let policy = create(&project.admin, body).await;
    let membership = json!({ "accessPolicy": to(&policy) });
    let (alice, alices) = super::member(&project, ("Practitioner", "alice"), membership).await;
    let seen = json!({
        "resourceType": "Observation", "status": "final", "code": { "text": "Seen" }, "subject": to(&patient),
    });
    let post = |body: &Value| {
        let request = Request::new("POST", "/fhir/R4/Observation").json(body);
        request.header("x-medplum", "extended")
    };
    let whom = reference(&alices);
    let behalf = post(&seen).header("x-medplum-on-behalf-of", &whom);
    for answer in [
        alice.send(post(&seen)).await,
        project.admin.send(behalf).await,
    ] {
        let meta = answer.must(201).body["meta"].take();
        assert_eq!(meta["account"], to(&ward));
        assert_eq!(meta["accounts"], json!([to(&ward), to(&clinic)]));
    }
    // An administrator without a word about it follows the patient; with one, it is as he says.
    let plain = project.admin.send(post(&seen)).await.must(201).body;
    assert_eq!(plain["meta"]["accounts"], json!([to(&clinic)]));
    let said = with(seen, json!({ "meta": { "account": to(&ward) } }));
    let said = project.admin.send(post(&said)).await.must(201).body;
    assert_eq!(said["meta"]["account"], to(&ward));
    assert_eq!(said["meta"].get("accounts"), None);
    let own = format!("/fhir/R4/Observation?_compartment={}", reference(&clinic));
    let found = project.admin.get(&own).await.must(200);
    assert_eq!(found.body["entry"].as_array().map_or(0, Vec::len), 3);
}

#[tokio::test]
async fn a_policy_whose_conditions_could_never_be_kept_is_refused_when_it_is_written() {
    let project = world().await.project("Never").await;
    let constraint = |text: &str| json!([{ "language": "text/fhirpath", "expression": text }]);
    for (rule, field) in [
        (
            json!({ "resourceType": "Patient", "criteria": "Patient?bogus=1" }),
            "criteria",
        ),
        (
            json!({ "resourceType": "Patient", "criteria": "Patient?organization.name=x" }),
            "criteria",
        ),
        (
            json!({ "resourceType": "Patient", "criteria": "Observation?code=1" }),
            "criteria",
        ),
        (
            json!({ "resourceType": "Patient", "writeConstraint": constraint("today() > birthDate") }),
            "writeConstraint",
        ),
    ] {
        let body = json!({ "resourceType": "AccessPolicy", "resource": [rule] });
        let answer = project
            .admin
            .post("/fhir/R4/AccessPolicy", &body)
            .await
            .must(400);
        assert!(
            answer.text.contains(field) || answer.text.contains("axp-3"),
            "{}",
            answer.text
        );
    }
    policy(
        &project,
        json!([{ "resourceType": "Patient", "writeConstraint": constraint("active") }]),
    )
    .await;
}

#[tokio::test]
async fn a_patient_whom_one_may_not_read_is_no_patient_for_a_relative() {
    let project = world().await.project("Relatives").await;
    let (own, other) = (
        organization(&project, "Own").await,
        organization(&project, "Other").await,
    );
    let (mine, theirs) = (
        patient(&project, &own, json!({})).await,
        patient(&project, &other, json!({})).await,
    );
    let criteria = format!("Patient?organization={}", reference(&own));
    let rules = json!([{ "resourceType": "Patient", "criteria": criteria }, { "resourceType": "RelatedPerson" }]);
    let alice = under(&project, "alice", rules).await;
    let relative =
        |of: &str| json!({ "resourceType": "RelatedPerson", "patient": { "reference": of } });
    let path = "/fhir/R4/RelatedPerson";
    alice
        .post(path, &relative(&reference(&mine)))
        .await
        .must(201);
    let mut answers = Vec::new();
    for of in [
        reference(&theirs),
        "Patient/00000000-0000-4000-8000-000000000001".to_owned(),
    ] {
        let answer = alice.post(path, &relative(&of)).await.must(400);
        answers.push((
            answer.issue_text().to_owned(),
            answer.expression().to_owned(),
        ));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, "Invalid reference (Not found)");
}
