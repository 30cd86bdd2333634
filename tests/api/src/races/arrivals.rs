//! People who come by themselves, many at once.

use serde_json::json;

use super::{MANY, arena, only, with_status};
use crate::accounts::arrivals::{account, login, new_project, open};
use crate::ledger::Ledger;
use crate::world::{at_once, with};

#[tokio::test]
async fn one_address_registered_by_many_at_once_becomes_one_user() {
    let (world, _turn) = arena().await;
    let email = "newcomer.race@example.com";
    let answers = at_once(MANY, |_| {
        let anonymous = world.anonymous();
        async move { anonymous.post("/auth/newuser", &account(email)).await }
    })
    .await;
    only(&answers, &[200, 400]);
    assert_eq!(with_status(&answers, 200), 1);
    for refused in answers.iter().filter(|answer| answer.status == 400) {
        assert_eq!(refused.issue_text(), "Email already registered");
    }
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.users(email).len(), 1);
}

#[tokio::test]
async fn one_login_makes_one_project_however_often_it_is_used_at_once() {
    let (world, _turn) = arena().await;
    let login = login(world, &account("founder.race@example.com")).await;
    let before = Ledger::read(world).await.below("P#").len();
    let answers = at_once(MANY, |_| {
        let login = login.clone();
        async move { new_project(world, &login).await }
    })
    .await;
    only(&answers, &[200, 400]);
    assert_eq!(with_status(&answers, 200), 1);
    for refused in answers.iter().filter(|answer| answer.status == 400) {
        assert_eq!(refused.issue_text(), "Login already has a membership");
    }
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let user = ledger.users("founder.race@example.com")[0]["PK"].clone();
    let edges = ledger.partition(user.as_str().unwrap()).into_iter();
    let edges = edges.filter(|row| row["SK"].as_str().unwrap().starts_with("M#"));
    assert_eq!(edges.count(), 1);
    assert!(ledger.below("P#").len() - before < 20, "of one project");
}

#[tokio::test]
async fn one_login_makes_one_patient_however_often_it_is_used_at_once() {
    let (world, _turn) = arena().await;
    let (project, _) = open(world, "Open to a crowd").await;
    let body = with(
        account("patient.race@example.com"),
        json!({ "projectId": project.id }),
    );
    let login = login(world, &body).await;
    let answers = at_once(MANY, |_| {
        let body = json!({ "login": login, "projectId": project.id });
        async move { world.anonymous().post("/auth/newpatient", &body).await }
    })
    .await;
    only(&answers, &[200, 400]);
    assert_eq!(with_status(&answers, 200), 1);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.resources(&project.id, "Patient").len(), 1);
    assert_eq!(ledger.persons(&project.id).len(), 1);
}
