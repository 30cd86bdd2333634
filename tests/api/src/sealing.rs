//! Secrets of applications stand sealed under the key of their project, each for its own place: nowhere else, and without the key, do
//! they open.

use domain::{Dice, Secret};
use harness::world::{Answer, Client, Project, World};
use identity::{KeyRing, MasterKey, SystemKeys};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::world::{post_with, world};

const SEALED: &str = "_sealedSecret";

/// An application of a project, its secret, and where it stands.
struct Program<'a> {
    project: &'a Project,
    id: String,
    secret: String,
}

impl<'a> Program<'a> {
    async fn make(project: &'a Project) -> Self {
        let path = project.path("client");
        let body = json!({ "name": "Program" });
        let made = project.admin.post(&path, &body).await.must(201);
        let secret = made.body["secret"].as_str().unwrap().to_owned();
        Self {
            project,
            id: made.id().to_owned(),
            secret,
        }
    }

    fn path(&self) -> String {
        format!("/fhir/R4/ClientApplication/{}", self.id)
    }

    async fn shown(&self) -> Answer {
        self.project.admin.get(&self.path()).await
    }

    fn caller(&self, world: &World) -> Client {
        world.anonymous().basic(&self.id, &self.secret)
    }

    fn place(&self) -> (String, String) {
        let partition = format!("P#{}#R", self.project.id);
        (partition, format!("ClientApplication#{}", self.id))
    }

    /// The resource as it is stored.
    async fn stored(&self, world: &World) -> Value {
        let (partition, sort) = self.place();
        let rows = world.rows(&partition).await;
        let row = rows.iter().find(|row| row["SK"]["S"] == sort.as_str());
        serde_json::from_str(row.unwrap()["body"]["S"].as_str().unwrap()).unwrap()
    }

    /// Lets something else stand for its secret.
    async fn exchange(&self, world: &World, sealed: &Value) {
        let mut body = self.stored(world).await;
        body[SEALED] = sealed.clone();
        let (partition, sort) = self.place();
        let body = json!({ "S": body.to_string() });
        world.age((&partition, &sort), "body", body).await;
    }
}

/// Whether the project has a key.
async fn has_key(world: &World, project: &Project) -> bool {
    let rows = world.rows(&format!("P#{}", project.id)).await;
    rows.iter().any(|row| row["SK"]["S"] == "SEAL")
}

/// The project has no key any more, or none yet.
fn take_key(world: &World, project: &Project) {
    let key = json!({ "PK": { "S": format!("P#{}", project.id) }, "SK": { "S": "SEAL" } });
    let request = json!({ "TableName": "roster", "Key": key });
    let request = serde_json::from_value(request).unwrap();
    world.engine().database().delete_item(request).unwrap();
}

/// The system's keys, opened as the functions open them.
async fn ring(world: &World) -> KeyRing {
    let file = world.variable("ROSTER_KEY_FILE").unwrap();
    let master = MasterKey::from_file_text(&std::fs::read_to_string(file).unwrap()).unwrap();
    let ledger = Ledger::read(world).await;
    let row = ledger.row("SYS", "KEYS").unwrap();
    let keys: SystemKeys = match &row["keys"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        keys => serde_json::from_value(keys.clone()).unwrap(),
    };
    KeyRing::open(&keys, &master).unwrap()
}

fn dice() -> Dice {
    Dice::new(|bytes| aws_lc_rs::rand::fill(bytes).unwrap())
}

#[tokio::test]
async fn a_sealed_secret_that_is_moved_to_another_application_or_project_opens_for_nobody() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let from = Program::make(&one).await;
    let sealed = from.stored(world).await[SEALED].clone();
    assert_ne!(sealed, from.secret.as_str());
    for to in [Program::make(&one).await, Program::make(&two).await] {
        assert_eq!(to.shown().await.must(200).body["secret"], to.secret);
        to.exchange(world, &sealed).await;
        let shown = to.shown().await;
        assert_eq!(shown.status, 500, "{}", shown.text);
        assert!(!shown.text.contains(&from.secret), "{}", shown.text);
    }
    // The very same application, as if it had been carried over with its key's place and all.
    assert_eq!(from.shown().await.must(200).body["secret"], from.secret);
}

#[tokio::test]
async fn without_the_key_of_its_project_a_secret_is_shown_to_nobody_and_still_lets_its_holder_in() {
    let world = world().await;
    let project = world.project("Keyless").await;
    let program = Program::make(&project).await;
    assert!(has_key(world, &project).await);
    take_key(world, &project);
    for caller in [&project.admin, world.root()] {
        let shown = caller.get(&program.path()).await.must(200);
        assert_eq!(shown.body.get("secret"), None, "{}", shown.text);
        assert_eq!(shown.body.get(SEALED), None, "{}", shown.text);
    }
    let caller = program.caller(world);
    caller.get("/auth/me").await.must(200);
}

