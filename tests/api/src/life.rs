//! A project's whole life: copied, emptied, gone. What is long is done by jobs, which go on wherever somebody fell.

mod copies;
pub(crate) mod expunged;
mod falls;
mod farewell;
mod filling;
mod invitations;
mod jobs;
mod whole_table;

use std::time::{Duration, Instant};

use harness::world::{Answer, Client, Project, World};
use serde_json::{Value, json};

use crate::world::{address, alice, create, invited, with};

/// How long a job may stand still on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a job is asked how it goes.
const LOOK: Duration = Duration::from_millis(50);

/// The path at which an accepted job tells how it goes.
fn place(accepted: &Answer) -> String {
    let place = accepted.header("content-location");
    let (_, path) = place.split_once("/fhir/R4/").unwrap();
    format!("/fhir/R4/{path}")
}

/// The job once it is over.
pub(crate) async fn over(caller: &Client, accepted: &Answer) -> Value {
    watched(caller, accepted, LOOK).await.0
}

/// The job once it is over, and what it said on the way whenever it had come further.
async fn watched(caller: &Client, accepted: &Answer, every: Duration) -> (Value, Vec<Value>) {
    let (path, mut moved) = (place(accepted), Instant::now());
    let mut said: Vec<Value> = Vec::new();
    loop {
        let answer = caller.get(&path).await;
        match answer.status {
            200 => return (answer.body, said),
            202 if said.last() != Some(&answer.body) => {
                said.push(answer.body);
                moved = Instant::now();
            }
            202 => assert!(moved.elapsed() < PATIENCE, "{}", answer.text),
            _ => panic!("{} {}", answer.status, answer.text),
        }
        tokio::time::sleep(every).await;
    }
}

/// What a job counted under a name.
pub(crate) fn counted(job: &Value, name: &str) -> u64 {
    let parameters = job["output"]["parameter"].as_array();
    let found = parameters
        .into_iter()
        .flatten()
        .find(|it| it["name"] == name);
    found.map_or(0, |it| it["valueInteger"].as_u64().unwrap())
}

pub(crate) async fn expunge(caller: &Client, kind: &str, id: &str) -> Answer {
    let path = format!("/fhir/R4/{kind}/{id}/$expunge");
    caller
        .send(harness::world::Request::new("POST", &path))
        .await
}

pub(crate) async fn clone(caller: &Client, project: &Project, body: &Value) -> Answer {
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    caller.post(&path, body).await
}

fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

/// A project with one of everything: people above projects and within this one, an application, a bot, a policy, patients with
/// observations, a secret, something deleted.
struct Village {
    project: Project,
    /// Homer, who exists within the project only.
    homer: Value,
    /// Alice, who exists above projects.
    alice: Value,
    patient: Value,
    observation: Value,
}

impl Village {
    async fn found(world: &World, name: &str) -> Self {
        let project = world.project(name).await;
        let policy = json!({ "resourceType": "AccessPolicy", "name": "Staff",
            "resource": [{ "resourceType": "Patient" }] });
        let policy = create(&project.admin, policy).await;
        let reference = json!({ "reference": format!("AccessPolicy/{}", id(&policy)) });
        let alice = with(
            alice(&address("alice", &project)),
            json!({ "sendEmail": false, "membership": { "accessPolicy": reference, "userName": "alice" } }),
        );
        let alice = invited(&project, &alice).await;
        let homer = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
            "email": address("homer", &project), "password": "correct horse", "externalId": "homer-1", "sendEmail": false });
        let homer = invited(&project, &homer).await;
        let organization = json!({ "resourceType": "Organization", "name": "Clinic" });
        let organization = create(&project.admin, organization).await;
        let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Simpson" }],
            "telecom": [{ "system": "email", "value": "bart@example.com" }],
            "managingOrganization": { "reference": format!("Organization/{}", id(&organization)) } });
        let patient = create(&project.admin, patient).await;
        let subject = format!("Patient/{}", id(&patient));
        let observation = json!({ "resourceType": "Observation", "status": "final",
            "code": { "text": "weight" }, "subject": { "reference": subject, "display": "Bart" },
            "note": [{ "text": format!("see {subject} and https://example.com/{subject}") }] });
        let observation = create(&project.admin, observation).await;
        let secrets = json!([{ "name": "key", "valueString": "canary-of-the-village" }]);
        project
            .admin
            .post(&project.path("secrets"), &secrets)
            .await
            .must(200);
        let bot = json!({ "name": "Robot" });
        project
            .admin
            .post(&project.path("bot"), &bot)
            .await
            .must(201);
        Self {
            project,
            homer,
            alice,
            patient,
            observation,
        }
    }
}
