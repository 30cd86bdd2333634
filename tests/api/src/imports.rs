//! Passwords that were brought along from another system.

use harness::world::World;
use serde_json::{Value, json};

use crate::sign_in::{me, redeem, sign_in, wish};
use crate::world::{address, alice, invited, with, world};

/// bcrypt of "correct horse 9", cost 4.
const HASH: &str = "$2b$04$dpe33utkQRx4RrpYlcmvW.aLnWRhoxa2PoNmSz7xZhOjJKN8pbzP.";

async fn import(world: &World, lines: &[Value]) -> (bool, String) {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ended = world.run("import-passwords", &[], &input).await.unwrap();
    (
        ended.status.success(),
        String::from_utf8(ended.stdout).unwrap(),
    )
}

/// The stored hash of the user behind a membership.
async fn stored(world: &World, membership: &Value) -> String {
    let user = membership["user"]["reference"].as_str().unwrap();
    let rows = world.rows(&user.replace("User/", "U#")).await;
    let credential = rows.iter().find(|row| row["SK"]["S"] == "CRED").unwrap();
    credential["password"]["S"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_imported_password_signs_in_and_becomes_one_of_ours_with_that() {
    let world = world().await;
    let project = world.project("Imported").await;
    let email = address("alice", &project);
    let body = with(alice(&email), json!({ "sendEmail": false }));
    let membership = invited(&project, &body).await;
    let line = json!({ "email": email, "passwordHash": HASH, "emailVerified": true });
    let (done, said) = import(world, std::slice::from_ref(&line)).await;
    assert!(
        done && said == "1 passwords imported, 0 lines refused\n",
        "{said}"
    );
    assert_eq!(stored(world, &membership).await, HASH);

    let wrong = with(wish(&email), json!({ "password": "wrong horse 9" }));
    sign_in(world, &wrong).await.must(400);
    assert_eq!(stored(world, &membership).await, HASH);
    for _ in 0..2 {
        let answer = sign_in(world, &wish(&email)).await.must(200);
        let code = answer.body["code"].as_str().unwrap();
        let tokens = redeem(world, code).await.must(200).body;
        me(world, &tokens).await.must(200);
        assert!(stored(world, &membership).await.starts_with("$argon2id$"));
    }
    // Nobody loses the password that he has.
    let (done, said) = import(world, &[line]).await;
    assert!(
        !done && said.contains("User has a password already"),
        "{said}"
    );
}

#[tokio::test]
async fn lines_that_cannot_be_imported_are_named_and_the_others_are_done() {
    let world = world().await;
    let project = world.project("Lines").await;
    let email = address("alice", &project);
    let body = with(
        alice(&email),
        json!({ "sendEmail": false, "scope": "project" }),
    );
    let membership = invited(&project, &body).await;
    let lines = [
        json!({ "email": address("nobody", &project), "passwordHash": HASH }),
        json!({ "email": email, "passwordHash": "plain text" }),
        json!({ "email": "x", "passwordHash": HASH }),
        json!({ "email": email, "passwordHash": HASH }),
        json!({ "email": email, "passwordHash": HASH, "project": project.id }),
    ];
    let (done, said) = import(world, &lines).await;
    assert!(!done);
    for words in [
        "line 1: User not found",
        "line 2: Password hash must be bcrypt's",
        "line 3: Valid email address is required",
        "line 4: User not found",
        "1 passwords imported, 4 lines refused",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains('@') && !said.contains("$2"), "{said}");
    assert_eq!(stored(world, &membership).await, HASH);
    // Nobody has vouched for the address: what others granted to it waits.
    let inside = with(wish(&email), json!({ "projectId": project.id }));
    let answer = sign_in(world, &inside).await.must(400);
    assert_eq!(answer.issue_text(), "User not found");
}
