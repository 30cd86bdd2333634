//! Hidden fields: not shown, and not to be found out.

use serde_json::json;

use super::{organization, patient, read, search, under};
use crate::world::{create, reference, world};

#[tokio::test]
async fn what_is_hidden_is_neither_read_nor_found_nor_told_by_an_order() {
    let project = world().await.project("Hidden fields").await;
    let of = organization(&project, "Ward").await;
    for (family, born, value) in [("Adams", "2001-01-01", "x"), ("Baker", "2000-01-01", "y")] {
        let fields = json!({
            "name": [{ "family": family, "given": ["G"] }], "birthDate": born, "gender": "male",
            "telecom": [{ "system": "phone", "value": value }],
        });
        patient(&project, &of, fields).await;
    }
    let rules = json!([{
        "resourceType": "Patient",
        "hiddenFields": ["birthDate", "name.family", "telecom", "nothing.of.that", "deceased[x]"],
    }]);
    let alice = under(&project, "alice", rules).await;
    let page = alice.get("/fhir/R4/Patient").await.must(200);
    assert_eq!(page.body["entry"].as_array().unwrap().len(), 2);
    for word in ["Adams", "Baker", "2001-01-01", "phone"] {
        assert!(!page.text.contains(word), "{word}: {}", page.text);
    }
    let first = page.body["entry"][0]["resource"].clone();
    assert_eq!(first["name"], json!([{ "given": ["G"] }]));
    let again = read(&alice, &first).await.must(200);
    assert_eq!(again.body.get("birthDate"), None);
    for query in [
        "Patient?birthdate=2001-01-01",
        "Patient?birthdate:missing=false",
        "Patient?family=adams",
        "Patient?name=adams",
        "Patient?name:contains=dam",
        "Patient?phone=x",
        "Patient?_sort=name&name=adams",
        "Patient?_filter=birthdate%20eq%202001-01-01%20or%20family%20eq%20Adams",
    ] {
        assert_eq!(search(&alice, query).await, [""; 0], "{query}");
    }
    assert_eq!(search(&alice, "Patient?gender=male").await.len(), 2);
    let order = async |query: &str| {
        let page = alice.get(&format!("/fhir/R4/{query}")).await.must(200);
        let entries = page.body["entry"].as_array().unwrap().clone();
        let ids = entries.iter().map(|it| reference(&it["resource"]));
        ids.collect::<Vec<_>>()
    };
    for by in ["birthdate", "family", "name", "phone"] {
        let (up, down) = (
            order(&format!("Patient?_sort={by}")).await,
            order(&format!("Patient?_sort=-{by}")).await,
        );
        assert_eq!(up, down, "{by}");
    }
}

#[tokio::test]
async fn the_first_rule_that_matches_a_resource_decides_what_is_hidden_of_it() {
    let project = world().await.project("First rule").await;
    let patient = async |gender: &str| {
        let body =
            json!({ "resourceType": "Patient", "gender": gender, "birthDate": "2000-01-01" });
        create(&project.admin, body).await
    };
    let (male, female) = (patient("male").await, patient("female").await);
    let rules = json!([
        { "resourceType": "Patient", "criteria": "Patient?gender=male", "hiddenFields": ["birthDate"] },
        { "resourceType": "Patient" },
    ]);
    let alice = under(&project, "alice", rules).await;
    let male = read(&alice, &male).await.must(200);
    assert_eq!(male.body.get("birthDate"), None);
    let female = read(&alice, &female).await.must(200);
    assert_eq!(female.body["birthDate"], "2000-01-01");
    let page = alice.get("/fhir/R4/Patient").await.must(200);
    assert_eq!(page.text.matches("birthDate").count(), 1);
}

#[tokio::test]
async fn secrets_of_applications_are_for_administrators_alone_whatever_a_policy_says() {
    let project = world().await.project("Hidden keys").await;
    let body = json!({ "name": "App" });
    let app = project
        .admin
        .post(&project.path("client"), &body)
        .await
        .must(201)
        .body;
    let secret = app["secret"].as_str().unwrap();
    let alice = under(&project, "alice", json!([{ "resourceType": "*" }])).await;
    for path in [
        reference(&app),
        "ClientApplication".to_owned(),
        "ClientApplication?_sort=name".to_owned(),
        format!("ClientApplication?_id={}", app["id"].as_str().unwrap()),
    ] {
        let answer = alice.get(&format!("/fhir/R4/{path}")).await.must(200);
        assert!(answer.text.contains("\"App\""), "{path}");
        assert!(
            !answer.text.contains(secret) && !answer.text.to_lowercase().contains("secret"),
            "{path}"
        );
        let admin = project
            .admin
            .get(&format!("/fhir/R4/{path}"))
            .await
            .must(200);
        assert!(admin.text.contains(secret), "{path}");
    }
    let own = json!({ "resourceType": "ClientApplication", "name": "Mine" });
    alice
        .post("/fhir/R4/ClientApplication", &own)
        .await
        .must(403);
    let taken = json!({ "resourceType": "ClientApplication", "id": app["id"], "name": "App", "secret": "mine" });
    let path = format!("/fhir/R4/{}", reference(&app));
    alice.put(&path, &taken).await.must(403);
    alice.delete(&path).await.must(403);
}
