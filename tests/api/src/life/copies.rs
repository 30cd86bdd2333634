//! Copies of projects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Village, clone, counted, id, over};
use crate::ledger::Ledger;
use crate::world::{post_with, world};

/// Every `Type/id` of a project's rows, and every one that its rows refer to.
pub(super) struct Census {
    pub(super) here: BTreeSet<String>,
    pub(super) named: BTreeSet<String>,
}

impl Census {
    pub(super) fn of(ledger: &Ledger, project: &str) -> Self {
        let (mut here, mut named) = (BTreeSet::new(), BTreeSet::new());
        let rows = ledger.partition(&format!("P#{project}#R")).into_iter();
        for row in rows {
            here.insert(row["SK"].as_str().unwrap().replacen('#', "/", 1));
            references(&row["body"], &mut named);
        }
        for row in ledger.partition(&format!("P#{project}#M")) {
            here.insert(format!("ProjectMembership/{}", row["id"].as_str().unwrap()));
            references(&row["body"], &mut named);
        }
        Self { here, named }
    }

    /// References that lead nowhere in the project; users and the project itself stand elsewhere.
    pub(super) fn dangling(&self) -> Vec<&String> {
        let elsewhere = |it: &&String| it.starts_with("User/") || it.starts_with("Project/");
        let named = self.named.iter().filter(|it| !elsewhere(it));
        named.filter(|it| !self.here.contains(*it)).collect()
    }

