//! A batch that is sent again.

use std::collections::BTreeMap;

use harness::proxy::{Fault, Plan};
use harness::world::{Project, Request, World};
use serde_json::{Value, json};

use super::{people, status, statuses};
use crate::ledger::Ledger;
use crate::world::{address, alice, start, with, world};

fn keyed(project: &Project, rows: &Value) -> Request {
    Request::new("POST", &project.path("invite/batch"))
        .header("idempotency-key", "batch")
        .json(rows)
}

/// How many letters each address of the project got.
fn letters(world: &World, project: &Project) -> BTreeMap<String, usize> {
    let (unique, _) = project.id.split_once('-').unwrap();
    let mut counted = BTreeMap::new();
    for letter in world.mailbox().messages() {
        let to = format!("{:?}", letter.to);
        if to.contains(unique) {
            *counted.entry(to).or_insert(0) += 1;
        }
    }
    counted
}

#[tokio::test]
async fn a_batch_killed_half_way_and_sent_again_ends_as_if_it_had_not_been() {
    let world = start(2, Plan::default()).await;
    let project = world.project("Killed").await;
    let count = 24;
    let rows = (0..count).map(|n| alice(&address(&format!("k{n}"), &project)));
    let rows: Value = rows.collect();
    for call in [45, 60] {
        let kill = Plan::new(1).nth("invite-batch/*", call, Fault::CrashAfter);
        world.proxy().lay(kill);
        project.admin.send(keyed(&project, &rows)).await.must(502);
        world.proxy().lay(Plan::default());
        let ledger = Ledger::read(&world).await;
        ledger.must_hold();
        let done = ledger.persons(&project.id).len();
        assert!((1..count).contains(&done), "{done} rows before the end");
    }
    let answer = project.admin.send(keyed(&project, &rows)).await.must(200);
    assert_eq!(statuses(&answer), ["200"; 24]);
    let again = project.admin.send(keyed(&project, &rows)).await.must(200);
    assert_eq!(again.body, answer.body);
    let ledger = Ledger::read(&world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), count);
    let invites = ledger.events(&project.id).into_iter();
    let invites = invites.filter(|event| event.to_string().contains("\"invite\""));
    assert_eq!(invites.count(), count);
    for n in 0..count {
        let address = address(&format!("k{n}"), &project);
        assert!(world.letter_to(&address).await.is_some(), "{address}");
    }
    let letters = letters(&world, &project);
    assert_eq!(letters.len(), count);
    assert!(letters.values().all(|letters| *letters == 1), "{letters:?}");
}

#[tokio::test]
async fn a_key_belongs_to_one_body_even_when_no_row_of_it_happened() {
    let project = world().await.project("Key").await;
    let rows = json!(people(2, &project));
    let hurried = keyed(&project, &rows).header("prefer", "wait=0");
    project.admin.send(hurried).await.must(200);
    let other = json!(people(1, &project));
    project.admin.send(keyed(&project, &other)).await.must(422);
    let answer = project.admin.send(keyed(&project, &rows)).await.must(200);
    assert_eq!(statuses(&answer), ["200", "200"]);
}

#[tokio::test]
async fn a_row_that_was_refused_is_weighed_again_and_the_others_are_answered_again() {
    let project = world().await.project("Mixed").await;
    let mut rows = people(2, &project);
    rows[1] = with(
        rows[1].clone(),
        json!({ "membership": { "profile": { "reference": "Practitioner/nope" } } }),
    );
    let rows = json!(rows);
    let first = project.admin.send(keyed(&project, &rows)).await.must(200);
    assert_eq!((status(&first, 0), status(&first, 1)), ("200", "404"));
    let second = project.admin.send(keyed(&project, &rows)).await.must(200);
    assert_eq!(first.body["entry"][0], second.body["entry"][0]);
    assert_eq!(status(&second, 1), "404");
}
