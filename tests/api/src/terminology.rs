//! Code lists: which elements are bound to which, what is in them, and value sets that a project makes of them.

use harness::world::{Answer, Client, Project};
use serde_json::{Value, json};

use crate::policies::{member, policy, to};
use crate::world::{create, reference, world};

const GENDER: &str = "http://hl7.org/fhir/ValueSet/administrative-gender";
const GENDER_CODES: &str = "http://hl7.org/fhir/administrative-gender";
const OWN: &str = "https://example.com/ValueSet/own";

async fn expand(caller: &Client, query: &str) -> Answer {
    caller
        .get(&format!("/fhir/R4/ValueSet/$expand?{query}"))
        .await
}

fn codes(answer: &Answer) -> Vec<&str> {
    let contains = answer.body["expansion"]["contains"].as_array();
    let codes = contains.into_iter().flatten();
    codes.map(|it| it["code"].as_str().unwrap()).collect()
}

/// Makes a value set of these parts, and expands it.
async fn composed(project: &Project, url: &str, compose: Value) -> Answer {
    let set = json!({ "resourceType": "ValueSet", "status": "active", "url": url, "version": "2", "compose": compose });
    create(&project.admin, set).await;
    expand(&project.admin, &format!("url={url}&count=1000")).await
}

#[tokio::test]
async fn an_element_names_its_code_list_and_the_list_is_expanded() {
    let project = world().await.project("Bound").await;
    let query = r#"{ StructureDefinitionList(name: "Patient") { snapshot { element { path binding { strength valueSet } } } } }"#;
    let body = json!({ "query": query });
    let answer = project
        .admin
        .post("/fhir/R4/$graphql", &body)
        .await
        .must(200);
    let elements = &answer.body["data"]["StructureDefinitionList"][0]["snapshot"]["element"];
    let elements = elements.as_array().unwrap().iter();
    let bound: Vec<&Value> = elements.filter(|it| !it["binding"].is_null()).collect();
    let of = |path: &str| bound.iter().find(|it| it["path"] == path).unwrap();
    let gender = &of("Patient.gender")["binding"];
    assert_eq!(gender["strength"], "required");
    for element in &bound {
        let url = element["binding"]["valueSet"].as_str().unwrap();
        let url = url.replace('|', "%7C");
        let answer = expand(&project.admin, &format!("url={url}"))
            .await
            .must(200);
        assert!(!codes(&answer).is_empty(), "{url}");
    }
    let url = gender["valueSet"].as_str().unwrap();
    assert_eq!(url, format!("{GENDER}|4.0.1"));
    let answer = expand(&project.admin, &format!("url={GENDER}"))
        .await
        .must(200);
    assert_eq!(codes(&answer), ["male", "female", "other", "unknown"]);
    let male = json!({ "system": GENDER_CODES, "code": "male", "display": "Male" });
    assert_eq!(answer.body["expansion"]["contains"][0], male);
    assert_eq!(answer.body["resourceType"], "ValueSet");
    assert_eq!(answer.body.get("compose"), None);
}

