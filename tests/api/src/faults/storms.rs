//! Many faults for a long time: an answer is a success, or says that nothing was stored. They strike requests only: a function
//! that cannot read its keys when it starts serves none.

use harness::proxy::{Fault, Plan};
use harness::world::{Answer, Project, World};
use serde_json::json;

use super::{fresh, member, once, person, ruins};
use crate::ledger::Ledger;
use crate::world::at_once;

/// Invites people while the plan holds; whoever was answered 503 is not there, and can be invited again afterwards.
async fn invites(world: &World, project: &Project, plan: Plan) {
    let emails: Vec<_> = (0..24)
        .map(|_| format!("{}@example.com", fresh("storm-")))
        .collect();
    let requests: Vec<_> = emails
        .iter()
        .map(|email| once(&project.path("invite"), &person(email)))
        .collect();
    world.proxy().lay(plan);
    let answers = at_once(requests.len(), |number| {
        let (admin, request) = (project.admin.clone(), requests[number].clone());
        async move { admin.send(request).await }
    })
    .await;
    world.proxy().lay(Plan::default());
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    for ((answer, email), request) in answers.iter().zip(&emails).zip(&requests) {
        let stored = ledger.users(email).len();
        assert_eq!(
            stored,
            usize::from(success_or_nothing(answer)),
            "{}",
            answer.text
        );
        project.admin.send(request.clone()).await.must(200);
    }
}

/// Whether it is a success; else it must be a 503 that asks for patience.
fn success_or_nothing(answer: &Answer) -> bool {
    if answer.status != 200 {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(
            answer.body["issue"][0]["code"], "transient",
            "{}",
            answer.text
        );
    }
    answer.status == 200
}

#[tokio::test]
async fn a_throttled_table_makes_invites_succeed_or_store_nothing() {
    let (world, _turn) = ruins().await;
    let project = world.project("Throttled").await;
    for share in [0.1, 0.5, 0.9] {
        invites(world, &project, Plan::new(3).throttle("invite/*", share)).await;
    }
}

#[tokio::test]
async fn a_table_without_any_capacity_answers_503_and_stores_nothing() {
    let (world, _turn) = ruins().await;
    let project = world.project("No capacity").await;
    invites(
        world,
        &project,
        Plan::new(3).throttle("invite/TransactWriteItems", 1.0),
    )
    .await;
}

#[tokio::test]
async fn a_failing_table_makes_invites_succeed_or_store_nothing() {
    let (world, _turn) = ruins().await;
    let project = world.project("Failing").await;
    for fault in [
        Fault::ServerError,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Unprocessed,
    ] {
        invites(
            world,
            &project,
            Plan::new(5).sometimes("invite/*", 0.3, fault),
        )
        .await;
    }
}

#[tokio::test]
async fn a_table_that_leaves_every_key_unprocessed_lets_nobody_in() {
    let (world, _turn) = ruins().await;
    let project = world.project("Unprocessed").await;
    let path = format!("/fhir/R4/ProjectMembership?project=Project/{}", project.id);
    let bearer = project.admin.token().await;
    for caller in [&project.admin, &bearer] {
        world
            .proxy()
            .lay(Plan::new(5).sometimes("list-members/*", 1.0, Fault::Unprocessed));
        let answer = caller.get(&path).await;
        world.proxy().lay(Plan::default());
        assert_eq!(answer.status, 503, "{}", answer.text);
        caller.get(&path).await.must(200);
    }
}

#[tokio::test]
async fn a_throttled_table_never_makes_a_member_unknown_or_gone() {
    let (world, _turn) = ruins().await;
    let project = world.project("Unknown").await;
    let member = member(&project).await;
    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    world.proxy().lay(
        Plan::new(11)
            .throttle("get-membership/*", 0.6)
            .throttle("update-membership/*", 0.6)
            .sometimes("get-membership/*", 0.5, Fault::Unprocessed)
            .sometimes("update-membership/*", 0.5, Fault::Unprocessed),
    );
    let answers = at_once(32, |number| {
        let (project, path, mut member) = (project.clone(), path.clone(), member.clone());
        member["userName"] = json!(format!("alice-{number}"));
        async move {
            match number % 2 {
                0 => project.admin.get(&path).await,
                _ => project.update(&project.admin, &member).await,
            }
        }
    })
    .await;
    world.proxy().lay(Plan::default());
    for (number, answer) in answers.iter().enumerate() {
        let contended = number % 2 == 1 && answer.status == 409;
        assert!(
            contended || [200, 503].contains(&answer.status),
            "{} {}",
            answer.status,
            answer.text
        );
    }
    Ledger::read(world).await.must_hold();
}
