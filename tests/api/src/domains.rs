//! Domains whose people sign in elsewhere: the server's administrators configure them, nobody else knows of them; and what an
//! identity provider wants to hear, which is kept like every other secret.

mod providers;

use harness::world::{Answer, Client, Request, World};
use serde_json::{Value, json};

use crate::world::{at_once, create, reference, with, world};

const KIND: &str = "/fhir/R4/DomainConfiguration";

/// A domain that nobody else in this world configures.
async fn domain(name: &str) -> String {
    let project = world().await.project("Domain").await;
    format!("{name}.{}.example.com", &project.id[..8])
}

fn provider(secret: &str) -> Value {
    json!({
        "authorizeUrl": "https://login.example.com/authorize", "tokenUrl": "https://login.example.com/token",
        "userInfoUrl": "https://login.example.com/userinfo", "clientId": "roster", "clientSecret": secret,
    })
}

fn configuration(domain: &str) -> Value {
    json!({ "resourceType": "DomainConfiguration", "domain": domain, "identityProvider": provider("s") })
}

async fn method(world: &World, domain: &str) -> Value {
    let email = json!({ "email": format!("alice@{domain}") });
    let answer = world.anonymous().post("/auth/method", &email).await;
    answer.must(200).body["domain"].clone()
}

async fn patch(caller: &Client, path: &str, operations: Value) -> Answer {
    let text = operations.to_string();
    let request = Request::new("PATCH", path).body("application/json-patch+json", text);
    caller.send(request).await
}

fn found(answer: Answer) -> Vec<Value> {
    let entries = answer.must(200).body["entry"].take();
    let entries = entries.as_array().cloned().unwrap_or_default();
    let ids = entries.iter().map(|entry| entry["resource"]["id"].clone());
    ids.collect()
}

#[tokio::test]
async fn the_servers_administrators_configure_domains_by_every_verb_and_signing_in_follows_at_once()
{
    let world = world().await;
    let root = world.root();
    let (first, second) = (domain("first").await, domain("second").await);
    let made = create(root, configuration(&first.to_uppercase())).await;
    assert_eq!(made["domain"], json!(first));
    let path = format!("/fhir/R4/{}", reference(&made));
    assert_eq!(root.get(&path).await.must(200).body, made);
    assert_eq!(method(world, &first).await, json!(first));
    for search in [
        format!("{KIND}?domain={first}"),
        format!("{KIND}?domain={first}&_lastUpdated=gt2020-01-01"),
        format!("{KIND}?_id={}", made["id"].as_str().unwrap()),
    ] {
        assert_eq!(
            found(root.get(&search).await),
            [made["id"].clone()],
            "{search}"
        );
    }
    let none = format!("{KIND}?domain={first}&_lastUpdated=lt2020-01-01");
    assert!(found(root.get(&none).await).is_empty());

    let changed = with(made.clone(), json!({ "domain": second }));
    let changed = root.put(&path, &changed).await.must(200).body;
    assert_eq!(changed["domain"], json!(second));
    assert_eq!(method(world, &first).await, Value::Null);
    assert_eq!(method(world, &second).await, json!(second));
    let back = json!([{ "op": "replace", "path": "/domain", "value": first }]);
    patch(root, &path, back).await.must(200);
    assert_eq!(method(world, &second).await, Value::Null);
    let wrong = json!([{ "op": "replace", "path": "/domain", "value": "alice@example.com" }]);
    let wrong = patch(root, &path, wrong).await.must(400);
    assert_eq!(wrong.expression(), "DomainConfiguration.domain");
    let history = root.get(&format!("{path}/_history")).await.must(200);
    assert_eq!(history.body["total"], 3);

    let batch = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "request": { "method": "POST", "url": "DomainConfiguration" }, "resource": configuration(&second) },
        { "request": { "method": "DELETE", "url": reference(&made) } },
    ]});
    let batch = root.post("/fhir/R4", &batch).await.must(200).body;
    assert_eq!(batch["entry"][0]["response"]["status"], "201");
    assert_eq!(method(world, &first).await, Value::Null);
    assert_eq!(method(world, &second).await, json!(second));
    root.get(&path).await.must(410);
    let second = batch["entry"][0]["resource"]["id"].as_str().unwrap();
    root.post(&format!("{KIND}/{second}/$expunge"), &json!({}))
        .await
        .must(200);
    root.get(&format!("{KIND}/{second}")).await.must(404);
}

