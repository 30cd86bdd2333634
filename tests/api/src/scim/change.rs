//! Changing and ending what was provisioned.

use harness::world::{Answer, Project, Request};
use serde_json::{Value, json};

use super::{find, lisa, path, provision, send};
use crate::ledger::Ledger;
use crate::world::{address, alice, at_once, invited, with, world};

async fn patch(project: &Project, user: &Value, operations: Value) -> Answer {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
    });
    send(&project.admin, "PATCH", &path(user), &body).await
}

#[tokio::test]
async fn every_spelling_of_a_deactivation_ends_access_at_once_and_activation_gives_it_back() {
    let project = world().await.project("Deactivated").await;
    let person = project.application("Stand-in").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    for (off, on) in [
        (
            json!([{ "op": "replace", "path": "active", "value": false }]),
            json!([{ "op": "Add", "path": "active", "value": "True" }]),
        ),
        (
            json!([{ "op": "Replace", "value": { "active": false } }]),
            json!([{ "op": "remove", "path": "active" }]),
        ),
    ] {
        let after = patch(&project, &user, off).await.must(200);
        assert_eq!(after.body["active"], false);
        let member = project.path(&format!("members/{}", user["id"].as_str().unwrap()));
        assert_eq!(
            project.admin.get(&member).await.must(200).body["active"],
            false
        );
        let after = patch(&project, &user, on).await.must(200);
        assert_eq!(after.body["active"], true);
    }
    // Applications are no users: a provisioning system can neither see nor end them.
    let own = project
        .membership(&format!("ClientApplication/{}", person.id()))
        .await;
    project.admin.get(&path(&own)).await.must(404);
    patch(
        &project,
        &own,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    )
    .await
    .must(404);
    project.admin.delete(&path(&own)).await.must(404);
}

#[tokio::test]
async fn names_of_the_membership_change_and_are_unique() {
    let world = world().await;
    let project = world.project("Renamed").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    let changed = patch(
        &project,
        &user,
        json!([{ "op": "replace", "value": { "userName": "lisa.s", "externalId": "ext-2" } }]),
    );
    let changed = changed.await.must(200).body;
    assert_eq!(
        (&changed["userName"], &changed["externalId"]),
        (&json!("lisa.s"), &json!("ext-2"))
    );
    assert_ne!(changed["meta"]["version"], user["meta"]["version"]);
    let gone = find(&project, &[("filter", "userName eq \"Lisa@Springfield\"")]).await;
    assert_eq!(gone["totalResults"], 0);
    let removed = patch(
        &project,
        &user,
        json!([{ "op": "remove", "path": "externalId" }]),
    )
    .await
    .must(200);
    assert_eq!(removed.body.get("externalId"), None);

    let other = json!({ "userName": "maggie", "name": { "givenName": "M", "familyName": "S" },
                        "emails": [{ "value": address("maggie", &project) }] });
    let other = provision(&project, &other).await.must(201).body;
    let taken = patch(
        &project,
        &other,
        json!([{ "op": "replace", "path": "userName", "value": "LISA.S" }]),
    );
    assert_eq!(taken.await.must(409).body["scimType"], "uniqueness");
}

#[tokio::test]
async fn a_put_of_what_was_read_changes_nothing_and_what_it_leaves_out_stays() {
    let project = world().await.project("Put").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    let same = send(&project.admin, "PUT", &path(&user), &user)
        .await
        .must(200);
    assert_eq!(same.body, user);
    let short = json!({ "userName": user["userName"], "active": false });
    let changed = send(&project.admin, "PUT", &path(&user), &short)
        .await
        .must(200)
        .body;
    assert_eq!(changed["active"], false);
    assert_eq!(
        (&changed["externalId"], &changed["name"]),
        (&user["externalId"], &user["name"])
    );

    // A member without a user name is shown with an id in its place, which a PUT does not make a name.
    let ned = invited(&project, &alice(&address("ned", &project))).await;
    let shown = project.admin.get(&path(&ned)).await.must(200).body;
    let put = send(&project.admin, "PUT", &path(&shown), &shown)
        .await
        .must(200)
        .body;
    assert_eq!(put, shown);
}

#[tokio::test]
async fn names_and_addresses_of_a_person_are_settled() {
    let project = world().await.project("Settled").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    for (attribute, change) in [
        (
            "name.familyName",
            json!({ "name": { "givenName": "Lisa", "familyName": "Hibbert" } }),
        ),
        (
            "emails",
            json!({ "emails": [{ "value": address("new", &project) }] }),
        ),
        ("userType", json!({ "userType": "Patient" })),
    ] {
        let put = with(user.clone(), change.clone());
        let patched = json!([{ "op": "replace", "value": change }]);
        for answer in [
            send(&project.admin, "PUT", &path(&user), &put).await,
            patch(&project, &user, patched).await,
        ] {
            let answer = answer.must(400);
            assert_eq!(answer.body["scimType"], "mutability", "{}", answer.text);
            assert!(answer.text.contains(attribute), "{}", answer.text);
        }
    }
    for path in [
        "userName",
        "name.givenName",
        "emails[type eq \"work\"]",
        "id",
        "meta.version",
    ] {
        let answer = patch(&project, &user, json!([{ "op": "remove", "path": path }]))
            .await
            .must(400);
        assert_eq!(
            answer.body["scimType"], "mutability",
            "{path}: {}",
            answer.text
        );
    }
    let still = project.admin.get(&super::path(&user)).await.must(200).body;
    assert_eq!(still, user);
}

