//! Applications that show who they are by an assertion signed with a key of their own (`private_key_jwt`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::world::{Answer, World};
use serde_json::{Value, json};

use crate::sign_in::ask_tokens;
use crate::world::{at_once, with, world};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key, its algorithm and its name.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    alg: &'static str,
    kid: &'static str,
}

impl Key {
    pub(crate) fn new(alg: &'static str, kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(Self::algorithm(alg)).unwrap();
        Self { pair, alg, kid }
    }

    fn algorithm(alg: &str) -> &'static EcdsaSigningAlgorithm {
        match alg {
            "ES384" => &ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
        }
    }

    fn public(&self) -> Value {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let curve = if self.alg == "ES384" {
            "P-384"
        } else {
            "P-256"
        };
        json!({
            "kty": "EC", "crv": curve, "kid": self.kid, "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(
            &json!({ "alg": self.alg, "typ": "JWT", "kid": self.kid }),
            claims,
        )
    }

    fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Publishes these keys; answers the address, and counts how often it is asked.
pub(crate) async fn publish(keys: &[&Key]) -> (String, Arc<AtomicUsize>) {
    let all: Vec<Value> = keys.iter().map(|key| key.public()).collect();
    let document = json!({ "keys": all }).to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let answer = move || {
        asked.fetch_add(1, Ordering::Relaxed);
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json")], document) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let pages = Router::new().route("/keys", get(answer));
    tokio::spawn(async move { axum::serve(listener, pages).await });
    (url, count)
}

/// An application whose keys are published at this address.
async fn application(name: &str, address: Option<&str>) -> String {
    let project = world().await.project(name).await;
    let mut body = json!({ "name": "Signer" });
    if let Some(address) = address {
        body["jwksUri"] = address.into();
    }
    let made = project.admin.post(&project.path("client"), &body).await;
    made.must(201).id().to_owned()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Good claims, once.
fn claims(world: &World, client: &str, jti: &str) -> Value {
    json!({
        "iss": client, "sub": client, "aud": format!("{}/oauth2/token", world.api()), "iat": now(),
        "exp": now() + 300, "jti": jti,
    })
}

async fn ask(assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", KIND),
        ("client_assertion", assertion),
    ];
    ask_tokens(world().await, &form).await
}

fn refused(answer: &Answer, text: &str, what: &str) {
    let wanted = json!({ "error": "invalid_request", "error_description": text });
    assert_eq!((answer.status, &answer.body), (400, &wanted), "{what}");
}

#[tokio::test]
async fn an_application_signs_with_one_of_its_keys_and_acts_by_its_membership() {
    let world = world().await;
    let (old, new) = (Key::new("ES256", "old"), Key::new("ES384", "new"));
    let (address, count) = publish(&[&old, &new]).await;
    let client = application("Signed", Some(&address)).await;
    for (key, jti) in [(&old, "1"), (&new, "2"), (&old, "3")] {
        let answer = ask(&key.sign(&claims(world, &client, jti))).await.must(200);
        let token = answer.body["access_token"].as_str().unwrap();
        let me = world
            .anonymous()
            .bearer(token)
            .get("/auth/me")
            .await
            .must(200);
        assert_eq!(me.body["profile"]["id"], client);
    }
    // Without a name every key that fits is tried.
    let nameless = old.sign_as(&json!({ "alg": "ES256" }), &claims(world, &client, "4"));
    ask(&nameless).await.must(200);
    // At most once by each instance of the function.
    assert!(count.load(Ordering::Relaxed) <= 8);
}

#[tokio::test]
async fn what_is_wrong_with_an_assertion_is_said_in_the_words_of_the_contract() {
    let world = world().await;
    let (key, other) = (Key::new("ES256", "one"), Key::new("ES256", "one"));
    let (address, _) = publish(&[&key]).await;
    let client = application("Refused", Some(&address)).await;
    let good = claims(world, &client, "good");
    let over = |more: Value| key.sign(&with(good.clone(), more));
    let nobody = "00000000-0000-4000-8000-00000000000f";
    let text = |value: i64| Value::String(value.to_string());
    let cases = [
        (String::new(), "Invalid client assertion"),
        ("x.y.z".to_owned(), "Invalid client assertion"),
        (over(json!({ "exp": null })), "Invalid client assertion"),
        (
            over(json!({ "exp": text(now() + 300) })),
            "Invalid client assertion",
        ),
        (
            over(json!({ "exp": now() - 31 })),
            "Invalid client assertion",
        ),
        (
            over(json!({ "exp": now() + 200_000 })),
            "Invalid client assertion",
        ),
        (
            over(json!({ "nbf": now() + 60 })),
            "Invalid client assertion",
        ),
        (
            over(json!({ "aud": "https://elsewhere.test/oauth2/token" })),
            "Invalid client assertion audience",
        ),
        (
            over(json!({ "aud": [good["aud"], "https://elsewhere.test/"] })),
            "Invalid client assertion audience",
        ),
        (
            over(json!({ "aud": world.api() })),
            "Invalid client assertion audience",
        ),
        (
            over(json!({ "iss": nobody })),
            "Invalid client assertion issuer",
        ),
        (
            over(json!({ "sub": nobody })),
            "Invalid client assertion issuer",
        ),
        (
            over(json!({ "iss": nobody, "sub": nobody })),
            "Client not found",
        ),
        (over(json!({ "iss": "x", "sub": "x" })), "Client not found"),
        (other.sign(&good), "Invalid client assertion signature"),
        (
            key.sign_as(&json!({ "alg": "ES256", "kid": "two" }), &good),
            "Invalid client assertion signature",
        ),
        (
            key.sign_as(&json!({ "alg": "none" }), &good),
            "Invalid client assertion",
        ),
        (
            key.sign_as(&json!({ "alg": "HS256", "kid": "one" }), &good),
            "Invalid client assertion",
        ),
        (
            key.sign_as(&json!({ "alg": "RS256", "kid": "one" }), &good),
            "Invalid client assertion signature",
        ),
        (
            key.sign_as(&json!({ "alg": "ES384", "kid": "one" }), &good),
            "Invalid client assertion signature",
        ),
        (
            key.sign_as(&json!({ "alg": "ES256", "crit": ["x"], "x": 1 }), &good),
            "Invalid client assertion",
        ),
        (
            other.sign_as(&json!({ "alg": "ES256", "jwk": other.public() }), &good),
            "Invalid client assertion signature",
        ),
    ];
    for (assertion, text) in cases {
        refused(&ask(&assertion).await, text, &assertion);
    }
    let silent = application("No keys", None).await;
    let assertion = key.sign(&claims(world, &silent, "1"));
    refused(
        &ask(&assertion).await,
        "Client must have a JWK Set URL",
        "no keys",
    );
    let form = [
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        ),
        ("client_assertion", "x"),
    ];
    let answer = ask_tokens(world, &form).await;
    refused(&answer, "Unsupported client assertion type", "another type");
    // Nothing of it was used up.
    ask(&key.sign(&good)).await.must(200);
}

#[tokio::test]
async fn the_clocks_of_an_application_and_of_this_server_may_differ_by_half_a_minute() {
    let world = world().await;
    let key = Key::new("ES256", "one");
    let (address, _) = publish(&[&key]).await;
    let client = application("Clocks", Some(&address)).await;
    let over = |(jti, more): (usize, &Value)| {
        let claims = claims(world, &client, &jti.to_string());
        key.sign(&with(claims, more.clone()))
    };
    let within = [
        json!({ "exp": now() - 15 }),
        json!({ "iat": now() + 25, "exp": now() + 60 }),
        json!({ "nbf": now() + 25 }),
    ];
    for good in within.iter().enumerate().map(over) {
        ask(&good).await.must(200);
    }
    let beyond = [
        json!({ "exp": now() - 31 }),
        json!({ "iat": now() + 60, "exp": now() + 90 }),
        json!({ "nbf": now() + 60 }),
        json!({ "exp": now() + 24 * 60 * 60 + 60 }),
    ];
    for bad in beyond.iter().enumerate().map(over) {
        refused(&ask(&bad).await, "Invalid client assertion", &bad);
    }
}

#[tokio::test]
async fn an_assertion_counts_once_however_many_send_it_at_once() {
    let world = world().await;
    let key = Key::new("ES256", "one");
    let (address, _) = publish(&[&key]).await;
    let client = application("Once", Some(&address)).await;
    let assertion = key.sign(&claims(world, &client, "one"));
    let answers = at_once(16, |_| {
        let assertion = assertion.clone();
        async move { ask(&assertion).await }
    });
    let answers = answers.await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        refused(answer, "Invalid client assertion", "again");
    }
    // Another one with the same name is the same one; without a name it is told by its text.
    let same = key.sign(&with(
        claims(world, &client, "one"),
        json!({ "exp": now() + 200 }),
    ));
    refused(&ask(&same).await, "Invalid client assertion", "same name");
    let nameless = key.sign(&with(claims(world, &client, "x"), json!({ "jti": null })));
    ask(&nameless).await.must(200);
    refused(
        &ask(&nameless).await,
        "Invalid client assertion",
        "same text",
    );
}

#[tokio::test]
async fn keys_at_an_address_that_only_the_server_reaches_are_not_fetched() {
    let world = world().await;
    let key = Key::new("ES256", "one");
    let (address, count) = publish(&[&key]).await;
    let redirecting = Router::new().route(
        "/keys",
        get(move || async move { axum::response::Redirect::temporary(&address) }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = format!("http://{}/keys", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, redirecting).await });
    for address in [
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/keys",
        "http://login.example.com/keys",
        "file:///etc/passwd",
        moved.as_str(),
    ] {
        let client = application("Private", Some(address)).await;
        let assertion = key.sign(&claims(world, &client, "1"));
        let answer = ask(&assertion).await;
        refused(&answer, "Invalid client assertion signature", address);
    }
    assert_eq!(count.load(Ordering::Relaxed), 0, "no redirect is followed");
}
