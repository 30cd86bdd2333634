//! One fault, at every place at which it can happen.

use harness::proxy::Fault;
use harness::world::{Client, Project, Request, World};
use serde_json::json;

use super::{Deed, fresh, member, once, person, ruins};
use crate::accounts::arrivals::{account, login};
use crate::accounts::invited_by_letter;
use crate::ledger::Ledger;

pub(super) const FAULTS: [Fault; 7] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::LostRequest,
    Fault::LostAnswer,
    Fault::Throttle,
    Fault::ServerError,
    Fault::Unprocessed,
];

pub(super) fn deed(function: &'static str, caller: &Client, success: u16) -> Deed {
    let caller = caller.clone();
    Deed {
        function,
        caller,
        success,
        repeated: success,
    }
}

fn invitation(project: &Project) -> Request {
    once(
        &project.path("invite"),
        &person(&format!("{}@example.com", fresh("guest-"))),
    )
}

/// As many as were asked for, and nothing besides.
async fn persons(world: &World, project: &Project) -> usize {
    let ledger = Ledger::read(world).await;
    let persons = ledger.persons(&project.id).len();
    assert_eq!(ledger.resources(&project.id, "Practitioner").len(), persons);
    assert_eq!(ledger.invitations(&project.id).len(), persons);
    persons
}

#[tokio::test]
async fn an_invite_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Invites in ruins").await;
    let invite = deed("invite", &project.admin, 200);
    for fault in FAULTS {
        let (before, rounds) = (persons(world, &project).await, std::cell::Cell::new(0));
        invite
            .survives(world, fault, async || {
                rounds.set(rounds.get() + 1);
                invitation(&project)
            })
            .await;
        assert_eq!(
            persons(world, &project).await - before,
            rounds.get(),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_change_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Changes in ruins").await;
    let change = deed("update-membership", &project.admin, 200);
    for fault in FAULTS {
        change
            .survives(world, fault, async || {
                let mut member = member(&project).await;
                member["admin"] = json!(true);
                member["externalId"] = json!(fresh("badge-"));
                once(
                    &project.path(&format!("members/{}", member["id"].as_str().unwrap())),
                    &member,
                )
            })
            .await;
    }
}

#[tokio::test]
async fn a_removal_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Removals in ruins").await;
    let removal = Deed {
        repeated: 410,
        ..deed("remove-member", &project.admin, 200)
    };
    for fault in FAULTS {
        removal
            .survives(world, fault, async || {
                let member = member(&project).await;
                Request::new(
                    "DELETE",
                    &project.path(&format!("members/{}", member["id"].as_str().unwrap())),
                )
            })
            .await;
    }
    let left = Ledger::read(world).await;
    assert!(left.persons(&project.id).is_empty());
}

#[tokio::test]
async fn the_making_of_an_application_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Applications in ruins").await;
    let make = deed("create-client", &project.admin, 201);
    for fault in FAULTS {
        make.survives(world, fault, async || {
            once(&project.path("client"), &json!({ "name": fresh("Robot ") }))
        })
        .await;
    }
}

#[tokio::test]
async fn the_making_of_a_project_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let make = deed("create-project", world.root(), 201);
    for fault in FAULTS {
        make.survives(world, fault, async || {
            once(
                "/fhir/R4/Project",
                &json!({ "resourceType": "Project", "name": fresh("Ruin ") }),
            )
        })
        .await;
    }
}

#[tokio::test]
async fn the_start_of_a_project_with_a_new_owner_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let init = deed("create-project", world.root(), 201);
    for fault in FAULTS {
        init.survives(world, fault, async || {
            let email = format!("{}@example.com", fresh("owner-"));
            once(
                "/fhir/R4/Project/$init",
                &json!({ "name": fresh("Start "), "ownerEmail": email }),
            )
        })
        .await;
    }
}

#[tokio::test]
async fn the_acceptance_of_an_invitation_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Acceptances in ruins").await;
    let accept = Deed {
        repeated: 400,
        ..deed("recover-account", &world.anonymous(), 200)
    };
    for fault in FAULTS {
        accept
            .survives(world, fault, async || {
                let email = format!("{}@example.com", fresh("accepting-"));
                let (_, link) = invited_by_letter(world, &project, &email).await;
                let body =
                    json!({ "id": link.id, "secret": link.secret, "password": "correct-horse-9" });
                Request::new("POST", "/auth/setpassword").json(&body)
            })
            .await;
    }
}

#[tokio::test]
async fn the_order_of_a_reset_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Resets in ruins").await;
    let order = deed("recover-account", &world.anonymous(), 200);
    for fault in FAULTS {
        order
            .survives(world, fault, async || {
                let email = format!("{}@example.com", fresh("forgetful-"));
                project
                    .invite(&project.admin, &person(&email))
                    .await
                    .must(200);
                Request::new("POST", "/auth/resetpassword").json(&json!({ "email": email }))
            })
            .await;
    }
}

#[tokio::test]
async fn the_change_of_an_address_survives_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Addresses in ruins").await;
    let change = deed("update-user-email", &project.admin, 200);
    let address = || format!("{}@example.com", fresh("address-"));
    for fault in FAULTS {
        change
            .survives(world, fault, async || {
                let mut body = person(&address());
                body["resourceType"] = json!("Patient");
                let invited = project.invite(&project.admin, &body).await.must(200).body;
                let user = invited["user"]["reference"].as_str().unwrap();
                Request::new("POST", &format!("/fhir/R4/{user}/$update-email"))
                    .json(&json!({ "email": address(), "updateProfileTelecom": true }))
            })
            .await;
    }
}

#[tokio::test]
async fn the_arrival_of_a_user_and_of_his_project_survive_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let arrive = Deed {
        repeated: 400,
        ..deed("register", &world.anonymous(), 200)
    };
    let newcomer = || account(&format!("{}@example.com", fresh("newcomer-")));
    for fault in FAULTS {
        arrive
            .survives(world, fault, async || {
                Request::new("POST", "/auth/newuser").json(&newcomer())
            })
            .await;
        arrive
            .survives(world, fault, async || {
                let login = login(world, &newcomer()).await;
                let body = json!({ "login": login, "projectName": fresh("Ruin ") });
                Request::new("POST", "/auth/newproject").json(&body)
            })
            .await;
    }
}

#[tokio::test]
async fn reads_survive_every_fault_that_leaves_their_process_alive() {
    let (world, _turn) = ruins().await;
    let project = world.project("Reads in ruins").await;
    let member = member(&project).await;
    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    let list = format!("/fhir/R4/ProjectMembership?project=Project/{}", project.id);
    for (function, path) in [("get-membership", path), ("list-members", list)] {
        let read = deed(function, &project.admin, 200);
        for fault in FAULTS {
            read.survives(world, fault, async || Request::new("GET", &path))
                .await;
        }
    }
}
