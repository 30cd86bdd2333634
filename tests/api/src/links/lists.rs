//! Code lists of a linked project, beside those that every project has.

use serde_json::json;

use super::{Scene, export, ids};
use crate::world::create;

#[tokio::test]
async fn code_lists_of_a_linked_project_are_expanded_and_the_servers_are_there_once() {
    let scene = Scene::set().await;
    let url = "https://example.com/ValueSet/linked";
    let include = json!([{ "system": "https://example.com/linked", "concept": [{ "code": "x" }] }]);
    let set = json!({ "resourceType": "ValueSet", "status": "active", "url": url, "compose": { "include": include } });
    create(&scene.library.admin, set).await;
    export(&scene.library, json!(["ValueSet"])).await;
    let admin = &scene.own.admin;
    let expanded = format!("/fhir/R4/ValueSet/$expand?url={url}");
    let expanded = admin.get(&expanded).await.must(200);
    assert_eq!(expanded.body["expansion"]["contains"][0]["code"], "x");
    let all = "/fhir/R4/ValueSet?_count=1000&_total=accurate";
    let (here, there) = (
        admin.get(all).await.must(200),
        scene.library.admin.get(all).await.must(200),
    );
    assert_eq!(here.body["total"], there.body["total"]);
    let gender = "/fhir/R4/ValueSet?url=http://hl7.org/fhir/ValueSet/administrative-gender";
    assert_eq!(ids(&admin.get(gender).await.must(200)).len(), 1);
}
