//! What a search finds, as a table.

use serde_json::json;

use crate::policies::under;
use crate::world::{address, alice, create, invited, world};

#[tokio::test]
async fn members_are_listed_as_a_table_with_the_columns_that_are_asked_for() {
    let project = world().await.project("Tables").await;
    invited(&project, &alice(&address("alice", &project))).await;
    let path = "/fhir/R4/ProjectMembership/$csv";
    let humans = "profile-type:not=ClientApplication,Bot";
    let answer = project
        .admin
        .get(&format!(
            "{path}?_fields=profile,profile-type,admin,project&{humans}"
        ))
        .await
        .must(200);
    assert!(
        answer.header("content-type").starts_with("text/csv"),
        "{}",
        answer.header("content-type")
    );
    let table = "\"profile\",\"profile-type\",\"admin\",\"project\"\r\n\"Alice Smith\",\"Alice Smith\",\"\",\"Tables\"\r\n";
    assert_eq!(answer.text, table);
    // It goes on where a list would.
    let page = project
        .admin
        .get(&format!("{path}?_fields=id&_count=1"))
        .await
        .must(200);
    let link = page.header("link");
    let (next, rel) = link.split_once(">; ").unwrap();
    assert_eq!(rel, "rel=\"next\"");
    let next = &next[next.find("/fhir/").unwrap()..];
    assert!(next.starts_with(path), "{next}");
    let rest = project.admin.get(next).await.must(200);
    assert_ne!(rest.text, page.text);
    assert_eq!((rest.text.lines().count(), rest.header("link")), (2, ""));
    for wrong in ["", "?_fields=", "?_count=2"] {
        let answer = project.admin.get(&format!("{path}{wrong}")).await.must(400);
        assert_eq!(answer.issue_text(), "Missing _fields parameter", "{wrong}");
    }
}

#[tokio::test]
async fn a_table_holds_no_formula_and_nothing_that_its_reader_may_not_see() {
    let project = world().await.project("Formulas").await;
    let name = json!([{ "family": "=cmd()", "given": ["a \"b\", c"] }]);
    let patient = json!({ "resourceType": "Patient", "name": name, "birthDate": "2000-01-01",
        "telecom": [{ "value": "=1+1" }] });
    create(&project.admin, patient).await;
    let fields = "/fhir/R4/Patient/$csv?_fields=name,telecom,birthdate";
    let answer = project.admin.get(fields).await.must(200);
    let row = "\"a \"\"b\"\", c =cmd()\",\"'=1+1\",\"2000-01-01\"";
    assert_eq!(answer.text.lines().nth(1), Some(row));
    let rules = json!([{ "resourceType": "Patient", "hiddenFields": ["telecom", "birthDate"] }]);
    let bob = under(&project, "bob", rules).await;
    let answer = bob.get(fields).await.must(200);
    assert_eq!(
        answer.text.lines().nth(1),
        Some("\"a \"\"b\"\", c =cmd()\",\"\",\"\"")
    );
    bob.get("/fhir/R4/Observation/$csv?_fields=id")
        .await
        .must(403);
    bob.get("/fhir/R4/Bogus/$csv?_fields=id").await.must(400);
}
