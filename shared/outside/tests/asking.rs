//! What is heard from a real server on this machine.

#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Redirect;
use axum::routing::get;
use domain::Timestamp;
use roster_outside::{Outside, Reach, Unheard};
use tokio::net::TcpListener;

const JSON: [(axum::http::HeaderName, &str); 1] =
    [(CONTENT_TYPE, "application/json; charset=utf-8")];

/// A server, and how often its document was asked for.
async fn server() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let document = move || {
        asked.fetch_add(1, Ordering::Relaxed);
        async { (JSON, "{\"keys\":[]}") }
    };
    let pages = Router::new()
        .route("/keys", get(document))
        .route("/moved", get(|| async { Redirect::temporary("/keys") }))
        .route("/large", get(|| async { (JSON, "x".repeat(300_000)) }))
        .route("/text", get(|| async { "{}" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, pages).await });
    (url, count)
}

#[tokio::test]
async fn a_document_is_asked_for_once_in_its_time() {
    let (url, count) = server().await;
    let outside = Outside::new(Reach::AlsoThisMachine).unwrap();
    let minute = Duration::from_secs(60);
    for (second, asked) in [(0, 1), (59, 1), (60, 2), (61, 2)] {
        let now = Timestamp::from_millis(second * 1_000);
        let said = outside
            .published(&format!("{url}/keys"), (now, minute))
            .await;
        assert!(said.unwrap()["keys"].is_array());
        assert_eq!(count.load(Ordering::Relaxed), asked, "second {second}");
    }
}

#[tokio::test]
async fn a_redirect_a_flood_and_a_text_are_not_heard() {
    let (url, count) = server().await;
    let outside = Outside::new(Reach::AlsoThisMachine).unwrap();
    let get = |path: &str| {
        let url = format!("{url}{path}");
        let outside = &outside;
        async move { outside.get(&url, None).await }
    };
    assert!(matches!(get("/moved").await, Err(Unheard::Status(307))));
    assert!(matches!(get("/large").await, Err(Unheard::TooLarge)));
    assert!(matches!(get("/nowhere").await, Err(Unheard::Status(404))));
    assert!(matches!(
        get("/text").await.unwrap().json(),
        Err(Unheard::NotJson)
    ));
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_asked_unless_that_is_configured() {
    let (url, count) = server().await;
    let port = url.rsplit(':').next().unwrap();
    let public = Outside::new(Reach::Public).unwrap();
    // Over TLS, so that the address is judged by what its name resolves to.
    let named = public
        .get(&format!("https://localhost:{port}/keys"), None)
        .await;
    assert!(matches!(named, Err(Unheard::Silent(_))));
    let plain = public
        .get(&format!("http://localhost:{port}/keys"), None)
        .await;
    assert!(matches!(plain, Err(Unheard::Address)));
    let here = Outside::new(Reach::AlsoThisMachine).unwrap();
    here.get(&format!("http://localhost:{port}/keys"), None)
        .await
        .unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
}
