#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use fhir::{Reference, Resource, View};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Interaction, Parameters, Policy, Standpoint};
use super::Rights;
use crate::{ProfileRef, ProfileType, ProjectId};

const ID: &str = "2c90fffb-a1ee-46cf-a372-1eff3f9fd913";

fn member(admin: bool) -> Standpoint {
    Standpoint {
        project: ProjectId::new(Uuid::nil()),
        profile: ProfileRef {
            kind: ProfileType::Practitioner,
            id: ID.parse().unwrap(),
        },
        admin,
        super_admin: false,
        unrestricted: false,
    }
}

fn stored(kind: &str, fields: Value) -> Resource {
    let mut resource = json!({
        "resourceType": kind, "id": ID,
        "meta": { "versionId": ID, "lastUpdated": "2026-11-21T20:35:03.257Z", "author": { "reference": "system" } },
    });
    resource
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().cloned().unwrap());
    Resource::from_json(resource).unwrap()
}

fn rights(policy: Value) -> Rights {
    let policy = stored("AccessPolicy", policy);
    let given = json!({ "name": "ward", "valueReference": { "reference": "Organization/1" } });
    let parameters = Parameters::new(&Reference::to(format!("Practitioner/{ID}")), &[given]);
    let policy = Policy::read(&policy, parameters);
    Rights::of(member(false), &[(policy.reference.clone(), Some(policy))])
}

fn constraint(expression: &str) -> Value {
    json!([{ "language": "text/fhirpath", "expression": expression }])
}

#[test]
fn a_new_resource_is_made_in_the_compartment_of_the_policy_whatever_the_writer_says() {
    let rights = rights(json!({
        "compartment": { "reference": "%ward" }, "resource": [{ "resourceType": "Patient" }],
    }));
    let mut sent = stored("Patient", json!({}));
    sent.meta
        .rest
        .insert("account".into(), json!({ "reference": "Organization/9" }));
    let made = rights.to_create(sent.clone()).unwrap();
    assert_eq!(made.meta.rest["account"]["reference"], "Organization/1");
    let changed = rights.to_update(&sent, made).unwrap();
    assert_eq!(changed.meta.rest["account"]["reference"], "Organization/9");
}

#[test]
fn readonly_fields_are_blank_in_what_is_new_and_stay_in_what_is_there() {
    let rights = rights(json!({ "resource": [
        { "resourceType": "Patient", "readonlyFields": ["gender"], "hiddenFields": ["birthDate"] },
    ] }));
    let sent = stored(
        "Patient",
        json!({ "gender": "male", "birthDate": "2000-01-01", "active": true }),
    );
    let made = rights.to_create(sent.clone()).unwrap();
    assert_eq!(Value::Object(made.body), json!({ "active": true }));
    let new = stored("Patient", json!({ "gender": "female", "active": false }));
    let changed = rights.to_update(&sent, new).unwrap();
    let body = json!({ "active": false, "gender": "male", "birthDate": "2000-01-01" });
    assert_eq!(Value::Object(changed.body), body);
    let shown = rights.shown(sent, Interaction::Read).unwrap();
    assert_eq!(
        Value::Object(shown.body),
        json!({ "gender": "male", "active": true })
    );
}

#[test]
fn a_constraint_sees_what_was_and_what_will_be_and_must_be_true() {
    let once = |expression: &str| {
        rights(json!({ "resource": [
            { "resourceType": "Task", "writeConstraint": constraint(expression) },
        ] }))
    };
    let task = |status: &str| stored("Task", json!({ "status": status }));
    let rights = once("%before.exists() implies %before.status != 'completed'");
    assert!(rights.to_create(task("completed")).is_ok());
    assert!(rights.to_update(&task("draft"), task("completed")).is_ok());
    assert!(rights.to_update(&task("completed"), task("draft")).is_err());
    // What says nothing, or cannot be understood, is not true.
    assert!(once("bogus").to_create(task("draft")).is_err());
    assert!(once("now() > today()").to_create(task("draft")).is_err());
}

