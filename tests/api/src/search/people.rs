//! Finding people: by name, address, membership.

use harness::world::Project;
use serde_json::{Value, json};

use super::{each, found};
use crate::world::{address, alice, create, invited, reference, with, world};

async fn patient(project: &Project, fields: Value) -> Value {
    create(
        &project.admin,
        with(json!({ "resourceType": "Patient" }), fields),
    )
    .await
}

#[tokio::test]
async fn a_patient_is_found_by_the_beginning_of_any_word_of_any_name() {
    let project = world().await.project("Names").await;
    patient(&project, json!({ "id": "x", "gender": "male", "birthDate": "1956-05-12", "name": [{ "given": ["Homer", "Jay"], "family": "Simpson" },
        { "use": "nickname", "text": "Max Power" }], "telecom": [{ "system": "email", "value": "Homer@Example.com" }] })).await;
    patient(&project, json!({ "gender": "female", "name": [{ "given": ["Marge"], "family": "Simpson" }], "identifier": [{ "system": "urn:x", "value": "7" }] })).await;
    patient(&project, json!({ "gender": "other" })).await;
    let genders =
        async |search: &str| each(&project.admin, &format!("Patient?{search}"), "gender").await;
    let cases: [(&str, &[&str]); 19] = [
        ("name=simps", &["female", "male"]),
        ("name=SIMPSON%20hom", &["male"]),
        ("name=power", &["male"]),
        ("name=impson", &[]),
        ("name=", &["female", "male"]),
        ("name:contains=impson", &["female", "male"]),
        ("name:exact=Marge%20Simpson", &["female"]),
        ("name:exact=marge%20simpson", &[]),
        ("name=marge,homer", &["female", "male"]),
        ("name=simpson&gender=male", &["male"]),
        ("family=simp&given=mar", &["female"]),
        ("email=homer@example.com", &["male"]),
        ("email=nobody@example.com", &[]),
        ("identifier=urn:x%7C7", &["female"]),
        ("birthdate=lt1960-01-01", &["male"]),
        ("gender:not=male", &["female", "other"]),
        ("_sort=name&_count=1", &["other"]),
        ("_sort=-name&_count=1", &["female"]),
        ("_sort=birthdate&_count=1&gender=male", &["male"]),
    ];
    for (search, expected) in cases {
        assert_eq!(genders(search).await, expected, "{search}");
    }
}

#[tokio::test]
async fn the_profiles_of_a_projects_members_are_found_by_their_membership() {
    let project = world().await.project("Members").await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    create(&project.admin, json!({ "resourceType": "Practitioner", "name": [{ "given": ["Alice"], "family": "Outside" }] })).await;
    let has = format!(
        "_has:ProjectMembership:profile:project=Project/{}",
        project.id
    );
    let profile = member["profile"]["reference"].as_str().unwrap();
    for (caller, search) in [
        (&project.admin, format!("Practitioner?{has}")),
        (
            &project.admin,
            format!("Practitioner?{has}&name=alice&_count=10&_sort=name"),
        ),
        (
            world().await.root(),
            format!("Practitioner?{has}&name=ali&_count=10"),
        ),
    ] {
        let answer = caller.get(&format!("/fhir/R4/{search}")).await.must(200);
        let references: Vec<String> = found(&answer).iter().map(reference).collect();
        assert_eq!(references, [profile], "{search}");
    }
    let both = project
        .admin
        .get("/fhir/R4/Practitioner?_revinclude=ProjectMembership:profile")
        .await
        .must(200);
    let modes: Vec<_> = both.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["search"]["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["match", "match", "include"]);
    assert_eq!(found(&both)[2]["id"], member["id"]);
}

#[tokio::test]
async fn an_administrator_finds_the_users_of_his_project_and_a_super_admin_those_of_an_address() {
    let (one, two) = (
        world().await.project("Scope one").await,
        world().await.project("Scope two").await,
    );
    let email = address("bart", &one);
    let bart = with(
        alice(&email),
        json!({ "resourceType": "Patient", "firstName": "Bart" }),
    );
    invited(&one, &bart).await;
    invited(&two, &bart).await;
    invited(&one, &alice(&address("server", &one))).await;
    let emails = async |project: &Project, search: &str| {
        each(&project.admin, &format!("User?{search}"), "email").await
    };
    assert_eq!(emails(&one, "").await, [email.as_str()]);
    assert_eq!(
        emails(&one, &format!("email={}", email.to_uppercase())).await,
        [email.as_str()]
    );
    assert_eq!(
        emails(&one, &format!("email:exact={email}")).await,
        [email.as_str()]
    );
    assert_eq!(emails(&one, "email=bart").await, [email.as_str()]);
    assert_eq!(
        emails(&one, &format!("email={}", address("server", &one))).await,
        [""; 0]
    );
    let root = world().await.root();
    assert_eq!(
        each(root, &format!("User?email={email}"), "email")
            .await
            .len(),
        2
    );
    assert_eq!(
        each(root, &format!("User?project=Project/{}", two.id), "email").await,
        [email.as_str()]
    );
    let above = each(root, "User?project:missing=true&_count=1000", "email").await;
    assert!(above.contains(&address("server", &one)) && !above.contains(&email));
}