    /// How many there are of each type.
    pub(super) fn kinds(&self) -> Vec<&str> {
        let kinds = self.here.iter().map(|it| it.split('/').next().unwrap());
        let mut kinds: Vec<&str> = kinds.collect();
        kinds.sort_unstable();
        kinds
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("reference").and_then(Value::as_str);
            found.extend(reference.map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_copy_has_new_ids_and_its_references_lead_to_the_copies() {
    let world = world().await;
    let village = Village::found(world, "Original").await;
    let answer = clone(world.root(), &village.project, &json!({ "name": "Copied" })).await;
    let copied = answer.must(201);
    assert_eq!(copied.body["name"], "Copied");
    let place = copied.header("location").to_owned();
    assert!(place.ends_with(&format!("/fhir/R4/Project/{}", copied.id())));
    let ledger = Ledger::read(world).await;
    let (old, new) = (
        Census::of(&ledger, &village.project.id),
        Census::of(&ledger, copied.id()),
    );
    assert_eq!(old.kinds(), new.kinds());
    assert!(old.here.is_disjoint(&new.here));
    assert_eq!(new.dangling(), Vec::<&String>::new());
    ledger.must_hold();
    let observation = ledger.resources(copied.id(), "Observation")[0];
    let subject = observation["body"]["subject"]["reference"]
        .as_str()
        .unwrap();
    assert_ne!(subject, village.observation["subject"]["reference"]);
    let note = observation["body"]["note"][0]["text"].as_str().unwrap();
    let old = village.observation["subject"]["reference"]
        .as_str()
        .unwrap();
    assert_eq!(note, format!("see {subject} and https://example.com/{old}"));
}

#[tokio::test]
async fn passwords_secrets_and_invitations_are_not_copied_and_applications_get_secrets_of_their_own()
 {
    let world = world().await;
    let village = Village::found(world, "Original").await;
    let secret = village.project.admin.clone();
    let copied = clone(world.root(), &village.project, &json!({}))
        .await
        .must(201);
    let new = copied.id().to_owned();
    let shown = world
        .root()
        .get(&format!("/admin/projects/{new}"))
        .await
        .must(200);
    assert_eq!(shown.body["project"].get("secret"), None);
    assert!(world.rows(&format!("P#{new}#I")).await.is_empty());
    let ledger = Ledger::read(world).await;
    let persons = ledger.persons(&new);
    let homer = persons
        .iter()
        .find(|row| {
            row["body"]["profile"]["reference"]
                .as_str()
                .unwrap()
                .starts_with("Patient/")
        })
        .unwrap();
    let user = homer["body"]["user"]["reference"].as_str().unwrap();
    assert_ne!(user, village.homer["user"]["reference"]);
    let user = user.trim_start_matches("User/");
    assert!(ledger.row(&format!("U#{user}"), "USER").is_some());
    assert!(ledger.row(&format!("U#{user}"), "CRED").is_none());
    assert_eq!(homer["needsProof"], 1);
    let login = json!({ "email": village.homer["user"]["display"], "password": "correct horse",
        "projectId": new, "scope": "openid", "codeChallenge": "c", "codeChallengeMethod": "plain" });
    world
        .anonymous()
        .post("/auth/login", &login)
        .await
        .must(400);
    // The old secret opens the old project and nothing else; the new one opens the copy.
    secret.get("/auth/me").await.must(200);
    let clients =
        format!("/fhir/R4/ProjectMembership?project=Project/{new}&profile-type=ClientApplication");
    let clients = world.root().get(&clients).await.must(200);
    let client = clients.body["entry"][0]["resource"]["profile"]["reference"].clone();
    let path = format!("/fhir/R4/{}", client.as_str().unwrap());
    let client = world.root().get(&path).await.must(200);
    let theirs = client.body["secret"].as_str().unwrap();
    let is_hex = |letter: char| matches!(letter, '0'..='9' | 'a'..='f');
    assert!(theirs.len() == 64 && theirs.chars().all(is_hex), "{theirs}");
    let caller = world.anonymous().basic(client.id(), theirs);
    let me = caller.get("/auth/me").await.must(200);
    assert_eq!(me.body["project"]["id"], new.as_str());
    assert_eq!(me.body["membership"]["admin"], true);
}

#[tokio::test]
async fn types_and_ids_limit_what_is_copied_and_no_reference_leads_back() {
    let world = world().await;
    let village = Village::found(world, "Original").await;
    let types = json!({ "resourceTypes": ["Patient", "Observation"], "excludeIds": [id(&village.patient)] });
    let copied = clone(world.root(), &village.project, &types)
        .await
        .must(201);
    let ledger = Ledger::read(world).await;
    let census = Census::of(&ledger, copied.id());
    assert!(
        census
            .kinds()
            .iter()
            .all(|kind| ["Patient", "Observation"].contains(kind))
    );
    assert_eq!(census.named, BTreeSet::new());
    let observation = ledger.resources(copied.id(), "Observation")[0];
    assert_eq!(observation["body"]["subject"], json!({ "display": "Bart" }));
    ledger.must_hold();
    let others = json!({ "excludeIds": [id(&village.alice)] });
    let copied = clone(world.root(), &village.project, &others)
        .await
        .must(201);
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    assert_eq!(ledger.persons(copied.id()).len(), 1);
    assert_eq!(ledger.resources(copied.id(), "Practitioner").len(), 1);
}

#[tokio::test]
async fn a_membership_whose_policy_is_not_copied_is_not_copied_either() {
    let world = world().await;
    let village = Village::found(world, "Original").await;
    let types = json!({ "resourceTypes": ["ProjectMembership", "Practitioner", "User"] });
    let request = format!("/fhir/R4/Project/{}/$clone", village.project.id);
    let accepted = post_with(world.root(), &request, &types, ("prefer", "respond-async")).await;
    let job = over(world.root(), &accepted.must(202)).await;
    assert_eq!(
        (
            counted(&job, "ProjectMembership"),
            counted(&job, "Practitioner")
        ),
        (0, 1)
    );
    assert!(counted(&job, "membershipsLeftOut") >= 1, "{job}");
}

#[tokio::test]
async fn only_the_servers_administrators_copy_and_what_they_ask_for_must_be_clear() {
    let world = world().await;
    let project = world.project("Original").await;
    clone(&project.admin, &project, &json!({})).await.must(403);
    let nobody = "/fhir/R4/Project/11111111-2222-4333-8444-555555555555/$clone";
    world.root().post(nobody, &json!({})).await.must(404);
    for (body, field) in [
        (json!({ "name": 1 }), "name"),
        (json!({ "resourceTypes": "Patient" }), "resourceTypes"),
        (json!({ "resourceTypes": ["Nonsense"] }), "resourceTypes[0]"),
        (json!({ "includeIds": ["x"] }), "includeIds[0]"),
        (json!({ "excludeIds": [1] }), "excludeIds[0]"),
    ] {
        let refused = clone(world.root(), &project, &body).await.must(400);
        assert_eq!(refused.expression(), field);
    }
}
