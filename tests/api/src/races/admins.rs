//! The last administrator, when everybody leaves at once.

use harness::world::{Client, Project, World};
use serde_json::{Value, json};

use super::{MANY, arena, only, winners, with_status};
use crate::ledger::Ledger;
use crate::world::at_once;

const LAST_ADMIN: &str = "A project must keep at least one active administrator";

/// Administrators of a project, each with its own membership; the project's first one is among them.
async fn administrators(project: &Project, count: usize) -> Vec<(Client, Value)> {
    let mut clients = vec![project.admin.clone()];
    for number in 1..count {
        clients.push(
            project
                .administrator(&format!("Administrator {number}"))
                .await,
        );
    }
    let mut pairs = Vec::new();
    for client in clients {
        let membership = project
            .membership(&format!("ClientApplication/{}", client.id()))
            .await;
        pairs.push((client, membership));
    }
    pairs
}

async fn left(world: &World, project: &Project) -> usize {
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    ledger.admins(&project.id).1
}

/// Sets one field of everybody's own membership to false, at once: all but one get through, and one administrator is left.
async fn everybody_drops(field: &'static str, count: usize) {
    let (world, _turn) = arena().await;
    let project = world.project(&format!("Without {field}")).await;
    let admins = administrators(&project, count).await;
    let answers = at_once(count, |number| {
        let (project, (client, mut membership)) = (project.clone(), admins[number].clone());
        membership[field] = json!(false);
        async move { project.update(&client, &membership).await }
    })
    .await;
    winners(&answers, count - 1, LAST_ADMIN);
    assert_eq!(left(world, &project).await, 1);
}

#[tokio::test]
async fn of_many_administrators_who_give_up_their_right_at_once_one_must_stay() {
    everybody_drops("admin", MANY).await;
}

#[tokio::test]
async fn of_many_administrators_who_deactivate_themselves_at_once_one_must_stay() {
    everybody_drops("active", 16).await;
}

#[tokio::test]
async fn of_many_administrators_who_leave_at_once_one_must_stay() {
    let (world, _turn) = arena().await;
    let project = world.project("Everybody leaves").await;
    let admins = administrators(&project, 16).await;
    let answers = at_once(16, |number| {
        let (client, membership) = admins[number].clone();
        let path = project.path(&format!("members/{}", membership["id"].as_str().unwrap()));
        async move { client.delete(&path).await }
    })
    .await;
    winners(&answers, 15, LAST_ADMIN);
    assert_eq!(left(world, &project).await, 1);
}

#[tokio::test]
async fn a_ring_of_administrators_who_demote_their_neighbours_never_leaves_none() {
    let (world, _turn) = arena().await;
    let project = world.project("A ring").await;
    let admins = administrators(&project, MANY).await;
    let answers = at_once(MANY, |number| {
        let (project, client) = (project.clone(), admins[number].0.clone());
        let mut neighbour = admins[(number + 1) % MANY].1.clone();
        neighbour["admin"] = json!(false);
        async move { project.update(&client, &neighbour).await }
    })
    .await;
    only(&answers, &[200, 403, 409]);
    let left = left(world, &project).await;
    assert!(left >= 1);
    assert_eq!(left, MANY - with_status(&answers, 200));
}