#[tokio::test]
async fn code_lists_are_read_and_searched_in_every_project_and_written_in_none() {
    let project = world().await.project("Lists").await;
    let admin = &project.admin;
    for (kind, url, inside) in [
        ("ValueSet", GENDER, "compose"),
        ("CodeSystem", GENDER_CODES, "concept"),
    ] {
        let by_url = format!("/fhir/R4/{kind}?url={url}&_total=accurate");
        let page = admin.get(&by_url).await.must(200).body;
        assert_eq!(page["total"], 1, "{kind}");
        let list = &page["entry"][0]["resource"];
        assert!(list[inside].is_object() || list[inside].is_array());
        let place = format!("/fhir/R4/{}", reference(list));
        assert_eq!(&admin.get(&place).await.must(200).body, list);
        let id = list["id"].as_str().unwrap();
        for query in [
            format!("_id={id}"),
            "name:exact=AdministrativeGender".to_owned(),
        ] {
            let page = admin.get(&format!("/fhir/R4/{kind}?{query}")).await;
            assert_eq!(
                &page.must(200).body["entry"][0]["resource"],
                list,
                "{query}"
            );
        }
        let query = json!({ "query": format!(r#"{{ {kind}List(url: "{url}") {{ id }} }}"#) });
        let found = admin.post("/fhir/R4/$graphql", &query).await.must(200);
        assert_eq!(found.body["data"][format!("{kind}List")][0]["id"], id);
        admin.put(&place, list).await.must(404);
        admin.delete(&place).await.must(404);
    }
    let page = admin.get("/fhir/R4/ValueSet?_count=5&_sort=name").await;
    assert_eq!(page.must(200).body["entry"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_expansion_is_filtered_counted_and_paged() {
    let project = world().await.project("Pages").await;
    let admin = &project.admin;
    let types = "url=http://hl7.org/fhir/ValueSet/resource-types";
    let first = expand(admin, types).await.must(200);
    assert_eq!(codes(&first).len(), 10, "ten unless it is said");
    let total = first.body["expansion"]["total"].as_u64().unwrap();
    let all = expand(admin, &format!("{types}&count=5000"))
        .await
        .must(200);
    assert_eq!(codes(&all).len() as u64, total);
    let page = expand(admin, &format!("{types}&offset=3&count=2"))
        .await
        .must(200);
    assert_eq!(codes(&page), codes(&all)[3..5]);
    assert_eq!(page.body["expansion"]["offset"], 3);
    let found = expand(admin, &format!("{types}&filter=pRaCtItIoN"))
        .await
        .must(200);
    assert_eq!(codes(&found), ["Practitioner", "PractitionerRole"]);
    let none = expand(admin, &format!("{types}&filter=nothing%20like%20it"))
        .await
        .must(200);
    assert_eq!(
        (codes(&none).len(), &none.body["expansion"]["total"]),
        (0, &json!(0))
    );
    for (query, wrong) in [("count=x", "count"), ("offset=-1", "offset")] {
        let refused = expand(admin, &format!("{types}&{query}")).await.must(400);
        assert_eq!(refused.expression(), wrong);
    }
    let refused = expand(admin, "filter=x").await.must(400);
    assert_eq!(refused.expression(), "url");
}

#[tokio::test]
async fn a_question_may_be_posted_and_a_set_may_be_named_by_its_id() {
    let project = world().await.project("Posted").await;
    let admin = &project.admin;
    let parameters = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "url", "valueUri": GENDER }, { "name": "filter", "valueString": "MALE" },
        { "name": "count", "valueInteger": 1 }, { "name": "offset", "valueInteger": 1 },
    ] });
    let plain = json!({ "url": GENDER, "filter": "MALE", "count": 1, "offset": 1 });
    for body in [parameters, plain] {
        let answer = admin
            .post("/fhir/R4/ValueSet/$expand", &body)
            .await
            .must(200);
        assert_eq!(codes(&answer), ["female"]);
    }
    let shared = admin
        .get(&format!("/fhir/R4/ValueSet?url={GENDER}"))
        .await
        .must(200);
    let shared = reference(&shared.body["entry"][0]["resource"]);
    let own = json!({ "resourceType": "ValueSet", "status": "draft",
        "compose": { "include": [{ "system": GENDER_CODES, "concept": [{ "code": "other" }] }] } });
    let own = reference(&create(admin, own).await);
    for (set, wanted) in [(&shared, "male"), (&own, "other")] {
        let place = format!("/fhir/R4/{set}/$expand");
        let answer = admin.get(&format!("{place}?count=1")).await.must(200);
        assert_eq!(codes(&answer), [wanted]);
        let answer = admin.post(&place, &json!({ "count": 1 })).await.must(200);
        assert_eq!(codes(&answer), [wanted]);
    }
    let other = world().await.project("Other").await;
    other
        .admin
        .get(&format!("/fhir/R4/{own}/$expand"))
        .await
        .must(404);
}

#[tokio::test]
async fn a_project_makes_sets_of_the_servers_codes_and_of_its_own() {
    let project = world().await.project("Own sets").await;
    let system = "https://example.com/CodeSystem/own";
    let concept =
        json!([{ "code": "a", "display": "First", "concept": [{ "code": "b" }] }, { "code": "c" }]);
    let body = json!({ "resourceType": "CodeSystem", "status": "active", "url": system, "content": "complete", "concept": concept });
    create(&project.admin, body).await;
    let include = json!([
        { "system": system },
        { "system": GENDER_CODES, "concept": [{ "code": "male" }, { "code": "other", "display": "Another" }] },
        { "system": "https://example.com/unknown", "concept": [{ "code": "x", "display": "X" }] },
    ]);
    let exclude = json!([{ "system": system, "concept": [{ "code": "c" }] }]);
    let compose = json!({ "include": include, "exclude": exclude });
    let answer = composed(&project, OWN, compose).await.must(200);
    assert_eq!(codes(&answer), ["a", "b", "male", "other", "x"]);
    let displays: Vec<&Value> = answer.body["expansion"]["contains"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["display"])
        .collect();
    assert_eq!(
        displays,
        [
            &json!("First"),
            &Value::Null,
            &json!("Male"),
            &json!("Another"),
            &json!("X")
        ]
    );
    // A set of sets: what is in all that a part names.
    let both = json!({ "include": [{ "system": GENDER_CODES, "valueSet": [OWN] }, { "valueSet": [format!("{OWN}|2")] }] });
    let answer = composed(&project, "https://example.com/ValueSet/sets", both)
        .await
        .must(200);
    assert_eq!(codes(&answer), ["male", "other", "a", "b", "x"]);
    let ring = "https://example.com/ValueSet/ring";
    let itself = json!({ "include": [{ "valueSet": [ring] }] });
    composed(&project, ring, itself).await.must(400);
    let chosen = json!({ "include": [{ "system": system, "filter": [{ "property": "p", "op": "=", "value": "v" }] }] });
    let refused = composed(&project, "https://example.com/ValueSet/chosen", chosen)
        .await
        .must(400);
    assert_eq!(refused.expression(), "ValueSet.compose.include.filter");
    let nowhere = json!({ "include": [{ "system": "https://example.com/nowhere" }] });
    let refused = composed(&project, "https://example.com/ValueSet/nowhere", nowhere)
        .await
        .must(400);
    assert_eq!(
        refused.issue_text(),
        "https://example.com/nowhere not found"
    );
    for unknown in ["https://example.com/ValueSet/none", &format!("{OWN}%7C3")] {
        let refused = expand(&project.admin, &format!("url={unknown}"))
            .await
            .must(400);
        assert_eq!(refused.issue_text(), "ValueSet not found");
    }
    // Nobody else has them.
    let other = world().await.project("Others").await;
    let refused = expand(&other.admin, &format!("url={OWN}")).await.must(400);
    assert_eq!(refused.issue_text(), "ValueSet not found");
}

#[tokio::test]
async fn the_servers_lists_are_for_everybody_and_a_projects_for_whom_its_rules_let() {
    let project = world().await.project("Whose").await;
    let compose = json!({ "include": [{ "system": GENDER_CODES }] });
    composed(&project, OWN, compose).await.must(200);
    let (patient, _) = member(&project, ("Patient", "patient"), json!({})).await;
    expand(&patient, &format!("url={GENDER}")).await.must(200);
    expand(&patient, &format!("url={OWN}")).await.must(403);
    patient.get("/fhir/R4/ValueSet").await.must(403);
    let rules = json!([{ "resourceType": "ValueSet", "criteria": format!("ValueSet?url={OWN}") }]);
    let rules = policy(&project, rules).await;
    let access = json!({ "accessPolicy": to(&rules) });
    let (alice, _) = member(&project, ("Practitioner", "alice"), access).await;
    let found = alice.get("/fhir/R4/ValueSet").await.must(200);
    assert_eq!(found.body["entry"].as_array().unwrap().len(), 1);
    expand(&alice, &format!("url={OWN}")).await.must(200);
    world()
        .await
        .anonymous()
        .get(&format!("/fhir/R4/ValueSet/$expand?url={GENDER}"))
        .await
        .must(401);
}

#[tokio::test]
async fn an_operation_is_no_type_and_has_its_own_methods() {
    let project = world().await.project("Methods").await;
    let refused = project
        .admin
        .get("/fhir/R4/$graphql?query=x")
        .await
        .must(405);
    assert_eq!(refused.header("allow"), "POST, OPTIONS");
    project.admin.get("/fhir/R4/%24graphql").await.must(405);
    project.admin.get("/fhir/R4/$nothing").await.must(404);
    world()
        .await
        .anonymous()
        .get("/fhir/R4/$graphql")
        .await
        .must(401);
}

#[tokio::test]
async fn a_form_has_all_its_lists_expanded_in_one_batch() {
    let project = world().await.project("Forms").await;
    let set = json!({ "resourceType": "ValueSet", "status": "active", "url": OWN,
        "compose": { "include": [{ "system": "https://example.com/codes", "concept": [{ "code": "a" }] }] } });
    let own = create(&project.admin, set).await;
    let ask = |url: String| json!({ "request": { "method": "GET", "url": url } });
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [
        ask(format!("/ValueSet/$expand?url={GENDER}&count=2")),
        ask(format!("ValueSet/$expand?url={}", OWN.replace(':', "%3A"))),
        ask(format!("ValueSet/{}/$expand", own["id"].as_str().unwrap())),
        ask("ValueSet/$expand?url=https://example.com/nobody".to_owned()),
        ask("ValueSet/$expand".to_owned()),
    ] });
    let answer = project.admin.post("/fhir/R4", &batch).await.must(200);
    let told = |at: usize| {
        let entry = &answer.body["entry"][at];
        let contains = entry["resource"]["expansion"]["contains"].as_array();
        let codes = contains.into_iter().flatten();
        let codes: Vec<&str> = codes.map(|it| it["code"].as_str().unwrap()).collect();
        (entry["response"]["status"].as_str().unwrap(), codes)
    };
    assert_eq!(told(0), ("200", vec!["male", "female"]));
    assert_eq!(told(1), ("200", vec!["a"]));
    assert_eq!(told(2), ("200", vec!["a"]));
    assert_eq!(told(3), ("400", vec![]));
    assert_eq!(told(4), ("400", vec![]));
}
