//! People as provisioning systems administer them (SCIM 2.0, RFC 7643 and 7644; contract: user provisioning).

mod change;
mod create;
mod mistakes;

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::world::{address, create, invited, with, world};

const USERS: &str = "/scim/v2/Users";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A user to be provisioned.
fn lisa(project: &Project) -> Value {
    json!({
        "schemas": [USER],
        "userName": "Lisa@Springfield",
        "externalId": "ext-lisa",
        "name": { "givenName": "Lisa", "familyName": "Simpson" },
        "emails": [{ "value": "other@example.com" }, { "value": address("lisa", project), "primary": true }],
    })
}

async fn provision(project: &Project, user: &Value) -> Answer {
    send(&project.admin, "POST", USERS, user).await
}

/// As provisioning systems send: their own media type.
async fn send(caller: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request::new(method, path).body("application/scim+json", body.to_string());
    caller.send(request).await
}

fn path(user: &Value) -> String {
    format!("{USERS}/{}", user["id"].as_str().unwrap())
}

/// The users that a filter finds.
async fn find(project: &Project, query: &[(&str, &str)]) -> Value {
    let query = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)));
    let query: Vec<String> = query.collect();
    let answer = project
        .admin
        .get(&format!("{USERS}?{}", query.join("&")))
        .await
        .must(200);
    assert_eq!(
        answer.header("content-type"),
        "application/scim+json; charset=utf-8"
    );
    answer.body
}