#[tokio::test]
async fn a_stale_version_is_refused_on_every_change() {
    let project = world().await.project("Stale").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    let version = user["meta"]["version"].as_str().unwrap().to_owned();
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let request = |method: &str, version: &str, body: &Value| {
        let request = Request::new(method, &path(&user)).header("if-match", version);
        if method == "DELETE" {
            request
        } else {
            request.json(body)
        }
    };
    let changed = project
        .admin
        .send(request("PATCH", &version, &off))
        .await
        .must(200);
    for (method, body) in [("PATCH", &off), ("PUT", &user), ("DELETE", &off)] {
        let answer = project
            .admin
            .send(request(method, &version, body))
            .await
            .must(412);
        assert_eq!(answer.body["status"], "412", "{method}");
    }
    let fresh = changed.header("etag");
    project
        .admin
        .send(request("DELETE", fresh, &off))
        .await
        .must(204);
}

#[tokio::test]
async fn a_deleted_user_is_not_found_and_his_user_and_profile_stay() {
    let world = world().await;
    let project = world.project("Deleted").await;
    let user = provision(&project, &lisa(&project)).await.must(201).body;
    let deleted = project.admin.delete(&path(&user)).await.must(204);
    assert_eq!(
        (deleted.text.as_str(), deleted.header("content-type")),
        ("", "")
    );
    for answer in [
        project.admin.get(&path(&user)).await,
        project.admin.delete(&path(&user)).await,
        send(&project.admin, "PUT", &path(&user), &user).await,
    ] {
        let answer = answer.must(404);
        assert_eq!(answer.body["detail"], "Not found");
    }
    assert_eq!(find(&project, &[]).await["totalResults"], 0);
    let ledger = Ledger::read(world).await;
    assert_eq!(ledger.users(&address("lisa", &project)).len(), 1);
    assert_eq!(ledger.resources(&project.id, "Practitioner").len(), 1);
    provision(&project, &lisa(&project)).await.must(201);
}

#[tokio::test]
async fn the_last_administrator_and_the_owner_stay_whatever_is_provisioned() {
    let world = world().await;
    let init = json!({ "name": "Owned", "ownerEmail": "scim.owner@example.com" });
    let made = world
        .root()
        .post("/fhir/R4/Project/$init", &init)
        .await
        .must(201);
    let root = world.root();
    let list = format!(
        "/fhir/R4/ProjectMembership?project=Project/{}&profile-type=Practitioner",
        made.id()
    );
    let owner = root.get(&list).await.must(200).body["entry"][0]["resource"].clone();
    // The default client of the project is not an administrator yet.
    let client = format!(
        "/fhir/R4/ProjectMembership?project=Project/{}&profile-type=ClientApplication",
        made.id()
    );
    let mut client = root.get(&client).await.must(200).body["entry"][0]["resource"].clone();
    client["admin"] = json!(true);
    let member = |of: &Value| {
        format!(
            "/admin/projects/{}/members/{}",
            made.id(),
            of["id"].as_str().unwrap()
        )
    };
    root.post(&member(&client), &client).await.must(200);
    let id = client["profile"]["reference"]
        .as_str()
        .unwrap()
        .replace("ClientApplication/", "");
    let secret = root
        .get(&format!("/fhir/R4/ClientApplication/{id}"))
        .await
        .must(200)
        .body["secret"]
        .clone();
    let caller = world.anonymous().basic(&id, secret.as_str().unwrap());

    let refused = caller.delete(&path(&owner)).await.must(400);
    assert_eq!(
        refused.body["detail"],
        "Cannot delete the owner of the project"
    );
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let refused = send(&caller, "PATCH", &path(&owner), &off).await.must(409);
    assert_eq!(
        refused.body["detail"],
        "Cannot demote the owner of the project"
    );
    assert_eq!(refused.body.get("scimType"), None);
}

#[tokio::test]
async fn administrators_who_are_deactivated_many_times_at_once_are_counted_out_once_each() {
    let world = world().await;
    let project = world.project("Counted").await;
    let mut people = Vec::new();
    for name in ["one", "two"] {
        let more = json!({ "admin": true, "sendEmail": false });
        people.push(invited(&project, &with(alice(&address(name, &project)), more)).await);
    }
    assert_eq!(Ledger::read(world).await.admins(&project.id), (3, 3));
    let off = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let answers = at_once(8, |n| {
        let (caller, path, off) = (project.admin.clone(), path(&people[n % 2]), off.clone());
        async move { send(&caller, "PATCH", &path, &off).await }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(Ledger::read(world).await.admins(&project.id), (1, 1));
}
