//! Types that are administered by routes of their own obey the same rules by FHIR's verbs.

use harness::world::{Project, Request};
use serde_json::{Value, json};

use super::{patch, path, version};
use crate::ledger::Ledger;
use crate::world::{address, alice, create, invited, with, world};

/// A project with an owner, and his membership.
async fn owned() -> (Project, Value) {
    let world = world().await;
    let project = world.project("Owned").await;
    let member = invited(
        &project,
        &with(
            alice(&address("olga", &project)),
            json!({ "membership": { "admin": true } }),
        ),
    )
    .await;
    let place = format!("/fhir/R4/Project/{}", project.id);
    let read = project.admin.get(&place).await.must(200).body;
    let owner = json!({ "owner": member["user"] });
    project
        .admin
        .put(&place, &with(read, owner))
        .await
        .must(200);
    let member = project.admin.get(&path(&member)).await.must(200).body;
    (project, member)
}

#[tokio::test]
async fn a_membership_is_changed_and_ended_by_fhir_with_every_guard() {
    let world = world().await;
    let (project, owner) = owned().await;
    let admin = &project.admin;
    let demoted = with(owner.clone(), json!({ "admin": false }));
    let words = "Cannot demote the owner of the project";
    assert_eq!(
        admin
            .put(&path(&owner), &demoted)
            .await
            .must(409)
            .issue_text(),
        words
    );
    let operations = json!([{ "op": "replace", "path": "/admin", "value": false }]);
    assert_eq!(
        patch(admin, &path(&owner), &operations)
            .await
            .must(409)
            .issue_text(),
        words
    );
    let answer = admin.delete(&path(&owner)).await.must(400);
    assert_eq!(
        answer.issue_text(),
        "Cannot delete the owner of the project"
    );
    let entry =
        json!([{ "request": { "method": "DELETE", "url": crate::world::reference(&owner) } }]);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": entry });
    let answer = admin.post("/fhir/R4", &batch).await.must(200).body;
    assert_eq!(answer["entry"][0]["response"]["status"], "400");
    let id = owner["id"].as_str().unwrap();
    admin
        .delete(&format!("/fhir/R4/ProjectMembership?_id={id}"))
        .await
        .must(400);

    let member = invited(&project, &alice(&address("alice", &project))).await;
    let user = json!([{ "op": "replace", "path": "/user/reference", "value": "User/9aa6ce9b-fd85-44b5-8540-0d6bc5984a28" },
                      { "op": "add", "path": "/externalId", "value": "e-1" }]);
    let patched = patch(admin, &path(&member), &user).await.must(200).body;
    assert_eq!(
        (&patched["user"], &patched["externalId"]),
        (&member["user"], &json!("e-1"))
    );
    let promoted = admin
        .put(&path(&member), &with(patched, json!({ "admin": true })))
        .await
        .must(200);
    assert_eq!(promoted.body["admin"], true);
    let other = invited(&project, &alice(&address("bob", &project))).await;
    let taken = patch(
        admin,
        &path(&other),
        &json!([{ "op": "add", "path": "/externalId", "value": "e-1" }]),
    )
    .await;
    assert!(taken.must(409).issue_text().contains("already exists"));
    admin.delete(&path(&member)).await.must(200);
    admin.get(&path(&member)).await.must(410);
    admin.delete(&path(&member)).await.must(200);
    patch(
        admin,
        &path(&other),
        &json!([{ "op": "add", "path": "/externalId", "value": "e-1" }]),
    )
    .await
    .must(200);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn the_last_administrator_stays_whatever_the_verb() {
    let world = world().await;
    let project = world.project("Last").await;
    let own = project
        .membership(&format!("ClientApplication/{}", project.admin.id()))
        .await;
    let words = "A project must keep at least one active administrator";
    let callers = [&project.admin, world.root()];
    for caller in callers {
        for change in [json!({ "admin": false }), json!({ "active": false })] {
            let answer = caller
                .put(&path(&own), &with(own.clone(), change))
                .await
                .must(409);
            assert_eq!(answer.issue_text(), words);
        }
        let operations = json!([{ "op": "remove", "path": "/admin" }]);
        assert_eq!(
            patch(caller, &path(&own), &operations)
                .await
                .must(409)
                .issue_text(),
            words
        );
        assert_eq!(
            caller.delete(&path(&own)).await.must(409).issue_text(),
            words
        );
    }
}

#[tokio::test]
async fn a_project_keeps_what_its_administrators_do_not_write() {
    let world = world().await;
    let (project, _) = owned().await;
    let place = format!("/fhir/R4/Project/{}", project.id);
    let before = world.root().get(&place).await.must(200).body;
    let sent = json!({ "resourceType": "Project", "id": project.id, "name": "Renamed", "superAdmin": true,
                       "strictMode": false, "features": ["bots"], "description": "d" });
    let answer = project.admin.put(&place, &sent).await.must(200).body;
    assert_eq!(
        (&answer["name"], &answer["description"]),
        (&json!("Renamed"), &json!("d"))
    );
    assert!(
        ["superAdmin", "strictMode", "features"]
            .iter()
            .all(|field| answer.get(*field).is_none())
    );
    let after = world.root().get(&place).await.must(200).body;
    for field in ["strictMode", "owner", "features", "superAdmin"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let root = with(
        after,
        json!({ "features": ["bots"], "superAdmin": true, "checkReferencesOnWrite": true }),
    );
    let after = world.root().put(&place, &root).await.must(200).body;
    assert_eq!(
        (&after["features"], after.get("superAdmin")),
        (&json!(["bots"]), None)
    );
    let nobody = json!({ "owner": { "reference": "User/00000000-0000-4000-8000-000000000000" } });
    let read = project.admin.get(&place).await.must(200).body;
    let refused = project
        .admin
        .put(&place, &with(read.clone(), nobody))
        .await
        .must(400);
    assert_eq!(refused.expression(), "Project.owner");
    let policy = json!({ "defaultPatientAccessPolicy": { "reference": "AccessPolicy/00000000-0000-4000-8000-000000000000" } });
    let refused = project
        .admin
        .put(&place, &with(read.clone(), policy))
        .await
        .must(400);
    assert_eq!(refused.expression(), "Project.defaultPatientAccessPolicy");
    let unknown = project
        .admin
        .put(&place, &with(read, json!({ "bogus": 1 })))
        .await
        .must(400);
    assert_eq!(unknown.expression(), "Project.bogus");
}

#[tokio::test]
async fn secrets_and_sites_change_through_a_project_only_when_they_are_sent() {
    let world = world().await;
    let project = world.project("Lists").await;
    let admin = &project.admin;
    let place = format!("/fhir/R4/Project/{}", project.id);
    let secret = json!([{ "name": "key", "valueString": "canary-fhir-secret" }]);
    admin
        .post(&project.path("secrets"), &secret)
        .await
        .must(200);
    let read = admin.get(&place).await.must(200).body;
    admin
        .put(&place, &with(read.clone(), json!({ "description": "x" })))
        .await
        .must(200);
    let details = format!("/admin/projects/{}", project.id);
    let shown = admin.get(&details).await.must(200).body;
    assert_eq!(shown["project"]["secret"], secret);
    let site = json!([{ "name": "Site", "domain": ["example.com"] }]);
    let answer = admin
        .put(
            &place,
            &with(read.clone(), json!({ "site": site, "secret": [] })),
        )
        .await
        .must(200)
        .body;
    assert_eq!(answer["site"], site);
    let shown = admin.get(&details).await.must(200).body;
    assert_eq!(
        (&shown["project"]["site"], shown["project"].get("secret")),
        (&site, None)
    );
    let faulty = admin
        .put(&place, &with(read, json!({ "site": [{ "name": "x" }] })))
        .await
        .must(400);
    assert!(
        faulty.expression().starts_with("Project.site"),
        "{}",
        faulty.text
    );
    for row in world.every_row().await {
        assert!(!row.to_string().contains("canary-fhir-secret"));
    }
}

#[tokio::test]
async fn a_project_is_closed_by_a_super_admin_and_nobody_else() {
    let world = world().await;
    let project = world.project("Closed").await;
    let place = format!("/fhir/R4/Project/{}", project.id);
    project.admin.delete(&place).await.must(403);
    world.root().delete(&place).await.must(200);
    world.root().get(&place).await.must(410);
    project.admin.get("/auth/me").await.must(401);
    world.root().delete(&place).await.must(200);
    let me = world.root().get("/auth/me").await.must(200).body;
    let home = format!("/fhir/R4/Project/{}", me["project"]["id"].as_str().unwrap());
    world.root().delete(&home).await.must(403);
}

#[tokio::test]
async fn a_user_of_the_project_is_renamed_and_his_address_stays() {
    let world = world().await;
    let project = world.project("Users").await;
    let scoped = with(
        alice(&address("alice", &project)),
        json!({ "scope": "project" }),
    );
    let member = invited(&project, &scoped).await;
    let place = format!("/fhir/R4/{}", member["user"]["reference"].as_str().unwrap());
    let user = project.admin.get(&place).await.must(200).body;
    let sent = with(
        user.clone(),
        json!({ "firstName": "Renamed", "email": "changed@example.com", "passwordHash": "x",
                                          "emailVerified": true, "project": { "reference": "Project/x" } }),
    );
    let answer = project.admin.put(&place, &sent).await.must(200).body;
    assert_eq!(answer["firstName"], "Renamed");
    for field in ["email", "emailVerified", "project", "passwordHash"] {
        assert_eq!(answer.get(field), user.get(field), "{field}");
    }
    let again = project.admin.put(&place, &answer).await.must(200).body;
    assert_eq!(version(&again), version(&answer));
    project.admin.delete(&place).await.must(403);
    let server = invited(&project, &alice(&address("server", &project))).await;
    let place = format!("/fhir/R4/{}", server["user"]["reference"].as_str().unwrap());
    let id = place.rsplit_once('/').unwrap().1;
    let sent = json!({ "resourceType": "User", "id": id, "firstName": "X", "lastName": "Y" });
    project.admin.put(&place, &sent).await.must(404);
    world.root().put(&place, &sent).await.must(200);
}

#[tokio::test]
async fn switching_an_application_off_or_giving_it_another_secret_ends_its_sessions() {
    let world = world().await;
    let project = world.project("Applications").await;
    let admin = &project.admin;
    let made = admin
        .post(&project.path("client"), &json!({ "name": "Robot" }))
        .await
        .must(201)
        .body;
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let robot = world.anonymous().basic(id, secret);
    let session = robot.token().await;
    session.get("/auth/me").await.must(200);
    let read = admin.get(&path(&made)).await.must(200).body;
    let renamed = admin
        .put(&path(&made), &with(read, json!({ "description": "x" })))
        .await
        .must(200)
        .body;
    assert_eq!(renamed["secret"], made["secret"]);
    session.get("/auth/me").await.must(200);
    let off = admin
        .put(
            &path(&made),
            &with(renamed.clone(), json!({ "status": "off" })),
        )
        .await
        .must(200)
        .body;
    session.get("/auth/me").await.must(401);
    robot.get("/auth/me").await.must(401);
    let on = admin
        .put(&path(&made), &with(off, json!({ "status": "active" })))
        .await
        .must(200)
        .body;
    robot.get("/auth/me").await.must(200);
    session.get("/auth/me").await.must(401);
    let session = robot.token().await;
    let other = json!({ "secret": "another secret for the robot" });
    let changed = admin
        .put(&path(&made), &with(on, other))
        .await
        .must(200)
        .body;
    session.get("/auth/me").await.must(401);
    robot.get("/auth/me").await.must(401);
    world
        .anonymous()
        .basic(id, "another secret for the robot")
        .get("/auth/me")
        .await
        .must(200);
    let mut without = changed.clone();
    without.as_object_mut().unwrap().remove("secret");
    let kept = admin.put(&path(&made), &without).await.must(200).body;
    assert_eq!(version(&kept), version(&changed));
    admin.delete(&path(&made)).await.must(409);
    let member = project.membership(&format!("ClientApplication/{id}")).await;
    admin.delete(&path(&member)).await.must(200);
    admin.delete(&path(&made)).await.must(200);
    world
        .anonymous()
        .basic(id, "another secret for the robot")
        .get("/auth/me")
        .await
        .must(401);
}

#[tokio::test]
async fn a_profile_to_which_a_membership_points_is_deleted_on_no_route() {
    let project = world().await.project("Profiles").await;
    let admin = &project.admin;
    let email = address("alice", &project);
    let member = invited(&project, &alice(&email)).await;
    let profile = member["profile"]["reference"].as_str().unwrap().to_owned();
    let place = format!("/fhir/R4/{profile}");
    let words = "A profile that belongs to a membership cannot be deleted";
    assert_eq!(admin.delete(&place).await.must(409).issue_text(), words);
    let id = profile.rsplit_once('/').unwrap().1;
    admin
        .delete(&format!("/fhir/R4/Practitioner?_id={id}"))
        .await
        .must(409);
    let entry = json!([{ "request": { "method": "DELETE", "url": profile } }]);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": entry });
    let answer = admin.post("/fhir/R4", &batch).await.must(200).body;
    assert_eq!(answer["entry"][0]["response"]["status"], "409");
    admin.get(&place).await.must(200);
    admin.delete(&path(&member)).await.must(200);
    admin.delete(&place).await.must(200);
    // The address finds him no more: whoever is invited with it gets a new profile.
    let again = invited(&project, &alice(&email)).await;
    assert_ne!(again["profile"]["reference"], profile);
}

#[tokio::test]
async fn the_address_in_a_profile_is_where_an_invite_finds_it() {
    let world = world().await;
    let project = world.project("Addresses").await;
    let admin = &project.admin;
    let (old, new) = (address("old", &project), address("new", &project));
    let telecom = |email: &str| json!({ "telecom": [{ "system": "email", "value": email }] });
    let name = json!({ "resourceType": "Practitioner", "name": [{ "given": ["Alice"], "family": "Smith" }] });
    let made = create(admin, with(name, telecom(&old))).await;
    admin
        .put(&path(&made), &with(made.clone(), telecom(&new)))
        .await
        .must(200);
    Ledger::read(world).await.must_hold();
    let member = invited(&project, &alice(&new)).await;
    assert_eq!(
        member["profile"]["reference"],
        crate::world::reference(&made)
    );
    let other = invited(&project, &alice(&old)).await;
    assert_ne!(
        other["profile"]["reference"],
        member["profile"]["reference"]
    );
    let many: Vec<Value> = (0..60)
        .map(|n| json!({ "system": "email", "value": format!("a{n}@example.com") }))
        .collect();
    let refused = admin
        .put(
            &path(&made),
            &with(made.clone(), json!({ "telecom": many })),
        )
        .await
        .must(400);
    assert_eq!(refused.expression(), "Practitioner.telecom");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_policy_is_always_held_against_its_definition() {
    let project = world().await.project("Policies").await;
    let rule = json!({ "resourceType": "Patient", "criteria": "Patient?name=x" });
    let policy = json!({ "resourceType": "AccessPolicy", "name": "P", "resource": [rule] });
    let made = create(&project.admin, policy).await;
    for criteria in ["Observation?name=x", "name=x", "Patient"] {
        let rule = json!({ "resourceType": "Patient", "criteria": criteria });
        let body = with(made.clone(), json!({ "resource": [rule] }));
        let refused = project.admin.put(&path(&made), &body).await.must(400);
        assert!(refused.issue_text().contains("axp-3"), "{}", refused.text);
        let operations =
            json!([{ "op": "replace", "path": "/resource/0/criteria", "value": criteria }]);
        patch(&project.admin, &path(&made), &operations)
            .await
            .must(400);
    }
    let request =
        Request::new("PUT", &path(&made)).json(&with(made.clone(), json!({ "name": "Q" })));
    project.admin.send(request).await.must(200);
}
