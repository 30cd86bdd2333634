//! Pages along indexes and ranges: every match on exactly one, in order.

use harness::world::Client;
use serde_json::json;

use super::found;
use crate::world::{create, world};

pub(super) async fn walked(caller: &Client, kind: &str, query: &str) -> Vec<String> {
    let (mut ids, mut path) = (Vec::new(), format!("/fhir/R4/{kind}?{query}"));
    loop {
        let page = caller.get(&path).await.must(200);
        ids.extend(
            found(&page)
                .iter()
                .map(|it| it["id"].as_str().unwrap().to_owned()),
        );
        let links = page.body["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else {
            return ids;
        };
        let url = next["url"].as_str().unwrap();
        path = format!("/fhir{}", url.split_once("/fhir").unwrap().1);
    }
}

#[tokio::test]
async fn walking_by_next_meets_every_resource_once_and_in_order() {
    let project = world().await.project("Walks").await;
    for n in 0..9 {
        // Equal names lie on both sides of the end of a page.
        let given = ["Ann", "Bob"][n % 2];
        let name = json!([{ "given": [given], "family": "Lee" }]);
        let body = json!({ "resourceType": "Patient", "active": n % 2 == 0, "name": name });
        create(&project.admin, body).await;
    }
    create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let all = walked(&project.admin, "Patient", "_count=1000&_sort=_lastUpdated").await;
    assert_eq!(all.len(), 10);
    for query in [
        "_count=1",
        "_count=3",
        "_count=2&_sort=name",
        "_count=2&_sort=-name",
        "_count=3&_sort=_lastUpdated",
        "_count=3&_sort=-_lastUpdated",
        "_count=2&_sort=birthdate",
        "_count=2&active:missing=false",
        "_count=2&_sort=name&active=true",
        "_count=2&name=lee",
        "_count=2&_lastUpdated=ge2020-01-01",
        "_count=2&name:contains=e",
        "_count=2&_lastUpdated=lt2999-12-31",
    ] {
        let mut once = walked(&project.admin, "Patient", query).await;
        let whole = walked(
            &project.admin,
            "Patient",
            &query.replace("_count=", "_count=100"),
        )
        .await;
        if query.contains("_sort") {
            assert_eq!(once, whole, "{query}");
        }
        let count = once.len();
        once.sort();
        once.dedup();
        assert_eq!((count, once.len()), (whole.len(), whole.len()), "{query}");
    }
    let reversed: Vec<_> = walked(&project.admin, "Patient", "_count=4&_sort=-_lastUpdated")
        .await
        .into_iter()
        .rev()
        .collect();
    assert_eq!(reversed, all);
}

#[tokio::test]
async fn many_resources_are_walked_by_cursor() {
    let project = world().await.project("Cursors").await;
    for _ in 0..23 {
        create(&project.admin, json!({ "resourceType": "Patient" })).await;
    }
    let page = project
        .admin
        .get("/fhir/R4/Patient?_count=20&_sort=_lastUpdated")
        .await
        .must(200);
    let next = page.body["link"][2]["url"].as_str().unwrap();
    assert!(next.contains("_cursor="), "{next}");
    assert_eq!(
        walked(&project.admin, "Patient", "_count=20&_sort=_lastUpdated")
            .await
            .len(),
        23
    );
}
