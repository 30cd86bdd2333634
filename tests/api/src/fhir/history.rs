//! The versions of a resource.

use serde_json::{Value, json};

use super::{path, version};
use crate::world::{address, alice, create, invited, with, world};

fn versions(bundle: &Value) -> Vec<(String, &str)> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let url = entry["request"]["url"].as_str().unwrap();
            let (_, version) = url.rsplit_once('/').unwrap();
            (
                version.to_owned(),
                entry["response"]["status"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_history_tells_every_version_newest_first_also_those_around_a_deletion() {
    let project = world().await.project("History").await;
    let admin = &project.admin;
    let first = create(admin, json!({ "resourceType": "Patient" })).await;
    let second = with(first.clone(), json!({ "birthDate": "2000-01-01" }));
    let second = admin.put(&path(&first), &second).await.must(200).body;
    admin.delete(&path(&first)).await.must(200);
    let place = format!("{}/_history", path(&first));
    let told = admin.get(&place).await.must(200).body;
    assert_eq!(
        (&told["type"], &told["total"]),
        (&json!("history"), &json!(3))
    );
    let seen = versions(&told);
    assert_eq!(
        seen.iter().map(|(_, status)| *status).collect::<Vec<_>>(),
        ["410", "200", "200"]
    );
    assert_eq!(told["entry"][0].get("resource"), None);
    assert_eq!(told["entry"][1]["resource"], second);
    assert_eq!(told["entry"][2]["resource"], first);
    let third = admin.put(&path(&first), &second).await.must(200).body;
    let told = admin.get(&place).await.must(200).body;
    let seen = versions(&told);
    assert_eq!(
        seen.iter().map(|(_, status)| *status).collect::<Vec<_>>(),
        ["200", "410", "200", "200"]
    );
    assert_eq!(seen[0].0, version(&third));
    let page = admin
        .get(&format!("{place}?_count=2&_offset=1"))
        .await
        .must(200)
        .body;
    assert_eq!(versions(&page), seen[1..3]);
    assert_eq!(page["total"], 4);
    let odd = admin
        .get(&format!("{place}?_count=x&_offset=-1"))
        .await
        .must(200)
        .body;
    assert_eq!(versions(&odd), seen);
    for (id, status) in &seen {
        let read = admin.get(&format!("{place}/{id}")).await;
        assert_eq!(read.status.to_string(), *status, "{}", read.text);
        if read.status == 200 {
            assert_eq!(version(&read.body), id);
        }
    }
    admin
        .get(&format!("{place}/00000000-0000-7000-8000-000000000000"))
        .await
        .must(404);
    admin.get(&format!("{place}/nope")).await.must(404);
}

#[tokio::test]
async fn memberships_and_projects_have_a_history_too_and_past_secrets_have_none() {
    let project = world().await.project("Past").await;
    let admin = &project.admin;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    project
        .update(admin, &with(member.clone(), json!({ "externalId": "e-1" })))
        .await
        .must(200);
    let told = admin
        .get(&format!("{}/_history", path(&member)))
        .await
        .must(200)
        .body;
    assert_eq!(told["total"], 2);
    assert_eq!(told["entry"][1]["resource"]["id"], member["id"]);
    let place = format!("/fhir/R4/Project/{}", project.id);
    let read = admin.get(&place).await.must(200).body;
    admin
        .put(&place, &with(read, json!({ "description": "x" })))
        .await
        .must(200);
    let told = admin.get(&format!("{place}/_history")).await.must(200).body;
    assert_eq!(told["total"], 2);
    let made = admin
        .post(&project.path("client"), &json!({ "name": "Robot" }))
        .await
        .must(201)
        .body;
    let place = path(&made);
    let body = with(made.clone(), json!({ "description": "x" }));
    admin.put(&place, &body).await.must(200);
    let told = admin.get(&format!("{place}/_history")).await.must(200).body;
    assert_eq!(told["entry"][0]["resource"]["secret"], made["secret"]);
    let past = &told["entry"][1]["resource"];
    assert!(
        past.get("secret").is_none() && !past.to_string().contains("ealedS"),
        "{past}"
    );
}
