//! What a letter says, and what is kept of its secret.

use aws_lc_rs::digest::{SHA256, digest};
use harness::world::{Project, World};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{eventually, invite, letters, person, post_office, row, secret, settled};
use crate::ledger::Ledger;

fn sha256(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Invites somebody into a new project made of this body, and returns his letter and the row of his invitation.
async fn letter_of(world: &World, project: Value, email: &str) -> (local::mailbox::Letter, Value) {
    let root = world.root();
    let project = root.post("/fhir/R4/Project", &project).await.must(201);
    let path = format!("/admin/projects/{}/invite", project.id());
    root.post(&path, &person(email)).await.must(200);
    let letter = world.letter_to(email).await.expect("the letter");
    let ledger = Ledger::read(world).await;
    let row = ledger.invitations(project.id())[0].clone();
    (letter, row)
}

#[tokio::test]
async fn the_row_keeps_the_hash_of_the_secret_in_the_letter_and_never_the_secret() {
    let (world, _turn) = post_office().await;
    let project = world.project("Hashes").await;
    let email = "hash@example.com";
    let invitation = invite(world, &project, &person(email)).await;
    let row = settled(world, &invitation, "sent").await;
    let secret = secret(&letters(world, email)[0], &invitation);
    assert_eq!(secret.len(), 64);
    assert_eq!(row["secretHash"], sha256(&secret));
    assert!(!row.to_string().contains(&secret));
}

#[tokio::test]
async fn a_link_lives_for_seven_days_from_its_letter() {
    let (world, _turn) = post_office().await;
    let project = world.project("Seven days").await;
    let invitation = invite(world, &project, &person("days@example.com")).await;
    let row = settled(world, &invitation, "sent").await;
    let made: Timestamp = row["created"].as_str().unwrap().parse().unwrap();
    let mailed = row["expiresAt"].as_i64().unwrap() - 7 * 24 * 60 * 60;
    let delay = mailed - made.as_second();
    assert!(
        (0..120).contains(&delay),
        "mailed {delay} s after it was made"
    );
}

#[tokio::test]
async fn an_upsert_sends_a_second_letter_and_kills_the_secret_of_the_first() {
    let (world, _turn) = post_office().await;
    let project = world.project("Again").await;
    let email = "again@example.com";
    let invitation = invite(world, &project, &person(email)).await;
    let first = settled(world, &invitation, "sent").await;
    let mut again = person(email);
    again["upsert"] = json!(true);
    project.invite(&project.admin, &again).await.must(200);
    let second = eventually("the second letter", async || {
        let row = row(world, &invitation).await;
        (row["sendSeq"] == 2 && row["delivery"] == "sent").then_some(row)
    })
    .await;
    let letters = letters(world, email);
    assert_eq!(letters.len(), 2);
    let secrets = [
        secret(&letters[0], &invitation),
        secret(&letters[1], &invitation),
    ];
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(first["secretHash"], sha256(&secrets[0]));
    assert_eq!(second["secretHash"], sha256(&secrets[1]));
}

#[tokio::test]
async fn an_invite_without_a_letter_has_no_secret_and_sends_nothing() {
    let (world, _turn) = post_office().await;
    let project = world.project("Silence").await;
    let mut silent = person("silent@example.com");
    silent["sendEmail"] = json!(false);
    let invitation = invite(world, &project, &silent).await;
    // The stream is in order: when the later letter is there, the earlier one would be there too.
    invite(world, &project, &person("loud@example.com")).await;
    world
        .letter_to("loud@example.com")
        .await
        .expect("the later letter");
    let row = row(world, &invitation).await;
    assert_eq!(row["delivery"], "none");
    assert!(row["secretHash"].is_null() && row["expiresAt"].is_null());
    assert!(letters(world, "silent@example.com").is_empty());
}

#[tokio::test]
async fn a_person_invited_by_external_id_alone_gets_no_letter() {
    let (world, _turn) = post_office().await;
    let project: Project = world.project("No address").await;
    let body = json!({ "resourceType": "Patient", "firstName": "Maggie", "lastName": "Simpson", "externalId": "m-1" });
    let invitation = invite(world, &project, &body).await;
    assert_eq!(row(world, &invitation).await["delivery"], "none");
}

#[tokio::test]
async fn a_letter_speaks_in_the_name_that_its_project_sets() {
    let (world, _turn) = post_office().await;
    let project = json!({
        "resourceType": "Project", "name": "Springfield Clinic",
        "setting": [{ "name": "appName", "valueString": "Springfield Health" }],
    });
    let (letter, _) = letter_of(world, project, "named@example.com").await;
    assert_eq!(letter.subject, "Welcome to Springfield Health");
    assert!(
        letter.headers["From"].starts_with("\"Springfield Health\" <"),
        "{:?}",
        letter.headers
    );
    assert!(
        letter
            .text
            .contains("You were invited to Springfield Clinic"),
        "{}",
        letter.text
    );
    assert!(!letter.text.contains("Medplum") && !letter.html.contains("Medplum"));
}

#[tokio::test]
async fn names_can_neither_add_headers_nor_write_html() {
    let (world, _turn) = post_office().await;
    let evil = "Evil\"\r\nBcc: mallory@example.com\r\n\r\n<script>alert(1)</script> <a href='x'>";
    let project = json!({
        "resourceType": "Project", "name": evil,
        "setting": [{ "name": "appName", "valueString": evil }],
    });
    let (letter, _) = letter_of(world, project, "victim@example.com").await;
    assert_eq!(letter.to, "victim@example.com");
    for (name, value) in &letter.headers {
        assert_ne!(name, "Bcc");
        assert!(!value.contains(['\r', '\n']), "{name}: {value}");
    }
    assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
    for raw in ["<script", "<a href='x'>"] {
        assert!(!letter.html.contains(raw), "{}", letter.html);
    }
    assert!(letter.html.contains("&lt;script&gt;"), "{}", letter.html);
    let bcc = letter.text.lines().find(|line| line.starts_with("Bcc"));
    assert_eq!(bcc, None);
}

#[tokio::test]
async fn a_persons_name_can_neither_add_headers_nor_write_html() {
    let (world, _turn) = post_office().await;
    let project = world.project("Names").await;
    let mut body = person("names@example.com");
    body["firstName"] = json!("Bobby\r\nBcc: mallory@example.com");
    body["lastName"] = json!("<img src=x onerror=alert(1)>");
    invite(world, &project, &body).await;
    let letter = world
        .letter_to("names@example.com")
        .await
        .expect("the letter");
    assert!(!letter.headers.contains_key("Bcc"));
    assert!(!letter.html.contains("<img"), "{}", letter.html);
}

#[tokio::test]
async fn a_person_who_is_known_but_unproven_gets_a_link_in_every_project() {
    let (world, _turn) = post_office().await;
    let email = "twice@example.com";
    let mut links = Vec::new();
    for name in ["First", "Second"] {
        let project = world.project(name).await;
        let invitation = invite(world, &project, &person(email)).await;
        settled(world, &invitation, "sent").await;
        let letter = letters(world, email).pop().expect("a letter");
        assert!(
            letter.text.contains(&format!("You were invited to {name}")),
            "{}",
            letter.text
        );
        links.push(secret(&letter, &invitation));
    }
    assert_ne!(links[0], links[1]);
}
