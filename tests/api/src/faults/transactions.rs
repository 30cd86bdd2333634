//! A transaction in ruins: all of it or nothing, whatever fails and wherever.

use serde_json::json;

use super::single::{FAULTS, deed};
use super::{fresh, once, ruins};
use crate::ledger::Ledger;
use crate::transactions::{atomic, bundle, named, post, put, urn};
use crate::world::create;

#[tokio::test]
async fn transactions_survive_every_fault_at_every_call() {
    let (world, _turn) = ruins().await;
    let project = world.project("Transactions in ruins").await;
    atomic(world.root(), &project, json!({})).await;
    let counted = create(
        &project.admin,
        json!({ "resourceType": "Group", "type": "person", "actual": true }),
    )
    .await;
    let transaction = deed("fhir-batch", &project.admin, 200);
    let about = json!({ "resourceType": "Basic", "code": { "text": "x" }, "subject": { "reference": urn(1) } });
    for fault in FAULTS {
        transaction
            .survives(world, fault, async || {
                let name = json!({ "name": fresh("group-") });
                once(
                    "/fhir/R4",
                    &bundle(&[
                        post(&about),
                        named(1, post(&json!({ "resourceType": "Patient" }))),
                        put(&counted, name),
                    ]),
                )
            })
            .await;
        let ledger = Ledger::read(world).await;
        let of = |kind| ledger.resources(&project.id, kind).len();
        assert_eq!(of("Patient"), of("Basic"), "all or nothing");
        let past = format!(
            "P#{}#H#Group#{}",
            project.id,
            counted["id"].as_str().unwrap()
        );
        assert_eq!(ledger.partition(&past).len(), of("Basic"));
    }
}