#[tokio::test]
async fn a_domain_is_configured_once_and_can_be_taken_when_it_was_given_up() {
    let world = world().await;
    let root = world.root();
    let (wanted, other) = (domain("wanted").await, domain("other").await);
    let first = create(root, configuration(&wanted)).await;
    let refused = root.post(KIND, &configuration(&wanted)).await.must(409);
    assert_eq!(
        refused.issue_text(),
        "The domain has a configuration already"
    );
    let second = create(root, configuration(&other)).await;
    let (one, two) = (reference(&first), reference(&second));
    let (one, two) = (format!("/fhir/R4/{one}"), format!("/fhir/R4/{two}"));
    let takes = with(second.clone(), json!({ "domain": wanted }));
    root.put(&two, &takes).await.must(409);
    assert_eq!(root.get(&two).await.must(200).body, second);

    root.delete(&one).await.must(200);
    root.put(&two, &takes).await.must(200);
    root.put(&one, &first).await.must(409);
    root.put(&one, &with(first.clone(), json!({ "domain": other })))
        .await
        .must(200);
    root.post(&format!("{two}/$expunge"), &json!({}))
        .await
        .must(200);
    let answers = at_once(6, |_| {
        let (root, body) = (root.clone(), configuration(&wanted));
        async move { root.post(KIND, &body).await }
    })
    .await;
    let count = |status| answers.iter().filter(|it| it.status == status).count();
    assert_eq!((count(201), count(409)), (1, 5));
    assert_eq!(
        found(root.get(&format!("{KIND}?domain={wanted}")).await).len(),
        1
    );
}

#[tokio::test]
async fn nobody_else_deals_with_configurations_of_domains() {
    let world = world().await;
    let root = world.root();
    let project = world.project("Elsewhere").await;
    let domain = domain("closed").await;
    let made = create(root, configuration(&domain)).await;
    let path = format!("/fhir/R4/{}", reference(&made));
    let version = made["meta"]["versionId"].as_str().unwrap();
    let admin = &project.admin;
    let unknown = format!("{KIND}/00000000-0000-4000-8000-000000000000");
    for at in [&path, &unknown] {
        admin.get(at).await.must(403);
        admin.get(&format!("{at}/_history")).await.must(403);
        let past = format!("{at}/_history/{version}");
        admin.get(&past).await.must(403);
        admin.put(at, &made).await.must(403);
        patch(admin, at, json!([])).await.must(403);
        admin.delete(at).await.must(403);
        let expunge = format!("{at}/$expunge");
        admin.post(&expunge, &json!({})).await.must(403);
    }
    admin
        .get(&format!("{KIND}?domain={domain}"))
        .await
        .must(403);
    admin
        .post(KIND, &configuration("x.example.com"))
        .await
        .must(403);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [
        { "request": { "method": "GET", "url": reference(&made) } },
        { "request": { "method": "GET", "url": "DomainConfiguration" } },
        { "request": { "method": "PUT", "url": reference(&made) }, "resource": made },
        { "request": { "method": "DELETE", "url": reference(&made) } },
        { "request": { "method": "POST", "url": "DomainConfiguration" }, "resource": configuration("y.example.com") },
    ]});
    let batch = admin.post("/fhir/R4", &batch).await.must(200).body;
    for entry in batch["entry"].as_array().unwrap() {
        assert_eq!(entry["response"]["status"], "403", "{entry}");
    }
    // Not in any other project either; and what belongs to the server alone is nobody's.
    let astray = with(
        configuration("z.example.com"),
        json!({ "meta": { "project": project.id } }),
    );
    root.post(KIND, &astray).await.must(403);
    for kind in ["Login", "JsonWebKey"] {
        root.get(&format!("/fhir/R4/{kind}")).await.must(403);
        root.get(&format!("/fhir/R4/{kind}/{}/_history", project.id))
            .await
            .must(403);
    }
    assert_eq!(root.get(&path).await.must(200).body, made);
}
