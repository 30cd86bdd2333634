//! How much one transaction can hold, and what it costs.

use harness::world::Request;
use serde_json::{Value, json};

use super::{atomic, bundle, named, organization, patient, post, project, put, send, urn};
use crate::budgets::Meter;
use crate::world::{create, measured_world};

#[tokio::test]
async fn a_transaction_holds_a_hundred_items_and_says_so() {
    let project = project("Hundred").await;
    let admin = &project.admin;
    let many = |count: usize| -> Vec<Value> {
        let numbers = 0..count;
        numbers
            .map(|number| post(&patient(&format!("h{number}"))))
            .collect()
    };
    send(admin, &many(50)).await.must(200);
    let refused = send(admin, &many(51)).await.must(400);
    assert_eq!(refused.expression(), "Bundle.entry[50]");
    assert!(refused.issue_text().contains("at most 100 items"));
    let made = create(admin, organization("One")).await;
    let mut entries = many(49);
    entries.push(put(&made, json!({ "name": "Two" })));
    send(admin, &entries).await.must(400);
}

#[tokio::test]
async fn a_transaction_takes_the_trips_of_its_reads_and_one_to_write() {
    let world = measured_world().await;
    let project = world.project("Measured transactions").await;
    atomic(world.root(), &project, json!({})).await;
    let admin = project.admin.token().await;
    let made = create(&admin, organization("One")).await;
    let about = json!({ "resourceType": "Basic", "code": { "text": "x" }, "subject": { "reference": urn(1) } });
    let of = |entries: &[Value]| Request::new("POST", "/fhir/R4").json(&bundle(entries));
    let creations: Vec<Value> = (0..20).map(|n| post(&patient(&format!("m{n}")))).collect();
    let referring = [post(&about), named(1, post(&patient("named")))];
    let update = [
        put(&made, json!({ "name": "Two" })),
        post(&patient("beside")),
    ];
    let keyed = of(&creations).header("idempotency-key", "measured");
    let mut meter = Meter::of(world);
    for (name, request, limit) in [
        ("a transaction of 20 creations", of(&creations), (2, 80.0)),
        ("a transaction of two that refer", of(&referring), (2, 8.0)),
        ("a transaction with an update", of(&update), (3, 10.0)),
        ("a transaction with a key", keyed, (3, 84.0)),
    ] {
        meter.run(name, &admin, request, limit).await;
    }
    meter.print();
}
