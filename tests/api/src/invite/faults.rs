//! What is said about each field that is badly formed, as recorded.

use serde_json::{Value, json};

use super::{invite, project};
use crate::world::{address, alice, with};

/// Every issue as text and field.
fn said(body: &Value) -> Vec<(&str, &str)> {
    let issues = body["issue"].as_array().into_iter().flatten();
    let said = issues.map(|issue| {
        let text = issue["details"]["text"].as_str().unwrap();
        (text, issue["expression"][0].as_str().unwrap_or_default())
    });
    said.collect()
}

#[tokio::test]
async fn each_badly_formed_field_has_its_words() {
    let project = project().await;
    let good = alice(&address("alice", &project));
    let (kind, first, last, either) = (
        ("Resource type is required", "resourceType"),
        ("First name is required", "firstName"),
        ("Last name is required", "lastName"),
        ("Either email or externalId is required", ""),
    );
    let address = ("Valid email address is required", "email");
    let password = ("Password must be between 8 and 72 characters", "password");
    let cases = [
        (json!({ "email": null }), vec![either]),
        (json!({ "email": "" }), vec![either]),
        (json!({ "email": "nope" }), vec![either]),
        (json!({ "email": 5 }), vec![either]),
        (json!({ "email": ["a@example.com"] }), vec![either]),
        (json!({ "email": null, "externalId": "" }), vec![either]),
        (json!({ "email": "nope", "externalId": "x" }), vec![address]),
        (
            json!({ "email": "nope", "membership": { "externalId": "x" } }),
            vec![address],
        ),
        (json!({ "firstName": null }), vec![first]),
        (json!({ "firstName": "" }), vec![first]),
        (json!({ "lastName": null }), vec![last]),
        (json!({ "resourceType": null }), vec![kind]),
        (json!({ "resourceType": "Bogus" }), vec![kind]),
        (json!({ "resourceType": "Bot" }), vec![kind]),
        (json!({ "resourceType": "ClientApplication" }), vec![kind]),
        (
            json!({ "resourceType": null, "firstName": null, "lastName": null, "email": null }),
            vec![kind, first, last, either],
        ),
        (
            json!({ "firstName": 5 }),
            vec![(
                "Invalid JSON type: expected string, but got number",
                "firstName",
            )],
        ),
        (
            json!({ "firstName": ["a"] }),
            vec![("Expected single value for property", "firstName")],
        ),
        (
            json!({ "firstName": "x".repeat(20_000) }),
            vec![("First name is too long", "firstName")],
        ),
        (json!({ "password": "seven77" }), vec![password]),
        (json!({ "password": "é".repeat(37) }), vec![password]),
        (
            json!({ "membership": { "bogus": 1 } }),
            vec![(
                "Invalid additional property \"bogus\"",
                "ProjectMembership.bogus",
            )],
        ),
    ];
    for (fields, expected) in cases {
        let shown: String = fields.to_string().chars().take(200).collect();
        let answer = invite(&project, with(good.clone(), fields)).await.must(400);
        assert_eq!(said(&answer.body), expected, "{shown}");
    }
    let list = project
        .admin
        .get("/fhir/R4/ProjectMembership?profile-type:not=ClientApplication")
        .await;
    assert_eq!(
        list.must(200).body.get("entry"),
        None,
        "something was written"
    );
}

#[tokio::test]
async fn unknown_top_level_fields_are_ignored() {
    let project = project().await;
    let fields = json!({ "strange": { "a": [1] }, "membershipSearchCriteria": "x" });
    invite(&project, with(alice(&address("alice", &project)), fields))
        .await
        .must(200);
}

#[tokio::test]
async fn a_password_of_8_to_72_bytes_is_taken_and_never_shown() {
    let project = project().await;
    for (n, password) in ["eight888".to_owned(), "é".repeat(36)].iter().enumerate() {
        let body = with(
            alice(&address(&format!("p{n}"), &project)),
            json!({ "password": password }),
        );
        let member = invite(&project, body).await.must(200);
        assert!(!member.text.contains(password.as_str()));
        let user = super::user_of(&member.body).await;
        assert_eq!(
            (user.get("password"), user.get("passwordHash")),
            (None, None)
        );
    }
}
