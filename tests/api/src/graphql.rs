//! GraphQL: what the pages ask, who gets what, and questions that have no answer.

use harness::world::{Answer, Client};
use serde_json::{Value, json};

use crate::policies::{member, organization, patient, policy, to};
use crate::world::{create, reference, with, world};

const GRAPHQL: &str = "/fhir/R4/$graphql";

async fn ask(caller: &Client, query: &str) -> Answer {
    caller.post(GRAPHQL, &json!({ "query": query })).await
}

/// The ids on the lists of an answer, sorted.
fn ids(answer: &Answer, list: &str) -> Vec<String> {
    let found = answer.body["data"][list].as_array().expect("a list");
    let mut ids: Vec<String> = found
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

#[tokio::test]
async fn pages_learn_what_a_type_is_made_of_and_how_it_is_searched() {
    let project = world().await.project("Schema").await;
    for kind in ["ProjectMembership", "Project", "Patient"] {
        let query = format!(
            r#"{{ StructureDefinitionList(_filter: "name eq {kind}") {{ resourceType, name, kind, description, type, url, snapshot {{
                 element {{ id, path, definition, min, max, base {{ path, min, max }}, contentReference,
                   type {{ code, profile, targetProfile }}, binding {{ strength, valueSet }} }} }} }}
               SearchParameterList(base: "{kind}", _count: 100) {{ base, code, type, expression, target }} }}"#
        );
        let data = ask(&project.admin, &query).await.must(200).body["data"].clone();
        let definitions = data["StructureDefinitionList"].as_array().unwrap();
        assert_eq!(definitions.len(), 1, "{kind}");
        assert_eq!(definitions[0]["type"], kind);
        let elements = definitions[0]["snapshot"]["element"].as_array().unwrap();
        assert_eq!(elements[0]["path"], kind);
        assert!(elements.iter().all(|it| it["base"]["path"].is_string()));
        let parameters = data["SearchParameterList"].as_array().unwrap();
        assert!(parameters.len() > 3, "{kind} {parameters:?}");
        assert!(parameters.iter().all(|it| it["base"] == json!([kind])));
    }
}