/// A text that may stand in a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn ids(found: &Value) -> Vec<&str> {
    let users = found["Resources"].as_array().unwrap().iter();
    users.map(|user| user["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_shows_persons_with_their_names_and_addresses_and_no_applications() {
    let world = world().await;
    let project = world.project("Directory").await;
    project.application("Nobody").await;
    let lisa = provision(&project, &lisa(&project)).await.must(201).body;
    let bart = json!({ "resourceType": "Patient", "firstName": "Bart", "lastName": "Simpson",
                       "email": address("bart", &project), "sendEmail": false });
    let bart = invited(&project, &bart).await;
    let found = find(&project, &[]).await;
    assert_eq!(
        found["schemas"],
        json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"])
    );
    assert_eq!(
        (
            &found["totalResults"],
            &found["itemsPerPage"],
            &found["startIndex"]
        ),
        (&json!(2), &json!(2), &json!(1))
    );
    let users = found["Resources"].as_array().unwrap();
    assert!(users.contains(&lisa), "{found}");
    let shown = users.iter().find(|user| user["id"] == bart["id"]).unwrap();
    let location = format!("{}{}", world.api(), path(shown));
    let expected = json!({
        "schemas": [USER],
        "id": bart["id"],
        "meta": {
            "resourceType": "User",
            "version": format!("W/\"{}\"", bart["meta"]["versionId"].as_str().unwrap()),
            "lastModified": bart["meta"]["lastUpdated"],
            "location": location,
        },
        "userType": "Patient",
        "userName": bart["user"]["reference"].as_str().unwrap().replace("User/", ""),
        "name": { "givenName": "Bart", "familyName": "Simpson" },
        "emails": [{ "value": address("bart", &project) }],
        "active": true,
    });
    assert_eq!(shown.to_string(), expected.to_string());
    let read = project.admin.get(&path(shown)).await.must(200);
    assert_eq!(read.body, *shown);
    assert_eq!(
        read.header("etag"),
        shown["meta"]["version"].as_str().unwrap()
    );
}

#[tokio::test]
async fn a_filter_finds_the_one_user_with_a_user_name_an_external_id_or_an_address() {
    let project = world().await.project("Filters").await;
    let other = world().await.project("Elsewhere").await;
    let lisa = provision(&project, &lisa(&project)).await.must(201).body;
    let id = lisa["id"].as_str().unwrap();
    let bart = json!({ "userName": "bart", "name": { "givenName": "Bart", "familyName": "Simpson" },
                       "emails": [{ "value": address("bart", &project) }] });
    provision(&project, &bart).await.must(201);
    let mail = address("lisa", &project);
    for filter in [
        "userName eq \"Lisa@Springfield\"".to_owned(),
        "username EQ \"lisa@springfield\"".to_owned(),
        format!("{USER}:userName eq \"LISA@SPRINGFIELD\""),
        "externalId eq \"ext-lisa\"".to_owned(),
        format!("emails eq \"{mail}\""),
        format!("emails.value eq \"{}\"", mail.to_uppercase()),
    ] {
        let found = find(&project, &[("filter", &filter)]).await;
        assert_eq!(
            (ids(&found), &found["totalResults"]),
            (vec![id], &json!(1)),
            "{filter}"
        );
        let foreign = find(&other, &[("filter", &filter)]).await;
        assert_eq!(foreign["totalResults"], 0, "{filter}");
        assert_eq!(foreign["Resources"], json!([]), "{filter}");
    }
    for filter in [
        "userName eq \"Lisa\"",
        "userName eq \"\"",
        "externalId eq \"EXT-LISA\"",
        "emails eq \"nobody\"",
        "userName eq \"a,b\\\\c\"",
    ] {
        assert_eq!(
            find(&project, &[("filter", filter)]).await["totalResults"],
            0,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn a_member_without_a_user_name_is_found_by_the_id_that_stands_for_it() {
    let project = world().await.project("Nameless").await;
    let body = json!({ "resourceType": "Practitioner", "firstName": "Ned", "lastName": "Flanders",
                       "email": address("ned", &project), "sendEmail": false });
    let ned = invited(&project, &body).await;
    let user = ned["user"]["reference"]
        .as_str()
        .unwrap()
        .replace("User/", "");
    let filter = format!("userName eq \"{user}\"");
    let found = find(&project, &[("filter", &filter)]).await;
    assert_eq!(ids(&found), [ned["id"].as_str().unwrap()]);
    let named = with(ned, json!({ "userName": "ned" }));
    project.update(&project.admin, &named).await.must(200);
    assert_eq!(
        find(&project, &[("filter", &filter)]).await["totalResults"],
        0
    );
}

#[tokio::test]
async fn pages_begin_where_they_are_asked_to_and_tell_the_total() {
    let project = world().await.project("Pages").await;
    for n in 0..5 {
        let user = json!({ "userName": format!("u{n}"), "name": { "givenName": "U", "familyName": "N" },
                           "emails": [{ "value": address(&format!("u{n}"), &project) }] });
        provision(&project, &user).await.must(201);
    }
    let mut seen = Vec::new();
    for (start, items) in [("1", 2), ("3", 2), ("5", 1), ("7", 0)] {
        let page = find(&project, &[("startIndex", start), ("count", "2")]).await;
        assert_eq!(
            (
                &page["totalResults"],
                &page["itemsPerPage"],
                page["startIndex"].to_string()
            ),
            (&json!(5), &json!(items), start.to_owned())
        );
        seen.extend(ids(&page).into_iter().map(str::to_owned));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let none = find(&project, &[("count", "0")]).await;
    assert_eq!(
        (&none["totalResults"], &none["itemsPerPage"]),
        (&json!(5), &json!(0))
    );
    let all = find(&project, &[("count", "-3"), ("startIndex", "-7")]).await;
    assert_eq!(
        (&all["startIndex"], &all["itemsPerPage"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn the_name_shown_is_the_one_of_this_projects_profile_and_not_of_the_shared_user() {
    let (here, there) = (
        world().await.project("Here").await,
        world().await.project("There").await,
    );
    let mail = address("moe", &here);
    let known = json!({ "userName": "moe", "name": { "givenName": "Morris", "familyName": "Szyslak" },
                        "emails": [{ "value": mail }] });
    provision(&there, &known).await.must(201);
    let guess = with(
        known,
        json!({ "name": { "givenName": "Moe", "familyName": "S" } }),
    );
    let made = provision(&here, &guess).await.must(201);
    assert_eq!(
        made.body["name"],
        json!({ "givenName": "Moe", "familyName": "S" })
    );
    assert!(!made.text.contains("Szyslak"));
}

#[tokio::test]
async fn the_profile_that_has_the_address_already_is_the_one_that_is_shown() {
    let project = world().await.project("Known profile").await;
    let mail = address("apu", &project);
    let profile = json!({ "resourceType": "Practitioner", "name": [{ "given": ["Apu"], "family": "N" }],
                          "telecom": [{ "system": "email", "value": mail }] });
    create(&project.admin, profile).await;
    let user = json!({ "userName": "apu", "name": { "givenName": "A", "familyName": "B" },
                       "emails": [{ "value": mail }] });
    let made = provision(&project, &user).await.must(201).body;
    assert_eq!(
        made["name"],
        json!({ "givenName": "Apu", "familyName": "N" })
    );
}
