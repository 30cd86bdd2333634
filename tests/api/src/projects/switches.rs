//! What features and settings of a project switch, on and off.

use harness::world::{Project, Request};
use serde_json::{Value, json};

use crate::sign_in::{person, sign_in, wish};
use crate::world::{address, alice, create, invited, with, world};

fn place(project: &Project) -> String {
    format!("/fhir/R4/Project/{}", project.id)
}

/// Writes fields of a project, as somebody who may write all of them.
async fn switch(project: &Project, fields: Value) {
    let root = world().await.root();
    let read = root.get(&place(project)).await.must(200).body;
    root.put(&place(project), &with(read, fields))
        .await
        .must(200);
}

#[tokio::test]
async fn only_features_that_exist_are_given_whatever_the_verb() {
    let root = world().await.root();
    let project = world().await.project("Featured").await;
    let read = root.get(&place(&project)).await.must(200).body;
    let wish = with(read, json!({ "features": ["bots", "flying"] }));
    let refused = root.put(&place(&project), &wish).await.must(400);
    assert_eq!(refused.expression(), "Project.features[1]");
    let patch = |value: &str| {
        let operations = json!([{ "op": "add", "path": "/features", "value": [value] }]);
        let request = Request::new("PATCH", &place(&project));
        request.body("application/json-patch+json", operations.to_string())
    };
    let refused = root.send(patch("flying")).await.must(400);
    assert_eq!(refused.expression(), "Project.features[0]");
    let given = root.send(patch("cron")).await.must(200);
    assert_eq!(given.body["features"], json!(["cron"]));
    // What is not his to write is put back before it is looked at.
    let read = project.admin.get(&place(&project)).await.must(200).body;
    let wish = with(read, json!({ "features": ["flying"], "name": "Renamed" }));
    let kept = project.admin.put(&place(&project), &wish).await.must(200);
    assert_eq!(kept.body["features"], json!(["cron"]));
}

#[tokio::test]
async fn where_google_vouches_for_everybody_no_password_lets_in() {
    let world = world().await;
    let project = world.project("By Google").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    sign_in(world, &wish(&email)).await.must(200);
    switch(&project, json!({ "features": ["google-auth-required"] })).await;
    let refused = sign_in(world, &wish(&email)).await.must(400);
    assert_eq!(refused.issue_text(), "Google authentication is required");
    switch(&project, json!({ "features": [] })).await;
    sign_in(world, &wish(&email)).await.must(200);
}

#[tokio::test]
async fn a_resource_without_a_profile_claims_that_of_its_project_where_there_is_one() {
    let project = world().await.project("Profiled").await;
    let own = "http://example.com/StructureDefinition/own";
    let profile = |made: &Value| made["meta"]["profile"].clone();
    let plain = json!({ "resourceType": "Patient" });
    let before = create(&project.admin, plain.clone()).await;
    assert_eq!(profile(&before), Value::Null);
    let default = json!([{ "resourceType": "Patient", "profile": [own] }]);
    switch(&project, json!({ "defaultProfile": default })).await;
    let made = create(&project.admin, plain.clone()).await;
    assert_eq!(profile(&made), json!([own]));
    let other = json!(["http://example.com/StructureDefinition/other"]);
    let claims = with(plain.clone(), json!({ "meta": { "profile": other } }));
    assert_eq!(profile(&create(&project.admin, claims).await), other);
    let organization = json!({ "resourceType": "Organization", "name": "Clinic" });
    let organization = create(&project.admin, organization).await;
    assert_eq!(profile(&organization), Value::Null);
    // What is changed gets it, too.
    let path = format!("/fhir/R4/Patient/{}", before["id"].as_str().unwrap());
    let changed = with(before, json!({ "active": true }));
    let changed = project.admin.put(&path, &changed).await.must(200).body;
    assert_eq!(profile(&changed), json!([own]));
    switch(&project, json!({ "defaultProfile": [] })).await;
    assert_eq!(profile(&create(&project.admin, plain).await), Value::Null);
}

#[tokio::test]
async fn a_patient_is_above_projects_only_where_the_project_allows_it() {
    let world = world().await;
    let project = world.project("Patients").await;
    let body = |name: &str| {
        let scope = json!({ "resourceType": "Patient", "scope": "server", "sendEmail": false });
        with(alice(&address(name, &project)), scope)
    };
    let scope = async |member: Value| {
        let user = member["user"]["reference"].as_str().unwrap().to_owned();
        let user = world.root().get(&format!("/fhir/R4/{user}")).await;
        user.must(200).body.get("project").cloned()
    };
    let within = scope(invited(&project, &body("within")).await).await;
    assert!(within.is_some());
    let setting =
        |on: bool| json!({ "setting": [{ "name": "serverScopedPatients", "valueBoolean": on }] });
    switch(&project, setting(true)).await;
    assert_eq!(scope(invited(&project, &body("above")).await).await, None);
    switch(&project, setting(false)).await;
    let again = scope(invited(&project, &body("again")).await).await;
    assert!(again.is_some());
}

#[tokio::test]
async fn a_link_lives_as_long_as_the_project_says_and_a_week_unless_it_does() {
    let world = world().await;
    let project = world.project("Links").await;
    let mut ends = Vec::new();
    for (name, days) in [
        ("short", Some(1)),
        ("week", None),
        ("long", Some(30)),
        ("most", Some(400)),
    ] {
        let settings = days.map(|days| json!({ "name": "invitationDays", "valueInteger": days }));
        let settings: Vec<Value> = settings.into_iter().collect();
        switch(&project, json!({ "setting": settings })).await;
        let email = address(name, &project);
        invited(&project, &alice(&email)).await;
        world.letter_to(&email).await.expect("a letter");
        let list = project
            .admin
            .get(&project.path("invitations"))
            .await
            .must(200)
            .body;
        let all = list["invitations"].as_array().unwrap().clone();
        let own = all
            .iter()
            .find(|it| it.to_string().contains(&email))
            .unwrap();
        ends.push(own["expiresAt"].as_str().unwrap().to_owned());
    }
    let day = |at: usize| ends[at][..10].to_owned();
    assert!(day(0) < day(1) && day(1) < day(2), "{ends:?}");
    assert_eq!(day(2), day(3), "thirty days at most: {ends:?}");
}
