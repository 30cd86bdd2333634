//! Forgotten passwords.

use harness::world::{Answer, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Link, letters, row_of};
use crate::ledger::Ledger;
use crate::world::{address, alice, invited, measured_world, options, with, world};

const PASSWORD: &str = "correct-horse-9";
const PATH: &str = "/auth/resetpassword";

/// A member who gets no letter for being invited.
async fn quiet(project: &harness::world::Project, email: &str) -> Value {
    invited(project, &with(alice(email), json!({ "sendEmail": false }))).await
}

async fn forget(world: &World, body: Value) -> Answer {
    let answer = world.anonymous().post(PATH, &body).await.must(200);
    assert_eq!(answer.issue_text(), "All OK");
    answer
}

#[tokio::test]
async fn a_reset_brings_a_link_by_which_a_new_password_is_set() {
    let world = world().await;
    let project = world.project("Forgetful").await;
    let email = address("alice", &project);
    let membership = quiet(&project, &email).await;
    forget(
        world,
        json!({ "email": email.to_uppercase(), "redirectUri": "https://example.com/back" }),
    )
    .await;
    let letter = world.letter_to(&email).await.unwrap();
    assert_eq!(letter.subject, "Medplum Password Reset");
    let link = Link::read(&letter.text, "setpassword");
    let rows = world.rows(&format!("REQUEST#{}", link.id)).await;
    assert_eq!(rows[0]["redirectUri"]["S"], "https://example.com/back");
    assert_eq!(rows[0]["type"]["S"], "reset");
    link.set(world, PASSWORD).await.must(200);
    let user = row_of(world, &membership, "USER").await.unwrap();
    assert_eq!(
        (&user["provenAddress"]["N"], &user["epoch"]["N"]),
        (&json!("1"), &json!("2"))
    );
    let again = link.set(world, PASSWORD).await.must(400);
    assert_eq!(again.issue_text(), "Already used");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn a_later_reset_makes_the_link_of_an_earlier_one_dead() {
    let world = world().await;
    let project = world.project("Twice").await;
    let email = address("alice", &project);
    quiet(&project, &email).await;
    let mut links = Vec::new();
    for count in 1..=3 {
        forget(world, json!({ "email": email })).await;
        let letters = letters(world, &email, count).await;
        links.push(Link::read(&letters[count - 1], "setpassword"));
    }
    for older in &links[..2] {
        let refused = older.set(world, PASSWORD).await.must(400);
        assert_eq!(refused.issue_text(), "The link is no longer valid");
    }
    links[2].set(world, PASSWORD).await.must(200);
}

#[tokio::test]
async fn a_reset_without_a_letter_has_no_link_and_takes_nobodys_away() {
    let world = world().await;
    let project = world.project("Silent").await;
    let email = address("alice", &project);
    let membership = quiet(&project, &email).await;
    forget(world, json!({ "email": email })).await;
    let link = Link::read(&letters(world, &email, 1).await[0], "setpassword");
    forget(world, json!({ "email": email, "sendEmail": false })).await;
    let ledger = Ledger::read(world).await;
    let user = membership["user"]["reference"].as_str().unwrap();
    let user = user.replace("User/", "");
    let requests = ledger.below("REQUEST#").into_iter();
    let silent: Vec<_> = requests
        .filter(|row| {
            row["user"] == user.as_str() && row["delivery"] == "none" && row["type"] == "reset"
        })
        .collect();
    assert_eq!(silent.len(), 1);
    assert_eq!(silent[0].get("secretHash"), None);
    link.set(world, PASSWORD).await.must(200);
}

#[tokio::test]
async fn the_user_of_a_project_is_found_there_and_nowhere_else() {
    let world = world().await;
    let (project, other) = (world.project("Here").await, world.project("There").await);
    let email = address("homer", &project);
    let patient = with(
        alice(&email),
        json!({ "resourceType": "Patient", "sendEmail": false }),
    );
    invited(&project, &patient).await;
    forget(world, json!({ "email": email })).await;
    forget(world, json!({ "email": email, "projectId": other.id })).await;
    forget(
        world,
        json!({ "email": email, "projectId": "00000000-0000-4000-8000-000000000000" }),
    )
    .await;
    forget(world, json!({ "email": email, "projectId": project.id })).await;
    let letters = letters(world, &email, 1).await;
    assert_eq!(letters.len(), 1);
    Link::read(&letters[0], "setpassword")
        .set(world, PASSWORD)
        .await
        .must(200);
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_at_the_same_cost_and_leaves_nothing_but_a_count() {
    let world = measured_world().await;
    let project = world.project("Nobody knows").await;
    let known = address("alice", &project);
    quiet(&project, &known).await;
    let mut costs = Vec::new();
    for email in [&known, &address("nobody", &project)] {
        for more in [
            json!({}),
            json!({ "sendEmail": false }),
            json!({ "projectId": project.id }),
        ] {
            let recorder = world.proxy().record();
            let answer = forget(world, with(json!({ "email": email }), more)).await;
            let recording = recorder.finish().of(answer.request_id());
            costs.push((
                recording.trips(),
                recording.base_wru(),
                recording.calls.len(),
            ));
        }
    }
    assert!(costs.iter().all(|cost| cost == &costs[0]), "{costs:?}");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.users(&address("nobody", &project)).len(), 0);
}

#[tokio::test]
async fn an_address_gets_only_so_many_letters_an_hour_and_the_last_link_lives() {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    let start = async {
        let mut options = options(2, harness::proxy::Plan::default());
        options.environment = vec![("ROSTER_RESETS_AN_HOUR".into(), "3".into())];
        World::start(options).await.unwrap()
    };
    let world = WORLD.get_or_init(|| start).await;
    let project = world.project("Flood").await;
    let email = address("alice", &project);
    let membership = quiet(&project, &email).await;
    for _ in 0..10 {
        forget(world, json!({ "email": email })).await;
    }
    let ledger = Ledger::read(world).await;
    let user = membership["user"]["reference"]
        .as_str()
        .unwrap()
        .replace("User/", "");
    let resets = ledger.below("REQUEST#").into_iter();
    let resets = resets.filter(|row| row["user"] == user.as_str() && row["type"] == "reset");
    assert_eq!(resets.count(), 3);
    let all = letters(world, &email, 3).await;
    let mut worked = 0;
    for letter in &all {
        worked += usize::from(
            Link::read(letter, "setpassword")
                .set(world, PASSWORD)
                .await
                .status
                == 200,
        );
    }
    assert_eq!((all.len(), worked), (3, 1));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_as_recorded() {
    let world = world().await;
    let words = "Valid email address between 3 and 72 characters is required";
    let long = format!("{}@example.com", "x".repeat(62));
    for (email, issues) in [("", 2), ("x", 2), ("nope", 1), (long.as_str(), 1)] {
        let answer = world
            .anonymous()
            .post(PATH, &json!({ "email": email }))
            .await
            .must(400);
        assert_eq!((answer.issue_text(), answer.expression()), (words, "email"));
        assert_eq!(
            answer.body["issue"].as_array().unwrap().len(),
            issues,
            "{email}"
        );
    }
    for email in [json!(7), json!(["a@example.com"]), json!({}), Value::Null] {
        world
            .anonymous()
            .post(PATH, &json!({ "email": email }))
            .await
            .must(400);
    }
}

#[tokio::test]
async fn an_application_has_no_password_to_change_and_a_stranger_has_no_session() {
    let world = world().await;
    let project = world.project("No password").await;
    let path = "/auth/changepassword";
    let body = json!({ "oldPassword": "correct horse", "newPassword": "battery staple", "confirmPassword": "x" });
    let refused = project.admin.post(path, &body).await.must(400);
    assert_eq!(
        (refused.issue_text(), refused.expression()),
        ("Existing password not set", "oldPassword")
    );
    let nothing = project.admin.post(path, &json!({})).await.must(400);
    assert_eq!(nothing.issue_text(), "Missing oldPassword");
    assert_eq!(nothing.body["issue"][1]["expression"][0], "newPassword");
    world.anonymous().post(path, &body).await.must(401);
}
