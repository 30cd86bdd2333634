//! An access that is explained, where it leads to a linked project.

use serde_json::{Value, json};

use super::{Scene, id, link};
use crate::world::{address, alice, create, invited, reference, with, world};

#[tokio::test]
async fn an_access_that_is_explained_knows_what_a_linked_project_exports() {
    let scene = Scene::set().await;
    let own = &scene.own;
    let rules = json!([{ "resourceType": "Patient", "criteria": "Patient?name=simpson" }]);
    let policy = json!({ "resourceType": "AccessPolicy", "name": "Some", "resource": rules });
    let policy = create(&own.admin, policy).await;
    let access = json!({ "sendEmail": false, "password": "correct horse 1", "membership": { "accessPolicy": { "reference": reference(&policy) } } });
    let member = invited(own, &with(alice(&address("alice", own)), access)).await;
    let ned = json!({ "resourceType": "Patient", "name": [{ "family": "Flanders" }] });
    let ned = create(&scene.library.admin, ned).await;
    let place = own.path(&format!("members/{}/access", id(&member)));
    let asked = |what: &Value, more: &str| format!("{place}?resource={}{more}", reference(what));
    for asker in [&own.admin, world().await.root()] {
        let told = asker.get(&asked(&scene.patient, "")).await.must(200).body;
        assert_eq!(
            (&told["allowed"], &told["reason"]),
            (&json!(true), &json!("rule"))
        );
        let told = asker.get(&asked(&ned, "")).await.must(200).body;
        assert_eq!(told["reason"], "no-rule");
        let change = asked(&scene.patient, "&interaction=update");
        let told = asker.get(&change).await.must(200).body;
        assert_eq!(
            (&told["allowed"], &told["reason"]),
            (&json!(false), &json!("linked-project"))
        );
        // What is not exported is not there.
        asker.get(&asked(&scene.observation, "")).await.must(404);
    }
    link(own, &[]).await;
    own.admin.get(&asked(&scene.patient, "")).await.must(404);
}
