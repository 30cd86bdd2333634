//! Answers end before the six megabytes that Lambda hands on. The large rows stand in worlds of their own: other tests read the shared
//! one's table as a whole.

use std::collections::BTreeSet;

use harness::proxy::Plan;
use harness::world::{Answer, Project, World};
use serde_json::{Value, json};

use super::path;
use crate::world::{create, start};

/// A hundred and fifty kilobytes, which are twice as many in an answer as it is handed on.
const NOTE: usize = 75_000;
const RESOURCES: usize = 22;

async fn own_world() -> World {
    start(2, Plan::default()).await
}

async fn large(project: &Project) -> Value {
    let text = "\"".repeat(NOTE);
    let resource = json!({ "resourceType": "Basic", "code": { "text": text } });
    create(&project.admin, resource).await
}

async fn fill(project: &Project) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for _ in 0..RESOURCES {
        ids.insert(large(project).await["id"].as_str().unwrap().to_owned());
    }
    ids
}

fn ids(page: &Answer) -> Vec<String> {
    let entries = page.body["entry"].as_array().unwrap();
    assert!(page.text.len() < 6_000_000, "{}", page.text.len());
    let ids = entries.iter().map(|it| it["resource"]["id"].as_str());
    ids.map(|it| it.unwrap().to_owned()).collect()
}

/// Where the next page is.
fn next(page: &Answer) -> Option<String> {
    let links = page.body["link"].as_array()?;
    let next = links.iter().find(|it| it["relation"] == "next")?;
    let url = next["url"].as_str()?;
    url.find("/fhir/").map(|at| url[at..].to_owned())
}

#[tokio::test]
async fn a_page_that_is_asked_for_too_large_goes_on_where_it_ends() {
    let world = own_world().await;
    let project = world.project("Heavy pages").await;
    let all = fill(&project).await;
    for query in [
        "_count=1000",
        "_count=1000&_sort=_lastUpdated",
        "_count=1000&_sort=-_lastUpdated",
    ] {
        let mut page = project
            .admin
            .get(&format!("/fhir/R4/Basic?{query}"))
            .await
            .must(200);
        let mut seen = ids(&page);
        assert!(
            (1..RESOURCES).contains(&seen.len()),
            "{query}: {}",
            seen.len()
        );
        while let Some(next) = next(&page) {
            page = project.admin.get(&next).await.must(200);
            seen.extend(ids(&page));
        }
        assert_eq!(seen.len(), RESOURCES, "{query}");
        assert_eq!(
            seen.into_iter().collect::<BTreeSet<String>>(),
            all,
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_cannot_go_on_says_that_it_is_too_large() {
    let world = own_world().await;
    let project = world.project("Heavy past").await;
    let mut resource = large(&project).await;
    let address = path(&resource);
    for n in 0..RESOURCES {
        resource["author"] = json!({ "display": n.to_string() });
        project.admin.put(&address, &resource).await.must(200);
    }
    let answer = project
        .admin
        .get(&format!("{address}/_history"))
        .await
        .must(400);
    assert_eq!(answer.issue_text(), "The answer is too large; ask for less");
    let list = json!({ "query": "{ BasicList(_count: 1000) { id code { text } } }" });
    fill(&project).await;
    let answer = project
        .admin
        .post("/fhir/R4/$graphql", &list)
        .await
        .must(200);
    assert_eq!(
        answer.body["errors"][0]["message"],
        "The answer is too large; ask for less"
    );
    let some = project
        .admin
        .get(&format!("{address}/_history?_count=10"))
        .await
        .must(200);
    assert_eq!(some.body["entry"].as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn entries_of_a_batch_that_find_no_room_say_so_and_what_they_wrote_is_written() {
    let world = own_world().await;
    let project = world.project("Heavy batch").await;
    let resource = large(&project).await;
    fill(&project).await;
    let address = path(&resource);
    let address = address.trim_start_matches("/fhir/R4/");
    let patch =
        json!([{ "op": "add", "path": "/author", "value": { "display": "Homer Simpson" } }]);
    let patch = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        patch.to_string(),
    );
    let read = json!({ "request": { "method": "GET", "url": "Basic?_count=30" } });
    let write = json!({ "request": { "method": "PATCH", "url": address },
        "resource": { "resourceType": "Binary", "contentType": "application/json-patch+json", "data": patch } });
    let bundle =
        json!({ "resourceType": "Bundle", "type": "batch", "entry": [read, read, read, write] });
    let answer = project.admin.post("/fhir/R4", &bundle).await.must(200);
    let entries = answer.body["entry"].as_array().unwrap();
    let statuses: Vec<&str> = entries
        .iter()
        .map(|it| it["response"]["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["200", "400", "400", "200"]);
    let words = &entries[1]["response"]["outcome"]["issue"][0]["details"]["text"];
    assert_eq!(words, "The answer is too large; ask for less");
    let now = project.admin.get(&path(&resource)).await.must(200);
    assert_eq!(now.body["author"]["display"], "Homer Simpson");
    // Nor is it refused for the sake of looking well.
    let pretty = project.admin.post("/fhir/R4?_pretty=true", &bundle).await;
    pretty.must(200);
    // What is read one by one is there, or is refused: nothing is said to be there and is not.
    let one = json!({ "request": { "method": "GET", "url": address } });
    let many = json!({ "resourceType": "Bundle", "type": "batch", "entry": vec![one; RESOURCES] });
    let answer = project.admin.post("/fhir/R4", &many).await.must(200);
    let entries = answer.body["entry"].as_array().unwrap();
    let there = |it: &&Value| it["resource"].is_object() && it["response"]["status"] == "200";
    let refused = |it: &&Value| it["resource"].is_null() && it["response"]["status"] == "400";
    let counts = (
        entries.iter().filter(there).count(),
        entries.iter().filter(refused).count(),
    );
    assert!(counts.0 > 0 && counts.1 > 0, "{counts:?}");
    assert_eq!(counts.0 + counts.1, RESOURCES);
}
