//! What the membership of an invite grants.

use harness::world::Project;
use serde_json::{Value, json};

use super::{invite, patient, project};
use crate::world::{address, alice, create, invited, reference, with, world};

async fn policy(project: &Project) -> Value {
    let body = json!({ "resourceType": "AccessPolicy", "name": "Read", "resource": [{ "resourceType": "Patient" }] });
    let policy = create(&project.admin, body).await;
    json!({ "reference": reference(&policy) })
}

#[tokio::test]
async fn the_membership_is_a_template_and_wins_over_the_deprecated_fields() {
    let project = project().await;
    let (one, two) = (policy(&project).await, policy(&project).await);
    let body = with(
        alice(&address("alice", &project)),
        json!({
            "admin": true, "accessPolicy": one, "externalId": "t-1", "scope": "server",
            "membership": { "admin": false, "accessPolicy": two, "externalId": "t-2", "userName": "t.two", "active": false },
        }),
    );
    let member = invited(&project, &body).await;
    assert_eq!(member["admin"], false);
    assert_eq!(member["accessPolicy"], two);
    assert_eq!(member["externalId"], "t-2");
    assert_eq!(member["userName"], "t.two");
    assert_eq!(member["active"], false);
}

#[tokio::test]
async fn the_deprecated_fields_still_work_and_false_is_not_absent() {
    let project = project().await;
    let one = policy(&project).await;
    for (n, admin) in [true, false].into_iter().enumerate() {
        let fields = json!({ "admin": admin, "access": [{ "policy": one }] });
        let member = invited(
            &project,
            &with(patient(&address(&format!("d{n}"), &project)), fields),
        )
        .await;
        assert_eq!(member["admin"], admin);
        assert_eq!(member["access"], json!([{ "policy": one }]));
    }
}

#[tokio::test]
async fn a_policy_may_be_granted_with_parameters() {
    let project = project().await;
    let organization = create(
        &project.admin,
        json!({ "resourceType": "Organization", "name": "Clinic" }),
    )
    .await;
    let access = json!([{
        "policy": policy(&project).await,
        "parameter": [
            { "name": "organization", "valueReference": { "reference": reference(&organization) } },
            { "name": "ward", "valueString": "3 \"East\"" },
        ],
    }]);
    let fields = json!({ "membership": { "access": access } });
    let member = invited(&project, &with(alice(&address("alice", &project)), fields)).await;
    assert_eq!(member["access"], access);
}

#[tokio::test]
async fn a_policy_that_is_not_there_is_refused_by_the_name_of_its_field() {
    let project = project().await;
    let nowhere = json!({ "reference": "AccessPolicy/00000000-0000-4000-8000-000000000000" });
    let patient = json!({ "reference": reference(&create(&project.admin, json!({ "resourceType": "Patient" })).await) });
    let organization = json!({ "reference": "Organization/00000000-0000-4000-8000-000000000000" });
    let parameter = json!([{ "name": "o", "valueReference": organization }]);
    let known = policy(&project).await;
    let cases = [
        (
            json!({ "accessPolicy": nowhere }),
            "ProjectMembership.accessPolicy",
        ),
        (
            json!({ "access": [{ "policy": known }, { "policy": nowhere }] }),
            "ProjectMembership.access[1].policy",
        ),
        (
            json!({ "access": [{ "policy": known, "parameter": parameter }] }),
            "ProjectMembership.access[0].parameter[0].valueReference",
        ),
    ];
    for (template, field) in cases {
        let body = with(
            alice(&address("alice", &project)),
            json!({ "membership": template }),
        );
        let answer = invite(&project, body).await.must(400);
        assert_eq!(
            (answer.expression(), answer.issue_text()),
            (field, "Invalid reference (Not found)")
        );
    }
    let body = json!({ "membership": { "accessPolicy": patient } });
    let wrong = invite(&project, with(alice(&address("alice", &project)), body))
        .await
        .must(400);
    assert_eq!(wrong.expression(), "ProjectMembership.accessPolicy");
    assert_eq!(
        wrong.issue_text(),
        "Invalid reference: got \"Patient\", expected \"AccessPolicy\""
    );
    // None of these has left a user, a profile or a membership behind.
    invited(&project, &alice(&address("alice", &project))).await;
}

