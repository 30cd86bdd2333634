//! What the server's administrators set about a project, each setting on and off.

use harness::proxy::Plan;
use harness::world::{Client, Project, World};
use serde_json::{Value, json};

use crate::transactions::{atomic, post, send};
use crate::world::{create, start, world};

/// A project that the server's administrators have made with these system settings.
async fn project_with(world: &World, settings: &Value) -> Project {
    let body = json!({ "resourceType": "Project", "name": "Set", "systemSetting": settings });
    let made = world.root().post("/fhir/R4/Project", &body).await.must(201);
    let mut project = world.project("Set").await;
    project.id = made.id().to_owned();
    project.admin = project.administrator("Set").await;
    project
}

fn number(name: &str, value: u64) -> Value {
    json!({ "name": name, "valueInteger": value })
}

fn switch(name: &str, value: bool) -> Value {
    json!({ "name": name, "valueBoolean": value })
}

fn patient() -> Value {
    json!({ "resourceType": "Patient" })
}

/// Creates patients until it is refused, and at most so many.
async fn creates(admin: &Client, most: usize) -> (usize, u16) {
    for made in 0..most {
        let answer = admin.post("/fhir/R4/Patient", &patient()).await;
        if answer.status != 201 {
            return (made, answer.status);
        }
    }
    (most, 201)
}

#[tokio::test]
async fn nothing_is_created_beyond_the_resource_cap_and_what_goes_makes_room() {
    let world = world().await;
    // So few are counted for every creation, whichever instance sees to it.
    let cap = [number("resourceCap", 8), switch("enableResourceCap", true)];
    let project = project_with(world, &json!(cap)).await;
    let admin = &project.admin;
    let rows = world.rows(&format!("P#{}#R", project.id)).await.len();
    assert_eq!(creates(admin, 20).await, (8 - rows, 422));
    let refused = admin.post("/fhir/R4/Patient", &patient()).await.must(422);
    assert_eq!(refused.issue_text(), "Resource cap exceeded");
    assert_eq!(refused.body["issue"][0]["code"], "business-rule");
    // Nor in a batch. What is there is changed, and deleted, as ever.
    let entry = json!({ "request": { "method": "POST", "url": "Patient" }, "resource": patient() });
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry] });
    let answer = admin.post("/fhir/R4", &bundle).await.must(200);
    assert_eq!(answer.body["entry"][0]["response"]["status"], "422");
    let found = admin.get("/fhir/R4/Patient?_count=1").await.must(200);
    let mut one = found.body["entry"][0]["resource"].clone();
    let path = format!("/fhir/R4/Patient/{}", one["id"].as_str().unwrap());
    one["active"] = true.into();
    admin.put(&path, &one).await.must(200);
    admin.delete(&path).await.must(200);
    assert_eq!(creates(admin, 20).await, (1, 422));
    // It comes back only where there is room.
    admin.put(&path, &one).await.must(422);
    // A cap that is not switched on is none.
    let project = project_with(world, &json!([number("resourceCap", 1)])).await;
    assert_eq!(creates(&project.admin, 3).await, (3, 201));
}

#[tokio::test]
async fn a_transaction_counts_what_it_is_about_to_make_itself() {
    let world = world().await;
    let cap = [number("resourceCap", 8), switch("enableResourceCap", true)];
    let project = project_with(world, &json!(cap)).await;
    atomic(world.root(), &project, json!({})).await;
    let rows = || async { world.rows(&format!("P#{}#R", project.id)).await.len() };
    let (before, entry) = (rows().await, post(&patient()));
    let refused = send(&project.admin, &vec![entry.clone(); 9 - before]).await;
    let refused = refused.must(422);
    assert_eq!(refused.issue_text(), "Resource cap exceeded");
    let last = format!("Bundle.entry[{}]", 8 - before);
    assert_eq!(
        (refused.expression(), rows().await),
        (last.as_str(), before)
    );
    let fits = vec![entry; 8 - before];
    send(&project.admin, &fits).await.must(200);
    assert_eq!(rows().await, 8);
}

#[tokio::test]
async fn interactions_cost_points_of_the_member_and_of_all_members_together() {
    let world = start(1, Plan::default()).await;
    let own = project_with(&world, &json!([number("userFhirQuota", 100)])).await;
    let colleague = own.administrator("Colleague").await;
    // A minute may be over in between.
    let (made, status) = creates(&own.admin, 5).await;
    assert!(made <= 3 && status == 429, "{made} {status}");
    let refused = own.admin.post("/fhir/R4/Patient", &patient()).await;
    assert!([201, 429].contains(&refused.status), "{}", refused.text);
    if refused.status == 429 {
        assert_eq!(refused.body["issue"][0]["code"], "throttled");
        assert!(!refused.header("retry-after").is_empty());
    }
    // Others have their own, and what is no FHIR costs nothing.
    create(&colleague, patient()).await;
    own.admin.get("/auth/me").await.must(200);

    let whole = project_with(&world, &json!([number("totalFhirQuota", 100)])).await;
    let colleague = whole.administrator("Colleague").await;
    let mut statuses = Vec::new();
    for caller in [&whole.admin, &colleague, &whole.admin, &colleague] {
        statuses.push(caller.post("/fhir/R4/Patient", &patient()).await.status);
    }
    assert!(statuses[1..].contains(&429), "{statuses:?}");

    // The entries of a batch are counted before any is carried out.
    let batch = project_with(&world, &json!([number("userFhirQuota", 100)])).await;
    let entry = json!({ "request": { "method": "POST", "url": "Patient" }, "resource": patient() });
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry, entry] });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(batch.admin.post("/fhir/R4", &bundle).await.status);
    }
    assert!(
        statuses.contains(&200) && statuses.contains(&429),
        "{statuses:?}"
    );

    let off = [
        number("userFhirQuota", 100),
        switch("enableFhirQuota", false),
    ];
    let off = project_with(&world, &json!(off)).await;
    assert_eq!(creates(&off.admin, 5).await, (5, 201));
}

#[tokio::test]
async fn a_graphql_query_is_no_deeper_than_its_project_allows() {
    let world = world().await;
    let flat = project_with(world, &json!([number("graphqlMaxDepth", 2)])).await;
    let usual = world.project("Usual").await;
    let ask = |query: &str| json!({ "query": query });
    let (shallow, deep) = (
        ask("{ PatientList { id } }"),
        ask("{ PatientList { ...It } } fragment It on Patient { name { family } }"),
    );
    let path = "/fhir/R4/$graphql";
    flat.admin.post(path, &shallow).await.must(200);
    let refused = flat.admin.post(path, &deep).await.must(400);
    assert_eq!(refused.issue_text(), "Query is nested too deep.");
    usual.admin.post(path, &deep).await.must(200);
}
