//! PUT, PATCH and DELETE of what is nothing but a resource of its project.

use harness::world::Request;
use serde_json::json;

use super::{patch, path, version};
use crate::ledger::Ledger;
use crate::world::{at_once, create, with, world};

#[tokio::test]
async fn an_update_is_a_new_version_and_one_that_changes_nothing_is_none() {
    let project = world().await.project("Updates").await;
    let admin = &project.admin;
    let made = create(
        admin,
        json!({ "resourceType": "Patient", "birthDate": "2000-01-01" }),
    )
    .await;
    let changed = with(
        made.clone(),
        json!({ "birthDate": "2001-01-01", "active": true }),
    );
    let answer = admin.put(&path(&made), &changed).await.must(200);
    assert_eq!(answer.body["birthDate"], "2001-01-01");
    assert_ne!(version(&answer.body), version(&made));
    assert_eq!(
        answer.header("etag"),
        format!("W/\"{}\"", version(&answer.body))
    );
    let read = admin.get(&path(&made)).await.must(200).body;
    assert_eq!(read, answer.body);
    // Empties, and whatever is said of the server's own fields, are no change.
    let same = with(
        read.clone(),
        json!({ "name": [], "meta": { "versionId": "x", "author": {} } }),
    );
    let again = admin.put(&path(&made), &same).await.must(200);
    assert_eq!(version(&again.body), version(&read));
    let without = json!({ "resourceType": "Patient", "id": made["id"] });
    let bare = admin.put(&path(&made), &without).await.must(200).body;
    assert_eq!((bare.get("birthDate"), bare.get("active")), (None, None));
}

#[tokio::test]
async fn a_stale_version_is_refused_and_the_current_one_is_not() {
    let project = world().await.project("Stale").await;
    let admin = &project.admin;
    let made = create(admin, json!({ "resourceType": "Patient" })).await;
    let put = |tag: String, birth: &str| {
        let body = with(made.clone(), json!({ "birthDate": birth }));
        Request::new("PUT", &path(&made))
            .header("if-match", &tag)
            .json(&body)
    };
    let first = format!("W/\"{}\"", version(&made));
    let second = admin
        .send(put(first.clone(), "2000-01-01"))
        .await
        .must(200)
        .body;
    let refused = admin.send(put(first.clone(), "2000-01-02")).await.must(412);
    assert_eq!(refused.issue_text(), "Precondition Failed");
    admin
        .send(put("garbage".into(), "2000-01-02"))
        .await
        .must(412);
    let stale = Request::new("DELETE", &path(&made)).header("if-match", &first);
    admin.send(stale).await.must(412);
    let operations = json!([{ "op": "add", "path": "/active", "value": true }]);
    let stale = Request::new("PATCH", &path(&made)).header("if-match", &first);
    admin.send(stale.json(&operations)).await.must(412);
    let current = format!("W/\"{}\"", version(&second));
    admin.send(put(current, "2000-01-03")).await.must(200);
}

