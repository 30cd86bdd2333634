//! A project is handed over: with the word in the project the marks of memberships change, in one transaction.

use harness::world::{Client, Project, Request};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::world::{address, alice, invited, with, world};

fn place(project: &Project) -> String {
    format!("/fhir/R4/Project/{}", project.id)
}

async fn administrator(project: &Project, name: &str) -> Value {
    let body = json!({ "membership": { "admin": true }, "sendEmail": false });
    invited(project, &with(alice(&address(name, project)), body)).await
}

async fn end(project: &Project, membership: &Value) -> harness::world::Answer {
    let path = project.path(&format!("members/{}", membership["id"].as_str().unwrap()));
    project.admin.delete(&path).await
}

async fn hand_over(caller: &Client, project: &Project, member: &Value) -> harness::world::Answer {
    let operations = json!([{ "op": "add", "path": "/owner", "value": member["user"] }]);
    let request = Request::new("PATCH", &place(project));
    let request = request.body("application/json-patch+json", operations.to_string());
    caller.send(request).await
}

#[tokio::test]
async fn the_former_owner_can_go_and_the_new_one_cannot_whatever_the_verb() {
    let world = world().await;
    let project = world.project("Handed over").await;
    let (first, second) = (
        administrator(&project, "first").await,
        administrator(&project, "second").await,
    );
    let third = administrator(&project, "third").await;
    hand_over(&project.admin, &project, &first).await.must(200);
    let words = "Cannot delete the owner of the project";
    assert_eq!(end(&project, &first).await.must(400).issue_text(), words);
    let read = project.admin.get(&place(&project)).await.must(200).body;
    let wish = with(read, json!({ "owner": second["user"] }));
    project.admin.put(&place(&project), &wish).await.must(200);
    assert_eq!(end(&project, &second).await.must(400).issue_text(), words);
    end(&project, &first).await.must(200);
    hand_over(world.root(), &project, &third).await.must(200);
    assert_eq!(end(&project, &third).await.must(400).issue_text(), words);
    end(&project, &second).await.must(200);
    // Whoever has left, or never came, owns nothing.
    let refused = hand_over(&project.admin, &project, &first).await.must(400);
    assert_eq!(refused.expression(), "Project.owner");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn nobody_hands_over_a_project_that_is_not_his_to_run() {
    let world = world().await;
    let project = world.project("Kept").await;
    let member = administrator(&project, "owner").await;
    let plain = project.application("Plain").await;
    hand_over(&plain, &project, &member).await.must(403);
    let other = world.project("Other").await;
    hand_over(&other.admin, &project, &member).await.must(404);
    let read = world.root().get(&place(&project)).await.must(200).body;
    assert_eq!(read.get("owner"), None);
}

#[tokio::test]
async fn of_two_who_hand_it_over_at_once_each_mark_belongs_to_the_owner_who_stays() {
    let world = world().await;
    let project = world.project("Contested").await;
    let (first, second) = (
        administrator(&project, "first").await,
        administrator(&project, "second").await,
    );
    let (one, other) = tokio::join!(
        hand_over(&project.admin, &project, &first),
        hand_over(&project.admin, &project, &second)
    );
    assert!([200, 409, 412].contains(&one.status), "{}", one.text);
    assert!([200, 409, 412].contains(&other.status), "{}", other.text);
    let read = project.admin.get(&place(&project)).await.must(200).body;
    let (owner, former) = match read["owner"]["reference"] == first["user"]["reference"] {
        true => (first, second),
        false => (second, first),
    };
    end(&project, &owner).await.must(400);
    end(&project, &former).await.must(200);
    Ledger::read(world).await.must_hold();
}