#[test]
fn an_update_is_refused_when_it_leaves_what_one_may_change() {
    let rights = rights(json!({ "resource": [
        { "resourceType": "Patient", "criteria": "Patient?organization=%ward" },
    ] }));
    let patient = |of: &str| {
        stored(
            "Patient",
            json!({ "managingOrganization": { "reference": of } }),
        )
    };
    let (own, other) = (patient("Organization/1"), patient("Organization/2"));
    assert!(rights.to_update(&own, own.clone()).is_ok());
    assert!(rights.to_update(&own, other.clone()).is_err());
    assert!(rights.to_update(&other, own.clone()).is_err());
    assert!(rights.to_delete(&own).is_ok() && rights.to_delete(&other).is_err());
}

#[test]
fn scopes_of_a_session_take_away_and_give_nothing() {
    let all = || {
        rights(
            json!({ "resource": [{ "resourceType": "Patient" }, { "resourceType": "Task", "readonly": true }] }),
        )
    };
    let may = |scopes: &str, kind: &str, what| all().within(scopes).must(kind, what).is_ok();
    use Interaction::{Create, Read, Search};
    for (scopes, kind, what, truth) in [
        ("openid offline", "Patient", Create, true),
        ("openid user/Patient.rs", "Patient", Search, true),
        ("openid user/Patient.rs", "Patient", Create, false),
        ("openid user/Patient.rs", "Task", Read, false),
        ("user/*.cruds", "Task", Read, true),
        ("user/*.cruds", "Task", Create, false),
        ("user/*.cruds", "Encounter", Read, false),
        ("user/Patient.rs?active=true", "Patient", Read, false),
    ] {
        assert_eq!(may(scopes, kind, what), truth, "{scopes} {kind} {what}");
    }
}

#[test]
fn the_effective_policy_is_told_as_recorded() {
    let admin = Rights::of(member(true), &[]).to_json();
    let id = Uuid::nil();
    assert_eq!(
        admin,
        json!({
            "resourceType": "AccessPolicy", "basedOn": [], "resource": [
                { "resourceType": "*" },
                { "resourceType": "SearchParameter", "readonly": true },
                { "resourceType": "StructureDefinition", "readonly": true },
                { "resourceType": "Project", "criteria": format!("Project?_id={id}"),
                  "readonlyFields": ["features", "link", "systemSetting"],
                  "hiddenFields": ["superAdmin", "systemSecret", "strictMode"] },
                { "resourceType": "ProjectMembership", "readonlyFields": ["project", "user"] },
                { "resourceType": "UserSecurityRequest", "readonly": true },
                { "resourceType": "User", "readonlyFields": ["email", "emailVerified", "mfaEnrolled", "project"],
                  "hiddenFields": ["passwordHash", "mfaSecret"] },
            ],
        })
    );
    let own = rights(json!({ "name": "Ward", "resource": [
        { "resourceType": "Patient", "criteria": "Patient?organization=%ward", "hiddenFields": ["gender"] },
    ] }));
    let told = own.to_json();
    assert_eq!(
        told["basedOn"],
        json!([{ "reference": format!("AccessPolicy/{ID}"), "display": "Ward" }])
    );
    assert_eq!(
        told["resource"][0]["criteria"],
        "Patient?organization=Organization/1"
    );
    let patient = stored(
        "Patient",
        json!({ "managingOrganization": { "reference": "Organization/1" }, "gender": "male" }),
    );
    let shown = own.shown(patient, Interaction::Read).unwrap();
    assert_eq!(shown.to_json(View::Plain).get("gender"), None);
}

#[test]
fn a_policy_that_is_not_there_allows_nothing() {
    let rights = Rights::of(
        member(true),
        &[(Reference::to(format!("AccessPolicy/{ID}")), None)],
    );
    assert!(rights.must("Patient", Interaction::Read).is_err());
    assert!(
        Rights::none()
            .must("StructureDefinition", Interaction::Read)
            .is_err()
    );
}
