//! Provisioning.

use harness::world::Request;
use serde_json::{Value, json};

use super::{USERS, find, lisa, path, provision, send};
use crate::ledger::Ledger;
use crate::world::{address, at_once, create, with, world};

#[tokio::test]
async fn a_provisioned_person_is_a_member_who_got_no_letter() {
    let world = world().await;
    let project = world.project("Provisioned").await;
    let made = provision(&project, &lisa(&project)).await.must(201);
    let user = &made.body;
    assert_eq!(
        made.header("content-type"),
        "application/scim+json; charset=utf-8"
    );
    assert_eq!(
        made.header("location"),
        format!("{}{}", world.api(), path(user))
    );
    assert_eq!(
        made.header("etag"),
        user["meta"]["version"].as_str().unwrap()
    );
    assert_eq!(user["userName"], "Lisa@Springfield");
    assert_eq!(user["externalId"], "ext-lisa");
    assert_eq!(
        user["emails"],
        json!([{ "value": address("lisa", &project) }])
    );
    assert_eq!(
        (&user["userType"], &user["active"]),
        (&json!("Practitioner"), &json!(true))
    );

    let member = project.path(&format!("members/{}", user["id"].as_str().unwrap()));
    let member = project.admin.get(&member).await.must(200).body;
    assert_eq!(member["userName"], "Lisa@Springfield");
    assert_eq!(
        member["invitedBy"]["reference"],
        format!("ClientApplication/{}", project.admin.id())
    );
    assert_eq!(member.get("accessPolicy"), None);
    let ledger = Ledger::read(world).await;
    let letters = ledger.invitations(&project.id);
    assert_eq!(
        (letters.len(), &letters[0]["delivery"]),
        (1, &json!("none"))
    );
}

#[tokio::test]
async fn a_patient_gets_the_projects_default_policy_and_needs_no_patient_to_be_a_practitioner() {
    let world = world().await;
    let project = world.project("Defaults").await;
    let policy =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] });
    let policy = create(&project.admin, policy).await;
    let default =
        json!({ "reference": format!("AccessPolicy/{}", policy["id"].as_str().unwrap()) });
    let owned = json!({ "resourceType": "Project", "name": "Owned", "defaultPatientAccessPolicy": default });
    // The policy belongs to another project: a default must resolve where it applies.
    world
        .root()
        .post("/fhir/R4/Project", &owned)
        .await
        .must(400);
    for kind in ["Practitioner", "Patient"] {
        let user = with(
            json!({ "userType": kind, "name": { "givenName": "P", "familyName": "Q" } }),
            json!({ "emails": [{ "value": address(kind, &project) }] }),
        );
        let made = provision(&project, &user).await.must(201).body;
        assert_eq!(made["userType"], kind);
    }
}

#[tokio::test]
async fn somebody_who_is_a_member_already_is_a_conflict_of_uniqueness() {
    let project = world().await.project("Twice").await;
    let user = lisa(&project);
    provision(&project, &user).await.must(201);
    let mail = |name: &str| json!({ "emails": [{ "value": address(name, &project) }] });
    let again = with(user.clone(), json!({ "userName": "x", "externalId": "x" }));
    let same_external = with(with(user.clone(), mail("m1")), json!({ "userName": "y" }));
    let same_name = with(
        with(user.clone(), mail("m2")),
        json!({ "userName": "LISA@springfield", "externalId": "z" }),
    );
    for body in [user, again, same_external, same_name] {
        let answer = provision(&project, &body).await.must(409);
        assert_eq!(answer.body["scimType"], "uniqueness", "{}", answer.text);
        assert_eq!(answer.body["status"], "409");
    }
    assert_eq!(find(&project, &[]).await["totalResults"], 1);
}

#[tokio::test]
async fn the_same_key_provisions_once() {
    let project = world().await.project("Key").await;
    let body = lisa(&project);
    let request = |body: &Value| {
        Request::new("POST", USERS)
            .header("idempotency-key", "k")
            .json(body)
    };
    let first = project.admin.send(request(&body)).await.must(201);
    let second = project.admin.send(request(&body)).await.must(201);
    assert_eq!(first.body, second.body);
    let other = with(body, json!({ "userName": "other" }));
    let refused = project.admin.send(request(&other)).await.must(422);
    assert_eq!(refused.body["status"], "422");
}

#[tokio::test]
async fn sixteen_at_once_provision_one_person() {
    let world = world().await;
    let project = world.project("Race").await;
    let body = lisa(&project);
    let answers = at_once(16, |_| {
        let (caller, body) = (project.admin.clone(), body.clone());
        async move { send(&caller, "POST", USERS, &body).await }
    })
    .await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert!(
        answers
            .iter()
            .all(|answer| [201, 409].contains(&answer.status))
    );
    let ledger = Ledger::read(world).await;
    let users = ledger.users(&address("lisa", &project)).len();
    let profiles = ledger.resources(&project.id, "Practitioner").len();
    assert_eq!(
        (users, profiles, ledger.persons(&project.id).len()),
        (1, 1, 1)
    );
}
