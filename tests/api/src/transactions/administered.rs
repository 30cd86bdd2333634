//! What is administered keeps all its rules within a transaction.

use harness::world::{Client, Project};
use serde_json::{Value, json};

use super::{ask, post, project, put, send, shown};
use crate::ledger::Ledger;
use crate::world::{address, alice, create, invited, reference, with, world};

const LAST_ADMIN: &str = "A project must keep at least one active administrator";

async fn own(project: &Project, client: &Client) -> Value {
    project
        .membership(&format!("ClientApplication/{}", client.id()))
        .await
}

async fn admins(project: &Project) -> usize {
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    ledger.admins(&project.id).1
}

#[tokio::test]
async fn administrators_hand_over_and_never_leave_a_project_alone() {
    let project = project("Handed over").await;
    let admin = &project.admin;
    let other = project.administrator("Other").await;
    let (mine, others) = (own(&project, admin).await, own(&project, &other).await);
    let no = |membership: &Value| put(membership, json!({ "admin": false }));
    let refused = send(admin, &[no(&mine), no(&others)]).await.must(409);
    assert_eq!(refused.issue_text(), LAST_ADMIN);
    assert_eq!(admins(&project).await, 2);
    send(admin, &[no(&others)]).await.must(200);
    let others = own(&project, &other).await;
    let refused = send(admin, &[no(&mine)]).await.must(409);
    assert_eq!(
        (refused.issue_text(), refused.expression()),
        (LAST_ADMIN, "Bundle.entry[0]")
    );
    let handed_over = [no(&mine), put(&others, json!({ "admin": true }))];
    send(admin, &handed_over).await.must(200);
    assert_eq!(admins(&project).await, 1);
    send(admin, &[no(&others)]).await.must(403);
}

#[tokio::test]
async fn members_go_and_change_with_all_that_belongs_to_them() {
    let project = project("Members").await;
    let admin = &project.admin;
    let one = invited(&project, &alice(&address("one", &project))).await;
    let two = invited(&project, &alice(&address("two", &project))).await;
    let another = with(
        alice(&address("two", &project)),
        json!({ "forceNewMembership": true }),
    );
    let three = invited(&project, &another).await;
    let organization = json!({ "resourceType": "Organization", "name": "Kept" });
    let taken = json!({ "externalId": "badge" });
    let entries = [
        ask("DELETE", &reference(&two)),
        put(&one, taken.clone()),
        post(&organization),
    ];
    let answer = send(admin, &entries).await.must(200);
    assert_eq!(shown(&answer, 1)["externalId"], "badge");
    Ledger::read(world().await).await.must_hold();
    let refused = send(admin, &[post(&organization), put(&three, taken)]).await;
    assert_eq!(refused.must(409).expression(), "Bundle.entry[1]");
    let gone = [
        ask("DELETE", &reference(&one)),
        ask("DELETE", &reference(&three)),
    ];
    send(admin, &gone).await.must(200);
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    assert!(ledger.persons(&project.id).is_empty());
    assert_eq!(ledger.resources(&project.id, "Organization").len(), 1);
}

#[tokio::test]
async fn a_profile_and_its_memberships_change_in_one_transaction() {
    let project = project("Profiles").await;
    let admin = &project.admin;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let made = create(
        admin,
        json!({ "resourceType": "Practitioner", "active": true }),
    )
    .await;
    let profile = json!({ "profile": { "reference": reference(&made) } });
    let entries = [
        put(&made, json!({ "gender": "female" })),
        put(&member, profile),
    ];
    let answer = send(admin, &entries).await.must(200);
    assert_eq!(shown(&answer, 1)["profile"]["reference"], reference(&made));
    let read = admin.get(&format!("/fhir/R4/{}", reference(&made))).await;
    assert_eq!(&read.must(200).body, shown(&answer, 0));
    Ledger::read(world().await).await.must_hold();
    let used = send(admin, &[ask("DELETE", &reference(&made))]).await;
    used.must(409);
}

#[tokio::test]
async fn a_member_and_his_profile_go_in_one_transaction() {
    let project = project("Both go").await;
    let admin = &project.admin;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    let another = invited(&project, &alice(&address("other", &project))).await;
    let profile = member["profile"]["reference"].as_str().unwrap();
    let others = another["profile"]["reference"].as_str().unwrap();
    let with_others = [ask("DELETE", others), ask("DELETE", &reference(&member))];
    let refused = send(admin, &with_others).await.must(409);
    assert_eq!(refused.expression(), "Bundle.entry[0]");
    let both = [ask("DELETE", profile), ask("DELETE", &reference(&member))];
    send(admin, &both).await.must(200);
    admin.get(&format!("/fhir/R4/{profile}")).await.must(410);
    let ledger = Ledger::read(world().await).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(&project.id).len(), 1);
}
