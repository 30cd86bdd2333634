//! Signing keys: one takes over from the other, and nobody is signed out by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::proxy::Plan;
use harness::world::{Client, World};
use serde_json::Value;

use crate::world::start;

/// Lets every function start anew.
async fn restart(world: &World) {
    for function in ["discovery", "me", "token"] {
        world.host().crash(function).await;
    }
}

async fn published(world: &World) -> Vec<Value> {
    let mut keys = world
        .anonymous()
        .get("/.well-known/jwks.json")
        .await
        .must(200);
    let kids = keys.body["keys"].as_array_mut().unwrap().iter_mut();
    kids.map(|key| key["kid"].take()).collect()
}

/// The key that has signed a token.
async fn signer(world: &World, tokens: &Client) -> (Value, Client) {
    let token = tokens.token().await;
    let shown = format!("{token:?}");
    let (_, rest) = shown.split_once("Bearer ").unwrap();
    let (header, _) = rest.split_once('.').unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    token.get("/auth/me").await.must(200);
    assert!(!world.api().is_empty());
    (header["kid"].take(), token)
}

async fn rotate(world: &World, hours: &str) -> String {
    let more = [("ROSTER_ROTATION_HOURS", hours)];
    let ended = world.run("rotate-keys", &more, "").await.unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    let wrong = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}{wrong}");
    said
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_counts_on() {
    let world = start(1, Plan::default()).await;
    let (first, before) = signer(&world, world.root()).await;
    assert_eq!(published(&world).await, std::slice::from_ref(&first));

    let said = rotate(&world, "24").await;
    assert!(said.starts_with("added: key "), "{said}");
    assert!(!said.contains("private"), "{said}");
    restart(&world).await;
    let two = published(&world).await;
    assert_eq!((two.len(), &two[0]), (2, &first));
    let (still, _) = signer(&world, world.root()).await;
    assert_eq!(still, first, "its time has not come");
    let again = rotate(&world, "24").await;
    assert!(again.starts_with("nothing to do"), "{again}");
    before.get("/auth/me").await.must(200);
}

#[tokio::test]
async fn a_key_whose_time_has_come_signs_and_tokens_of_the_one_before_still_count() {
    let world = start(1, Plan::default()).await;
    let (first, before) = signer(&world, world.root()).await;
    rotate(&world, "0").await;
    restart(&world).await;
    let (second, after) = signer(&world, world.root()).await;
    assert_ne!(first, second);
    for token in [before, after] {
        token.get("/auth/me").await.must(200);
    }
    assert_eq!(published(&world).await, [first, second]);
}