#[tokio::test]
async fn a_body_must_be_the_resource_that_the_path_names() {
    let project = world().await.project("Mismatch").await;
    let admin = &project.admin;
    let made = create(admin, json!({ "resourceType": "Patient" })).await;
    let id = made["id"].as_str().unwrap();
    let say = async |body| {
        admin
            .put(&path(&made), &body)
            .await
            .must(400)
            .issue_text()
            .to_owned()
    };
    let practitioner = json!({ "resourceType": "Practitioner", "id": id });
    assert_eq!(say(practitioner).await, "Incorrect resource type");
    assert_eq!(say(json!({ "id": id })).await, "Incorrect resource type");
    assert_eq!(
        say(json!({ "resourceType": "Patient" })).await,
        "Incorrect resource ID"
    );
    let other = json!({ "resourceType": "Patient", "id": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(say(other).await, "Incorrect resource ID");
    let bogus = admin.put("/fhir/R4/Bogus/1", &json!({})).await.must(400);
    assert_eq!(bogus.issue_text(), "Unknown resource type");
    for kind in [
        "Login",
        "JsonWebKey",
        "DomainConfiguration",
        "AuditEvent",
        "UserSecurityRequest",
    ] {
        let path = format!("/fhir/R4/{kind}/{id}");
        admin
            .put(&path, &json!({ "resourceType": kind, "id": id }))
            .await
            .must(403);
        admin.delete(&path).await.must(403);
    }
}

#[tokio::test]
async fn nobody_but_a_super_admin_chooses_an_id() {
    let world = world().await;
    let project = world.project("Chosen").await;
    let id = format!("{}-4111-8111-{}", &project.id[..13], &project.id[24..]);
    let body = json!({ "resourceType": "Patient", "id": id, "meta": { "project": project.id } });
    let path = format!("/fhir/R4/Patient/{id}");
    project.admin.put(&path, &body).await.must(404);
    let made = world.root().put(&path, &body).await.must(201);
    assert!(
        made.header("location").ends_with(&path),
        "{}",
        made.header("location")
    );
    let read = project.admin.get(&path).await.must(200).body;
    assert_eq!(read["id"], id);
    world
        .root()
        .put(&path, &with(body, json!({ "active": true })))
        .await
        .must(200);
}

#[tokio::test]
async fn what_is_deleted_is_gone_stays_gone_and_comes_back_when_it_is_written_again() {
    let world = world().await;
    let project = world.project("Deleted").await;
    let admin = &project.admin;
    let email = format!("{}@example.com", project.id);
    let telecom = json!([{ "system": "email", "value": email }]);
    let made = create(
        admin,
        json!({ "resourceType": "Patient", "telecom": telecom }),
    )
    .await;
    let deleted = admin.delete(&path(&made)).await.must(200);
    assert_eq!(deleted.body["id"], "ok");
    admin.get(&path(&made)).await.must(410);
    admin.delete(&path(&made)).await.must(200);
    let operations = json!([{ "op": "add", "path": "/active", "value": true }]);
    patch(admin, &path(&made), &operations).await.must(410);
    admin
        .delete("/fhir/R4/Patient/00000000-0000-4000-8000-000000000000")
        .await
        .must(404);
    let found = admin
        .get(&format!(
            "/fhir/R4/Patient?_id={}",
            made["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(found.body.get("entry"), None);
    Ledger::read(world).await.must_hold();
    // Super admins find it where it was.
    let root = world.root();
    root.get(&path(&made)).await.must(410);
    let history = root.get(&format!("{}/_history", path(&made))).await;
    assert_eq!(history.must(200).body["total"], 2);
    let restored = root.put(&path(&made), &made).await.must(200).body;
    assert_eq!(admin.get(&path(&made)).await.must(200).body, restored);
    root.delete(&path(&made)).await.must(200);
    let back = admin.put(&path(&made), &made).await.must(200).body;
    assert!(version(&back) > version(&made));
    assert_eq!(admin.get(&path(&made)).await.must(200).body, back);
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_patch_applies_its_operations_or_none_of_them() {
    let project = world().await.project("Patches").await;
    let admin = &project.admin;
    let made = create(admin, json!({ "resourceType": "Patient", "active": true })).await;
    let place = path(&made);
    let operations = json!([
        { "op": "test", "path": "/active", "value": true },
        { "op": "add", "path": "/name", "value": [{ "family": "Simpson" }] },
        { "op": "replace", "path": "/active", "value": false },
    ]);
    let patched = patch(admin, &place, &operations).await.must(200).body;
    assert_eq!(
        (&patched["active"], &patched["name"][0]["family"]),
        (&json!(false), &json!("Simpson"))
    );
    let say = async |operations| {
        patch(admin, &place, &operations)
            .await
            .must(400)
            .issue_text()
            .to_owned()
    };
    assert_eq!(
        say(json!([{ "op": "zap", "path": "/x" }])).await,
        "Invalid operation: zap"
    );
    assert_eq!(
        say(json!({ "op": "add" })).await,
        "Patch body must be an array"
    );
    let bare = Request::new("PATCH", &place);
    assert_eq!(
        admin.send(bare).await.must(400).issue_text(),
        "Empty patch body"
    );
    say(json!([{ "op": "remove", "path": "/name" }, { "op": "test", "path": "/active", "value": true }])).await;
    let id = json!([{ "op": "replace", "path": "/id", "value": "x" }]);
    assert_eq!(say(id).await, "Incorrect resource ID");
    assert_eq!(admin.get(&place).await.must(200).body, patched);
    let nothing = patch(admin, &place, &json!([])).await.must(200).body;
    assert_eq!(version(&nothing), version(&patched));
}

#[tokio::test]
async fn patches_at_once_are_all_there_afterwards() {
    let project = world().await.project("At once").await;
    let made = create(
        &project.admin,
        json!({ "resourceType": "Patient", "identifier": [{ "value": "0" }] }),
    )
    .await;
    let answers = at_once(8, |n| {
        let (admin, place) = (project.admin.clone(), path(&made));
        async move {
            let value = json!({ "value": n.to_string() });
            patch(
                &admin,
                &place,
                &json!([{ "op": "add", "path": "/identifier/-", "value": value }]),
            )
            .await
        }
    })
    .await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(
        answers
            .iter()
            .all(|answer| [200, 409].contains(&answer.status))
    );
    let read = project.admin.get(&path(&made)).await.must(200).body;
    assert_eq!(read["identifier"].as_array().unwrap().len(), done + 1);
}

#[tokio::test]
async fn a_member_without_rights_changes_nothing_whatever_he_sends() {
    let project = world().await.project("Rights").await;
    let plain = project.application("Plain").await;
    let made = create(
        &project.admin,
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] }),
    )
    .await;
    plain.put(&path(&made), &made).await.must(403);
    plain.put(&path(&made), &json!({})).await.must(403);
    plain.delete(&path(&made)).await.must(403);
    patch(&plain, &path(&made), &json!([])).await.must(403);
    plain
        .get(&format!("{}/_history", path(&made)))
        .await
        .must(403);
}
