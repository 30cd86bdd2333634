//! Resources named by a search instead of an id.

use harness::world::{Answer, Client, Request};
use serde_json::{Value, json};

use super::{patch, version};
use crate::world::{at_once, create, with, world};

async fn unless_there(caller: &Client, words: &str, body: &Value) -> Answer {
    let kind = body["resourceType"].as_str().unwrap();
    let request = Request::new("POST", &format!("/fhir/R4/{kind}")).json(body);
    caller.send(request.header("if-none-exist", words)).await
}

fn patient(value: &str) -> Value {
    json!({ "resourceType": "Patient", "identifier": [{ "value": value }] })
}

#[tokio::test]
async fn what_is_there_is_not_created_again() {
    let project = world().await.project("Unless").await;
    let admin = &project.admin;
    let made = unless_there(admin, "identifier=abc", &patient("abc"))
        .await
        .must(201);
    assert!(!made.header("location").is_empty());
    let again = unless_there(admin, "identifier=abc", &patient("abc"))
        .await
        .must(200);
    assert_eq!(
        (again.id(), version(&again.body)),
        (made.id(), version(&made.body))
    );
    let typed = unless_there(admin, "Patient?identifier=abc", &patient("abc"))
        .await
        .must(200);
    assert_eq!(typed.id(), made.id());
    create(admin, patient("abc")).await;
    let several = unless_there(admin, "identifier=abc", &patient("abc"))
        .await
        .must(412);
    assert_eq!(
        several.issue_text(),
        "Multiple resources found matching condition"
    );
    unless_there(admin, "", &patient("abc")).await.must(400);
    unless_there(admin, "bogus=1", &patient("abc"))
        .await
        .must(400);
    // What was made a moment ago and is deleted is not there.
    let made = unless_there(admin, "identifier=gone", &patient("gone"))
        .await
        .must(201);
    admin.delete(&super::path(&made.body)).await.must(200);
    let other = unless_there(admin, "identifier=gone", &patient("gone"))
        .await
        .must(201);
    assert_ne!(other.id(), made.id());
}

#[tokio::test]
async fn many_who_create_unless_it_is_there_make_one() {
    let project = world().await.project("Many").await;
    let answers = at_once(16, |_| {
        let admin = project.admin.clone();
        async move { unless_there(&admin, "identifier=race", &patient("race")).await }
    })
    .await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 201].contains(&answer.status)),
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    assert!(answers.iter().all(|answer| answer.id() == answers[0].id()));
    let found = project
        .admin
        .get("/fhir/R4/Patient?identifier=race")
        .await
        .must(200)
        .body;
    assert_eq!(found["entry"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_one_that_a_search_finds_is_changed_and_without_one_it_is_created() {
    let project = world().await.project("Upsert").await;
    let admin = &project.admin;
    let place = "/fhir/R4/Patient?identifier=u-1";
    let made = admin.put(place, &patient("u-1")).await.must(201);
    let changed = with(patient("u-1"), json!({ "active": true }));
    let updated = admin.put(place, &changed).await.must(200);
    assert_eq!(
        (updated.id(), &updated.body["active"]),
        (made.id(), &json!(true))
    );
    let other = with(
        changed,
        json!({ "id": "00000000-0000-4000-8000-000000000000" }),
    );
    let refused = admin.put(place, &other).await.must(400);
    assert_eq!(refused.issue_text(), "Incorrect resource ID");
    let operations = json!([{ "op": "replace", "path": "/active", "value": false }]);
    let patched = patch(admin, place, &operations).await.must(200);
    assert_eq!(
        (patched.id(), &patched.body["active"]),
        (made.id(), &json!(false))
    );
    patch(admin, "/fhir/R4/Patient?identifier=nobody", &operations)
        .await
        .must(404);
    create(admin, patient("u-1")).await;
    admin.put(place, &patient("u-1")).await.must(412);
    patch(admin, place, &operations).await.must(412);
    admin.delete(place).await.must(412);
    admin
        .put("/fhir/R4/Patient", &patient("u-1"))
        .await
        .must(400);
    admin.delete("/fhir/R4/Patient").await.must(400);
}

#[tokio::test]
async fn the_one_that_a_search_finds_is_deleted_and_without_one_all_is_well() {
    let project = world().await.project("Search and delete").await;
    let admin = &project.admin;
    let made = create(admin, patient("d-1")).await;
    let place = "/fhir/R4/Patient?identifier=d-1";
    admin.delete(place).await.must(200);
    admin.get(&super::path(&made)).await.must(410);
    admin.delete(place).await.must(200);
}

#[tokio::test]
async fn what_was_made_with_words_that_do_not_describe_it_is_not_what_they_find() {
    let project = world().await.project("Misdescribed").await;
    let admin = &project.admin;
    let other = patient("w-2");
    let made = unless_there(admin, "identifier=w-1", &other)
        .await
        .must(201);
    let place = "/fhir/R4/Patient?identifier=w-1";
    admin.delete(place).await.must(200);
    admin.get(&super::path(&made.body)).await.must(200);
    patch(
        admin,
        place,
        &json!([{ "op": "remove", "path": "/identifier" }]),
    )
    .await
    .must(404);
    let again = unless_there(admin, "identifier=w-1", &other)
        .await
        .must(201);
    assert_ne!(again.id(), made.id());
}

#[tokio::test]
async fn what_others_made_unless_it_was_there_is_told_to_nobody_who_may_not_find_it() {
    let project = world().await.project("Claims").await;
    let hidden = with(patient("k-1"), json!({ "gender": "female" }));
    unless_there(&project.admin, "identifier=k-1", &hidden)
        .await
        .must(201);
    let rules = json!([{ "resourceType": "Patient", "criteria": "Patient?gender=male" }]);
    let alice = crate::policies::under(&project, "alice", rules).await;
    let place = "/fhir/R4/Patient?identifier=k-1";
    alice.delete(place).await.must(200);
    let own = with(patient("k-1"), json!({ "gender": "male" }));
    let made = unless_there(&alice, "identifier=k-1", &own).await.must(201);
    assert_eq!(made.body["gender"], "male");
    project.admin.delete(place).await.must(412);
}
