//! What people's own accounts cost.

use harness::world::Request;
use serde_json::json;

use super::Meter;
use crate::accounts::invited_by_letter;
use crate::world::{address, measured_world};

#[tokio::test]
async fn accepting_and_forgetting_stay_within_their_budgets() {
    let world = measured_world().await;
    let project = world.project("Clinic").await;
    let mut meter = Meter::of(world);
    let email = address("alice", &project);
    let (_, link) = invited_by_letter(world, &project, &email).await;
    let body = json!({ "id": link.id, "secret": link.secret, "password": "correct-horse-9" });
    let accept = Request::new("POST", "/auth/setpassword").json(&body);
    let nobody = world.anonymous();
    meter
        .run("accept invitation", &nobody, accept, (3, 12.0))
        .await;
    let forget = Request::new("POST", "/auth/resetpassword").json(&json!({ "email": email }));
    meter
        .run("ask for a new password", &nobody, forget, (2, 8.0))
        .await;
    meter.print();
}
