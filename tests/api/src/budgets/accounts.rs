//! What people's own accounts cost.

use harness::world::Request;
use serde_json::json;

use super::Meter;
use crate::accounts::invited_by_letter;
use crate::world::{address, alice, invited, measured_world, with};

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
    let patient = with(
        alice(&address("homer", &project)),
        json!({ "resourceType": "Patient", "sendEmail": false }),
    );
    let member = invited(&project, &patient).await;
    let user = member["user"]["reference"].as_str().unwrap();
    let path = format!("/fhir/R4/{user}/$update-email");
    let admin = project.admin.token().await;
    let moves = [
        ("change an address", json!({}), (2, 12.0)),
        (
            "… with the profile's",
            json!({ "updateProfileTelecom": true }),
            (5, 20.0),
        ),
    ];
    for (n, (name, more, limit)) in moves.into_iter().enumerate() {
        let email = address(&format!("homer{n}"), &project);
        let body = with(json!({ "email": email }), more);
        let request = Request::new("POST", &path).json(&body);
        meter.run(name, &admin, request, limit).await;
    }
    meter.print();
}