#[tokio::test]
async fn a_project_is_born_with_a_key_and_one_that_is_older_gets_it_with_its_next_secret() {
    let world = world().await;
    let project = world.project("Older").await;
    assert!(has_key(world, &project).await);
    take_key(world, &project);
    let program = Program::make(&project).await;
    assert!(has_key(world, &project).await);
    assert_eq!(
        program.shown().await.must(200).body["secret"],
        program.secret
    );
    let project = world.project("By hand").await;
    take_key(world, &project);
    let written = json!({ "resourceType": "ClientApplication", "name": "By hand", "secret": "chosen-by-hand" });
    let made = project.admin.post("/fhir/R4/ClientApplication", &written);
    let made = made.await.must(201);
    assert_eq!(made.body["secret"], "chosen-by-hand");
    let path = format!("/fhir/R4/ClientApplication/{}", made.id());
    let mut changed = made.body.clone();
    changed["secret"] = "chosen-later".into();
    let changed = project.admin.put(&path, &changed).await.must(200);
    assert_eq!(changed.body["secret"], "chosen-later");
    let read = project.admin.get(&path).await.must(200);
    assert_eq!(read.body["secret"], "chosen-later");
}

#[tokio::test]
async fn what_the_systems_key_sealed_still_opens_and_the_next_rotation_seals_it_under_the_projects()
{
    let world = world().await;
    let project = world.project("Moved").await;
    let program = Program::make(&project).await;
    take_key(world, &project);
    let ring = ring(world).await;
    let place = format!("ClientApplication/{}/secret", program.id);
    let known = Secret::new(program.secret.clone());
    let old = json!(ring.seal(&place, &known, &dice()));
    program.exchange(world, &old).await;
    let shown = program.shown().await.must(200);
    assert_eq!(shown.body["secret"], program.secret);
    let path = format!("{}/$rotate-secret", program.path());
    let wish = json!({ "secret": program.secret });
    let rotated = post_with(&project.admin, &path, &wish, ("accept", "*/*")).await;
    let rotated = rotated.must(200);
    assert_eq!(rotated.body["retiringSecret"], program.secret);
    let stored = program.stored(world).await;
    for (field, name) in [
        ("secret", SEALED),
        ("retiringSecret", "_sealedRetiringSecret"),
    ] {
        let place = format!("ClientApplication/{}/{field}", program.id);
        let sealed = serde_json::from_value(stored[name].clone()).unwrap();
        assert!(ring.unseal(&place, &sealed).is_err(), "{field}");
    }
    assert!(has_key(world, &project).await);
    let shown = program.shown().await.must(200);
    assert_eq!(shown.body["secret"], rotated.body["secret"]);
    // So does whoever chooses another one.
    program.exchange(world, &old).await;
    let mut chosen = program.shown().await.must(200).body;
    chosen["secret"] = "chosen-by-hand".into();
    let changed = project.admin.put(&program.path(), &chosen).await;
    assert_eq!(changed.must(200).body["secret"], "chosen-by-hand");
    let stored = program.stored(world).await;
    let sealed = serde_json::from_value(stored[SEALED].clone()).unwrap();
    assert!(ring.unseal(&place, &sealed).is_err());
}

#[tokio::test]
async fn whoever_administers_a_project_or_all_sees_secrets_in_lists_and_pasts_and_nobody_else_does()
{
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let (first, second) = (Program::make(&one).await, Program::make(&two).await);
    let path = format!("/fhir/R4/ClientApplication?_id={}", first.id);
    for program in [&first, &second] {
        let shown = world.root().get(&program.path()).await.must(200);
        assert_eq!(shown.body["secret"], program.secret);
    }
    let found = one.admin.get(&path).await.must(200);
    assert_eq!(found.body["entry"][0]["resource"]["secret"], first.secret);
    let me = first.caller(world).get("/auth/me").await.must(200);
    assert!(!me.text.contains(&first.secret), "{}", me.text);
    let versions = format!("{}/_history", first.path());
    let versions = one.admin.get(&versions).await.must(200);
    assert_eq!(
        versions.body["entry"][0]["resource"]["secret"],
        first.secret
    );
    let other = two.admin.get(&path).await.must(200);
    assert!(!other.text.contains(&first.secret), "{}", other.text);
}
