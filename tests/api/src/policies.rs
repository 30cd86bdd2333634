//! What members may do with resources, by their policies (contract: access control): through the front door.

mod acting;
mod create;
mod fields;
mod reading;
mod roles;
mod verbs;
mod weaknesses;

use harness::world::{Answer, Client, Project};
use serde_json::{Value, json};

use crate::sign_in::{redeem, sign_in, wish};
use crate::world::{address, alice, create, invited, reference, with, world};

/// A policy with these rules.
pub(crate) async fn policy(project: &Project, rules: Value) -> Value {
    let policy = json!({ "resourceType": "AccessPolicy", "name": "Rules", "resource": rules });
    create(&project.admin, policy).await
}

pub(crate) fn to(resource: &Value) -> Value {
    json!({ "reference": reference(resource) })
}

/// A person with a profile of this type and these fields of a membership, signed in; and his membership.
pub(crate) async fn member(
    project: &Project,
    (kind, name): (&str, &str),
    membership: Value,
) -> (Client, Value) {
    let email = address(name, project);
    let body = json!({
        "resourceType": kind, "password": "correct horse 9", "sendEmail": false, "membership": membership,
    });
    let membership = invited(project, &with(alice(&email), body)).await;
    (signed_in(project, &email, "openid").await, membership)
}

pub(crate) async fn signed_in(project: &Project, email: &str, scope: &str) -> Client {
    let world = world().await;
    let scope = json!({ "projectId": project.id, "scope": scope });
    let login = sign_in(world, &with(wish(email), scope)).await.must(200);
    let code = login.body["code"].as_str().unwrap();
    let tokens = redeem(world, code).await.must(200).body;
    world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap())
}

/// A practitioner under one policy with these rules.
pub(crate) async fn under(project: &Project, name: &str, rules: Value) -> Client {
    let policy = policy(project, rules).await;
    let membership = json!({ "accessPolicy": to(&policy) });
    member(project, ("Practitioner", name), membership).await.0
}

/// The references of what a search finds or brings along, sorted.
fn found(answer: &Answer) -> Vec<String> {
    let entries = answer.body["entry"].as_array().into_iter().flatten();
    let mut found: Vec<String> = entries.map(|entry| reference(&entry["resource"])).collect();
    found.sort();
    found
}

async fn search(caller: &Client, query: &str) -> Vec<String> {
    let answer = caller.get(&format!("/fhir/R4/{query}")).await.must(200);
    found(&answer)
}

async fn read(caller: &Client, resource: &Value) -> Answer {
    caller
        .get(&format!("/fhir/R4/{}", reference(resource)))
        .await
}

pub(crate) async fn organization(project: &Project, name: &str) -> Value {
    let body = json!({ "resourceType": "Organization", "name": name });
    create(&project.admin, body).await
}

pub(crate) async fn patient(project: &Project, of: &Value, fields: Value) -> Value {
    let body = json!({ "resourceType": "Patient", "managingOrganization": to(of) });
    create(&project.admin, with(body, fields)).await
}

fn sorted(resources: &[&Value]) -> Vec<String> {
    let mut references: Vec<String> = resources.iter().map(|it| reference(it)).collect();
    references.sort();
    references
}