#[tokio::test]
async fn definitions_are_there_for_every_project_beside_its_own() {
    let project = world().await.project("Definitions").await;
    let own = json!({ "resourceType": "StructureDefinition", "url": "https://example.com/own", "name": "Patient", "status": "draft",
        "kind": "resource", "abstract": false, "type": "Patient" });
    create(&project.admin, own).await;
    let search = "/fhir/R4/StructureDefinition?name:exact=Patient&_total=accurate";
    let page = project.admin.get(search).await.must(200).body;
    assert_eq!(page["total"], 2);
    let shared = "http://hl7.org/fhir/StructureDefinition/Patient";
    let entries = page["entry"].as_array().unwrap();
    let found = entries.iter().find(|it| it["resource"]["url"] == shared);
    let found = &found.unwrap()["resource"];
    let path = format!("/fhir/R4/{}", reference(found));
    assert_eq!(&project.admin.get(&path).await.must(200).body, found);
    project.admin.put(&path, found).await.must(404);
    let patient = member(&project, ("Patient", "reader"), json!({})).await.0;
    patient.get(&path).await.must(200);
    let pages = "/fhir/R4/SearchParameter?base=Patient&_count=5&_offset=5&_sort=code";
    let page = project.admin.get(pages).await.must(200).body;
    assert_eq!(page["entry"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn lists_take_search_parameters_and_aliases_and_lead_along_references() {
    let project = world().await.project("Graph").await;
    let of = organization(&project, "Springfield General").await;
    let simpson =
        json!({ "name": [{ "given": ["Homer"], "family": "Simpson" }], "birthDate": "1956-05-12" });
    let homer = patient(&project, &of, simpson).await;
    patient(&project, &of, json!({ "name": [{ "family": "Smith" }] })).await;
    let query = r#"query Q($name: String) {
        Patients1: PatientList(name: $name) { resourceType id birthDate active name { given family }
            managingOrganization { reference resource { __typename ... on Organization { name } } } }
        Patients2: PatientList(identifier: "nobody") { id }
        ProjectMembershipList(_count: 1, profile_type: "ClientApplication") { admin user { reference } } }"#;
    let body = json!({ "query": query, "operationName": "Q", "variables": { "name": "simpson" } });
    let data = project.admin.post(GRAPHQL, &body).await.must(200).body["data"].clone();
    let expected = json!([{
        "resourceType": "Patient", "id": id(&homer), "birthDate": "1956-05-12", "active": null,
        "name": [{ "given": ["Homer"], "family": "Simpson" }],
        "managingOrganization": { "reference": reference(&of), "resource": { "__typename": "Organization", "name": "Springfield General" } },
    }]);
    assert_eq!(data["Patients1"], expected);
    assert_eq!(data["Patients2"], json!([]));
    assert_eq!(data["ProjectMembershipList"][0]["admin"], true);
}

#[tokio::test]
async fn lists_lead_back_to_what_refers_and_connections_count() {
    let project = world().await.project("Back").await;
    let of = organization(&project, "Clinic").await;
    let homer = patient(&project, &of, json!({ "birthDate": "1956-05-12" })).await;
    let ned = patient(&project, &of, json!({})).await;
    let observation = |of: &Value, status: &str| json!({ "resourceType": "Observation", "status": status, "code": { "text": "x" }, "subject": to(of) });
    let seen = create(&project.admin, observation(&homer, "final")).await;
    create(&project.admin, observation(&homer, "preliminary")).await;
    create(&project.admin, observation(&ned, "final")).await;
    let query = r#"{ PatientList(birthdate: "1956-05-12") { id
            ObservationList(_reference: subject, status: "final") { id subject { reference } } }
        PatientConnection(_count: 1) { count offset pageSize edges { mode resource { id } } } }"#;
    let data = ask(&project.admin, query).await.must(200).body["data"].clone();
    let expected = json!([{ "id": id(&homer), "ObservationList": [{ "id": id(&seen), "subject": { "reference": reference(&homer) } }] }]);
    assert_eq!(data["PatientList"], expected);
    let page = &data["PatientConnection"];
    assert_eq!(
        (&page["count"], &page["offset"], &page["pageSize"]),
        (&json!(2), &json!(0), &json!(1))
    );
    assert_eq!(page["edges"].as_array().unwrap().len(), 1);
    assert_eq!(page["edges"][0]["mode"], "match");
    // By the same rules as any search.
    let rules = policy(&project, json!([{ "resourceType": "Patient" }])).await;
    let access = json!({ "accessPolicy": to(&rules) });
    let (alice, _) = member(&project, ("Practitioner", "back"), access).await;
    let answer = ask(&alice, query).await.must(200).body;
    assert_eq!(
        answer["data"]["PatientList"][0]["ObservationList"],
        Value::Null
    );
    assert_eq!(answer["errors"][0]["message"], "Forbidden");
    assert_eq!(answer["data"]["PatientConnection"]["count"], 2);
}

