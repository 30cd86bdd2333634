//! The master key in KMS: wrapped when the installation is founded, unwrapped when a function starts, never in the table in clear.

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::proxy::Plan;
use harness::world::{Options, World};
use serde_json::{Value, json};

/// Speaks as much of KMS as an installation calls: it wraps by turning bits, and unwraps only for the same context.
async fn key_service() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Router::new().route("/", post(answer));
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}

async fn answer(headers: HeaderMap, body: Bytes) -> String {
    let request: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        request["EncryptionContext"],
        json!({ "purpose": "roster-master-key" })
    );
    let turned = |field: &str| {
        let bytes = STANDARD.decode(request[field].as_str().unwrap()).unwrap();
        STANDARD.encode(bytes.iter().map(|byte| byte ^ 0x5a).collect::<Vec<u8>>())
    };
    let answer = match headers["x-amz-target"].to_str().unwrap() {
        "TrentService.Encrypt" => json!({ "CiphertextBlob": turned("Plaintext"), "KeyId": "key" }),
        "TrentService.Decrypt" => json!({ "Plaintext": turned("CiphertextBlob"), "KeyId": "key" }),
        other => panic!("{other} is not called"),
    };
    answer.to_string()
}

#[tokio::test]
async fn an_installation_whose_master_key_kms_keeps_opens_its_keys_through_it() {
    let url = key_service().await;
    let route = |route: &gateway::Route| (route.method, route.path, route.function);
    let options = Options {
        routes: gateway::ROUTES.iter().map(route).collect(),
        instances: 1,
        plan: Plan::default(),
        environment: vec![
            ("ROSTER_KMS_KEY_ID".to_owned(), "key".to_owned()),
            ("AWS_ENDPOINT_URL_KMS".to_owned(), url),
        ],
    };
    let world = World::start(options).await.unwrap();
    world.root().get("/auth/me").await.must(200);
    let rows = world.rows("SYS").await;
    assert!(
        rows[0]["wrapped"]["S"].is_string(),
        "the wrapped key stands beside what it opens"
    );
}
