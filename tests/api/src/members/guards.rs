//! There is always an administrator, and the owner stays one.

use harness::world::{Client, Project};
use serde_json::{Value, json};

use crate::world::{address, alice, invited, with, world};

const LAST: &str = "A project must keep at least one active administrator";

/// Posts a membership of any project as the bootstrap client.
async fn change(member: &Value, fields: Value) -> harness::world::Answer {
    let project = member["project"]["reference"]
        .as_str()
        .unwrap()
        .replace("Project/", "");
    let path = format!(
        "/admin/projects/{project}/members/{}",
        member["id"].as_str().unwrap()
    );
    world()
        .await
        .root()
        .post(&path, &with(member.clone(), fields))
        .await
}

async fn own_membership(project: &Project, admin: &Client) -> Value {
    project
        .membership(&format!("ClientApplication/{}", admin.id()))
        .await
}

#[tokio::test]
async fn the_last_administrator_stays_whoever_asks() {
    let project = world().await.project("Last").await;
    let last = own_membership(&project, &project.admin).await;
    for fields in [
        json!({ "admin": false }),
        json!({ "active": false }),
        json!({ "admin": null }),
    ] {
        let refused = change(&last, fields.clone()).await.must(409);
        assert_eq!(
            (refused.body["id"].as_str(), refused.issue_text()),
            (Some("conflict"), LAST)
        );
        let refused = project
            .update(&project.admin, &with(last.clone(), fields))
            .await
            .must(409);
        assert_eq!(refused.issue_text(), LAST);
    }
    let path = project.path(&format!("members/{}", last["id"].as_str().unwrap()));
    let refused = project.admin.delete(&path).await.must(409);
    assert_eq!(refused.issue_text(), LAST);
    assert_eq!(own_membership(&project, &project.admin).await, last);
}

#[tokio::test]
async fn with_a_second_administrator_the_first_may_go() {
    let project = world().await.project("Two").await;
    let body = with(
        alice(&address("alice", &project)),
        json!({ "membership": { "admin": true } }),
    );
    invited(&project, &body).await;
    let first = own_membership(&project, &project.admin).await;
    let demoted = project
        .update(&project.admin, &with(first, json!({ "admin": false })))
        .await
        .must(200);
    assert_eq!(demoted.body["admin"], false);
    let answer = project.admin.get(&project.path("members/x")).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
}

#[tokio::test]
async fn an_inactive_administrator_does_not_count() {
    let project = world().await.project("Inactive").await;
    let body = with(
        alice(&address("alice", &project)),
        json!({ "membership": { "admin": true, "active": false } }),
    );
    let second = invited(&project, &body).await;
    let last = own_membership(&project, &project.admin).await;
    let refused = change(&last, json!({ "admin": false })).await.must(409);
    assert_eq!(refused.issue_text(), LAST);
    change(&second, json!({ "active": true })).await.must(200);
    change(&last, json!({ "admin": false })).await.must(200);
}

#[tokio::test]
async fn the_owner_is_neither_removed_nor_demoted_nor_deactivated() {
    let helper = world().await.project("Helper").await;
    let root = world().await.root();
    let body = json!({ "name": "Owned", "ownerEmail": address("owner", &helper) });
    let project = root.post("/fhir/R4/Project/$init", &body).await.must(201);
    let query = format!(
        "/fhir/R4/ProjectMembership?project=Project/{}&profile-type=Practitioner",
        project.id()
    );
    let owner = root.get(&query).await.must(200).body["entry"][0]["resource"].clone();
    assert_eq!(owner["admin"], true);
    let path = format!("/admin/projects/{}/invite", project.id());
    let other = with(
        alice(&address("other", &helper)),
        json!({ "membership": { "admin": true } }),
    );
    root.post(&path, &other).await.must(200);
    for fields in [json!({ "admin": false }), json!({ "active": false })] {
        let refused = change(&owner, fields).await.must(409);
        assert_eq!(
            refused.issue_text(),
            "Cannot demote the owner of the project"
        );
    }
    let path = format!(
        "/admin/projects/{}/members/{}",
        project.id(),
        owner["id"].as_str().unwrap()
    );
    let refused = root.delete(&path).await.must(400);
    assert_eq!(refused.body["issue"][0]["code"], "invalid");
    assert_eq!(
        refused.issue_text(),
        "Cannot delete the owner of the project"
    );
    change(&owner, json!({ "externalId": "owner-1" }))
        .await
        .must(200);
}
