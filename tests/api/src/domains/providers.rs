//! What an identity provider wants to hear from this server.

use serde_json::{Value, json};

use super::{configuration, patch, provider};
use crate::life::clone;
use crate::policies::{member, policy, to};
use crate::world::{create, reference, with, world};

const SECRET: &str = "canary-of-a-provider";
const KEY: &str = "canary-of-a-key";

fn whole() -> Value {
    with(provider(SECRET), json!({ "userInfoApiKey": KEY }))
}

#[tokio::test]
async fn the_secret_of_a_provider_is_sealed_and_shown_to_administrators_alone() {
    let world = world().await;
    let project = world.project("Sealed").await;
    let admin = &project.admin;
    let portal = json!({ "name": "Portal", "identityProvider": whole() });
    let portal = admin.post(&project.path("client"), &portal).await.must(201);
    let portal = portal.body;
    assert_eq!(portal["identityProvider"], whole());
    let path = format!("/fhir/R4/{}", reference(&portal));
    let read = admin.get(&path).await.must(200).body;
    assert_eq!(read["identityProvider"], whole());

    // Written back as it was read, it is the same version; with another secret it is the next, and the record says no more.
    let same = admin.put(&path, &read).await.must(200).body;
    assert_eq!(same["meta"]["versionId"], read["meta"]["versionId"]);
    let other = json!([{ "op": "replace", "path": "/identityProvider/clientSecret", "value": "canary-of-another" }]);
    let other = patch(admin, &path, other).await.must(200).body;
    assert_eq!(
        other["identityProvider"]["clientSecret"],
        "canary-of-another"
    );
    assert_eq!(other["identityProvider"]["userInfoApiKey"], KEY);
    let stray =
        json!([{ "op": "add", "path": "/identityProvider/_clientSecret", "value": { "id": "x" } }]);
    let stray = patch(admin, &path, stray).await.must(200).body;
    assert_eq!(stray["identityProvider"], other["identityProvider"]);
    let history = admin.get(&format!("{path}/_history")).await.must(200);
    assert!(!history.text.contains(SECRET), "{}", history.text);
    assert_eq!(history.text.matches("canary-of-another").count(), 1);
    assert_eq!(history.text.matches("_clientSecret").count(), 0);

    let rules = policy(&project, json!([{ "resourceType": "ClientApplication" }])).await;
    let reads = json!({ "accessPolicy": to(&rules) });
    let (alice, _) = member(&project, ("Practitioner", "alice"), reads).await;
    let list = format!(
        "/fhir/R4/ClientApplication?_id={}",
        portal["id"].as_str().unwrap()
    );
    for path in [&path, &list, &format!("{path}/_history")] {
        let told = alice.get(path).await.must(200).text;
        assert!(told.contains("login.example.com"), "{told}");
        assert!(
            !told.contains("canary") && !told.contains("Secret\""),
            "{told}"
        );
    }

    let copy = clone(world.root(), &project, &json!({})).await.must(201);
    let list = format!(
        "/fhir/R4/ClientApplication?name=Portal&_project={}",
        copy.id()
    );
    let copied = world.root().get(&list).await.must(200);
    let copied = &copied.body["entry"][0]["resource"];
    assert_ne!(copied["id"], portal["id"]);
    assert_eq!(copied["identityProvider"], other["identityProvider"]);

    for row in world.every_row().await {
        assert!(!row.to_string().contains("canary-of-"), "{row}");
    }
}

#[tokio::test]
async fn a_rule_that_hides_the_secret_protects_it_too() {
    let project = world().await.project("Hidden secret").await;
    let portal = json!({ "name": "Portal", "identityProvider": whole() });
    let portal = project.admin.post(&project.path("client"), &portal).await;
    let path = format!("/fhir/R4/{}", reference(&portal.must(201).body));
    let hides = json!([{ "resourceType": "ClientApplication", "hiddenFields": ["identityProvider.clientSecret"] }]);
    let hides = policy(&project, hides).await;
    let grant = json!({ "admin": true, "accessPolicy": to(&hides) });
    let (alice, _) = member(&project, ("Practitioner", "alice"), grant).await;
    let seen = alice.get(&path).await.must(200).body;
    assert_eq!(seen["identityProvider"]["clientSecret"], Value::Null);
    assert_eq!(seen["identityProvider"]["_clientSecret"], Value::Null);
    let mut changed = seen.clone();
    changed["identityProvider"]["clientSecret"] = json!("mine");
    changed["description"] = json!("changed");
    alice.put(&path, &changed).await.must(200);
    let after = project.admin.get(&path).await.must(200).body;
    assert_eq!(after["description"], "changed");
    assert_eq!(after["identityProvider"], whole());
}

#[tokio::test]
async fn the_server_administrators_read_and_write_the_secret_of_a_domains_provider() {
    let root = world().await.root();
    let domain = super::domain("sealed").await;
    let body = with(
        configuration(&domain),
        json!({ "identityProvider": whole() }),
    );
    let made = create(root, body).await;
    let path = format!("/fhir/R4/{}", reference(&made));
    assert_eq!(made["identityProvider"], whole());
    let same = root.put(&path, &made).await.must(200).body;
    assert_eq!(same, made);
    let none = json!([{ "op": "remove", "path": "/identityProvider/clientSecret" }]);
    let none = patch(root, &path, none).await.must(200).body;
    assert_eq!(none["identityProvider"]["clientSecret"], Value::Null);
    assert_eq!(none["identityProvider"]["userInfoApiKey"], KEY);
}