#[tokio::test]
async fn nobody_gets_by_graphql_what_is_not_for_him() {
    let project = world().await.project("Own graph").await;
    let foreign = world().await.project("Foreign graph").await;
    let there = create(&foreign.admin, json!({ "resourceType": "Patient" })).await;
    let nowhere = "00000000-0000-4000-8000-000000000001";
    for unknown in [id(&there), nowhere, "malformed"] {
        let query = format!(r#"{{Patient(id:"{unknown}"){{id}}}}"#);
        let answer = ask(&project.admin, &query).await.must(200).body;
        let errors = json!([{ "message": "Not found", "path": ["Patient"], "locations": [{ "line": 1, "column": 2 }], "extensions": {} }]);
        assert_eq!(
            answer,
            json!({ "errors": errors, "data": { "Patient": null } })
        );
    }
    let (mut organizations, mut patients) = (Vec::new(), Vec::new());
    for name in ["One", "Two", "Three"] {
        let of = organization(&project, name).await;
        patients.push(
            patient(
                &project,
                &of,
                json!({ "birthDate": "1990-01-01", "gender": "other" }),
            )
            .await,
        );
        organizations.push(of);
    }
    let rules = json!([{ "resourceType": "Patient", "criteria": "Patient?organization=%provider_organization", "hiddenFields": ["birthDate"] }]);
    let rules = policy(&project, rules).await;
    let access = |of: &Value| json!({ "policy": to(&rules), "parameter": [{ "name": "provider_organization", "valueReference": to(of) }] });
    let access = json!({ "access": [access(&organizations[0]), access(&organizations[1])] });
    let (alice, _) = member(&project, ("Practitioner", "graph"), access).await;
    let query = "{ PatientList { id gender birthDate managingOrganization { resource { __typename } } } ProjectMembershipList { id } }";
    let answer = ask(&alice, query).await.must(200);
    let mut own = vec![id(&patients[0]), id(&patients[1])];
    own.sort_unstable();
    assert_eq!(ids(&answer, "PatientList"), own);
    let first = &answer.body["data"]["PatientList"][0];
    assert_eq!(
        (&first["gender"], &first["birthDate"]),
        (&json!("other"), &Value::Null)
    );
    assert_eq!(first["managingOrganization"]["resource"], Value::Null);
    assert_eq!(answer.body["data"]["ProjectMembershipList"], Value::Null);
    let messages: Vec<&Value> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["message"])
        .collect();
    assert_eq!(messages, ["Forbidden"; 3]);
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_refused_in_words() {
    let project = world().await.project("Questions").await;
    let bomb = (0..40).fold("{ ...f0 }".to_owned(), |query, at| {
        let next = at + 1;
        query + &format!(" fragment f{at} on Query {{ ...f{next} ...f{next} }}")
    }) + " fragment f40 on Query { __typename }";
    let deep = "{ PatientList { contained { ... on Patient ".to_owned()
        + &"{ contained { ... on Patient ".repeat(30)
        + "{ id"
        + &"} }".repeat(31)
        + " } }";
    let cases = [
        (json!({}), "Must provide query."),
        (json!({ "query": "" }), "Must provide query."),
        (
            json!({ "query": "{ PatientList { id }" }),
            "GraphQL syntax error.",
        ),
        (json!({ "query": bomb }), "The query is too large."),
        (json!({ "query": deep }), ""),
        (json!({ "query": "{ PatientList { bogus } }" }), "bogus"),
        (
            json!({ "query": "{ PatientList(bogus: \"1\") { id } }" }),
            "bogus",
        ),
        (json!({ "query": "mutation { PatientCreate { id } }" }), ""),
        (
            json!({ "query": "query A { __typename } query B { __typename }" }),
            "",
        ),
    ];
    for (body, words) in cases {
        let answer = project.admin.post(GRAPHQL, &body).await.must(400);
        assert_eq!(answer.expression(), "query", "{}", answer.text);
        assert!(answer.issue_text().contains(words), "{}", answer.text);
    }
    let large: String = (0..6)
        .map(|at| format!("a{at}: StructureDefinitionList(_count: 300) {{ snapshot {{ element {{ id path base {{ path }} }} }} }} "))
        .collect();
    let answer = ask(&project.admin, &format!("{{ {large} }}"))
        .await
        .must(400);
    assert!(answer.issue_text().contains("too large"), "{}", answer.text);
    let many: String = (0..101)
        .map(|at| format!("a{at}: PatientList {{ id }} "))
        .collect();
    let answer = ask(&project.admin, &format!("{{ {many} }}"))
        .await
        .must(200);
    assert_eq!(answer.body["errors"][0]["message"], "Too many searches");
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_schema_itself_is_told_where_the_project_has_that_feature() {
    let world = world().await;
    let project = world.project("Introspection").await;
    let query = "{ __schema { queryType { name fields { name } } } }";
    ask(&project.admin, query).await.must(403);
    let hidden = "{ ...f } fragment f on Query { __type(name: \"Patient\") { name } }";
    ask(&project.admin, hidden).await.must(403);
    let path = format!("/fhir/R4/Project/{}", project.id);
    let stored = world.root().get(&path).await.must(200).body;
    let open = with(
        stored,
        json!({ "features": ["graphql-introspection"], "systemSetting": [{ "name": "graphqlMaxSearches", "valueInteger": 1 }] }),
    );
    world.root().put(&path, &open).await.must(200);
    let told = ask(&project.admin, query).await.must(200).body;
    assert_eq!(told["data"]["__schema"]["queryType"]["name"], "Query");
    let two = ask(
        &project.admin,
        "{ a: PatientList { id } b: PatientList { id } }",
    )
    .await
    .must(200);
    assert_eq!(two.body["errors"].as_array().unwrap().len(), 1);
}
