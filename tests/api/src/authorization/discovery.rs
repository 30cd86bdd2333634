//! What clients read before they ask.

use serde_json::{Value, json};

use crate::world::world;

#[tokio::test]
async fn every_address_and_method_that_is_published_is_there() {
    let world = world().await;
    let anonymous = world.anonymous();
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let said = anonymous.get(path).await.must(200).body;
        for (name, value) in said.as_object().unwrap() {
            let Some(there) = value.as_str().and_then(|url| url.strip_prefix(world.api())) else {
                continue;
            };
            let answer = anonymous.get(there).await;
            assert_ne!(answer.status, 404, "{name}");
        }
        assert_eq!(said["response_types_supported"], json!(["code"]));
    }
    for path in [
        "/.well-known/smart-configuration",
        "/fhir/R4/.well-known/smart-configuration",
    ] {
        let said = anonymous.get(path).await.must(200).body;
        let there = format!("{}/oauth2/authorize", world.api());
        assert_eq!(said["authorization_endpoint"], there);
        assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
    }
}

#[tokio::test]
async fn a_protected_resource_is_below_the_servers_own_address() {
    let world = world().await;
    let base = format!("{}/", world.api());
    let ask = |query: String| async move {
        let path = format!("/.well-known/oauth-protected-resource{query}");
        world.anonymous().get(&path).await
    };
    let whole = ask(String::new()).await.must(200).body;
    assert_eq!(whole["resource"], base);
    assert_eq!(whole["authorization_servers"], json!([base]));
    let part = format!("{base}fhir/R4");
    let named: Value = ask(format!("?resource={part}")).await.must(200).body;
    assert_eq!(named["resource"], part);
    for wrong in [
        "?resource=https://evil.test/".to_owned(),
        format!("?resource={}.evil.test/", world.api()),
        format!("?resource={part}&resource={part}"),
        "?resource=".to_owned(),
    ] {
        let refused = ask(wrong).await.must(400);
        assert_eq!(refused.issue_text(), "Invalid resource URL");
    }
}
