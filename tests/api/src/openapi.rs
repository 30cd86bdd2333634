//! The API describes itself, and does so truly.

use gateway::{Access, ROUTES};
use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn everybody_may_read_the_description_and_it_names_this_server_and_every_route() {
    let anonymous = world().await.anonymous();
    let document = anonymous.get("/openapi.json").await.must(200).body;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": world().await.api() }]));
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let is_open = operation["security"] == json!([]);
        assert_eq!(is_open, route.access == Access::Open, "{}", route.path);
        let refused = operation["responses"].get("401").is_some();
        assert_ne!(is_open, refused, "{} {operation}", route.path);
    }
}