#[tokio::test]
async fn a_patient_gets_the_projects_default_policy_unless_the_invite_names_one() {
    let project = project().await;
    let (default, own) = (policy(&project).await, policy(&project).await);
    set_in_project(&project, "defaultPatientAccessPolicy", &default).await;
    let member = invited(&project, &patient(&address("bart", &project))).await;
    assert_eq!(member["accessPolicy"], default);
    let named = json!({ "membership": { "accessPolicy": own } });
    let member = invited(&project, &with(patient(&address("lisa", &project)), named)).await;
    assert_eq!(member["accessPolicy"], own);
    let staff = invited(&project, &alice(&address("alice", &project))).await;
    assert_eq!(staff.get("accessPolicy"), None);
}

#[tokio::test]
async fn every_kind_of_newcomer_gets_the_default_policy_of_his_kind() {
    let project = project().await;
    let mut policies = Vec::new();
    let mut entries = Vec::new();
    for kind in ["Patient", "Practitioner", "RelatedPerson", "Admin"] {
        let policy = policy(&project).await;
        entries.push(json!({ "profileType": kind, "accessPolicy": policy }));
        policies.push(policy);
    }
    set_in_project(&project, "defaultAccessPolicies", &json!(entries)).await;
    let bart = invited(&project, &patient(&address("bart", &project))).await;
    assert_eq!(bart["accessPolicy"], policies[0]);
    let alice = invited(&project, &alice(&address("alice", &project))).await;
    assert_eq!(alice["accessPolicy"], policies[1]);
    let boss = with(
        crate::world::alice(&address("boss", &project)),
        json!({ "membership": { "admin": true } }),
    );
    let boss = invited(&project, &boss).await;
    assert_eq!(boss["accessPolicy"], policies[3]);

    let relative = with(
        patient(&address("marge", &project)),
        json!({ "resourceType": "RelatedPerson", "patient": bart["profile"] }),
    );
    let marge = invited(&project, &relative).await;
    let about = json!([{ "name": "patient", "valueReference": { "reference": bart["profile"]["reference"] } }]);
    let of = |member: &Value| {
        let mut access = member["access"].clone();
        let patient = access[0]["parameter"][0]["valueReference"].as_object_mut();
        patient.unwrap().shift_remove("display");
        (member.get("accessPolicy").cloned(), access)
    };
    let wanted = (None, json!([{ "policy": policies[2], "parameter": about }]));
    assert_eq!(of(&marge), wanted);
    // A relative whose profile is there already, found by her address.
    let path = project.path(&format!("members/{}", marge["id"].as_str().unwrap()));
    project.admin.delete(&path).await.must(200);
    assert_eq!(of(&invited(&project, &relative).await), wanted);
}

#[tokio::test]
async fn whoever_is_promoted_or_demoted_changes_one_default_policy_for_the_other_and_keeps_his_own()
{
    let project = project().await;
    let (staff, boss, own) = (
        policy(&project).await,
        policy(&project).await,
        policy(&project).await,
    );
    let entries = json!([
        { "profileType": "Practitioner", "accessPolicy": staff },
        { "profileType": "Admin", "accessPolicy": boss },
    ]);
    set_in_project(&project, "defaultAccessPolicies", &entries).await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let promoted = with(member.clone(), json!({ "admin": true }));
    for caller in [&project.admin, world().await.root()] {
        let promoted = project.update(caller, &promoted).await.must(200).body;
        assert_eq!(promoted["accessPolicy"], boss);
        let demoted = with(promoted, json!({ "admin": false }));
        let demoted = project.update(caller, &demoted).await.must(200).body;
        assert_eq!(demoted["accessPolicy"], staff);
    }
    let custom = with(member.clone(), json!({ "accessPolicy": own }));
    project.update(&project.admin, &custom).await.must(200);
    let custom = with(custom, json!({ "admin": true }));
    let custom = project.update(&project.admin, &custom).await.must(200);
    assert_eq!(custom.body["accessPolicy"], own);
    // What is said in the same request counts.
    let said = with(member, json!({ "admin": false, "accessPolicy": boss }));
    let said = project.update(&project.admin, &said).await.must(200);
    assert_eq!(said.body["accessPolicy"], boss);
}

/// Sets a field that no route sets yet, in the project's own row.
async fn set_in_project(project: &Project, field: &str, value: &Value) {
    let world = world().await;
    let mut row = world.rows(&format!("P#{}", project.id)).await;
    let row = row.iter_mut().find(|row| row["SK"]["S"] == "META").unwrap();
    let mut body: Value = serde_json::from_str(row["body"]["S"].as_str().unwrap()).unwrap();
    body[field] = value.clone();
    row["body"]["S"] = body.to_string().into();
    let put = json!({ "TableName": local::TABLE_NAME, "Item": row });
    world
        .engine()
        .database()
        .put_item(serde_json::from_value(put).unwrap())
        .unwrap();
}
