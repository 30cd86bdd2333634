//! Users and profiles that are there already.

use serde_json::{Value, json};

use super::{invite, patient, project, user_of};
use crate::world::{address, alice, create, invited, reference, with};

#[tokio::test]
async fn a_server_user_joins_a_second_project_as_himself() {
    let (one, two) = (project().await, project().await);
    let body = alice(&address("alice", &one));
    let first = invited(&one, &body).await;
    let renamed = with(
        body,
        json!({ "firstName": "Alicia", "password": "another secret" }),
    );
    let second = invited(&two, &renamed).await;
    assert_eq!(first["user"], second["user"]);
    assert_ne!(
        first["profile"]["reference"],
        second["profile"]["reference"]
    );
    assert_eq!(user_of(&second).await["firstName"], "Alice");
}

#[tokio::test]
async fn patients_of_two_projects_are_two_users() {
    let (one, two) = (project().await, project().await);
    let body = patient(&address("bart", &one));
    assert_ne!(
        invited(&one, &body).await["user"]["reference"],
        invited(&two, &body).await["user"]["reference"]
    );
}

#[tokio::test]
async fn a_profile_with_the_address_is_used_and_its_name_stays() {
    let project = project().await;
    let email = address("alice", &project);
    let body = json!({
        "resourceType": "Practitioner", "name": [{ "given": ["Dr"], "family": "Who" }],
        "telecom": [{ "system": "phone", "value": "1" }, { "system": "email", "value": email.to_uppercase() }],
    });
    let profile = create(&project.admin, body).await;
    let member = invited(&project, &alice(&email)).await;
    assert_eq!(
        member["profile"],
        json!({ "reference": reference(&profile), "display": "Dr Who" })
    );
    let other_type = invited(&project, &patient(&email)).await;
    assert!(
        other_type["profile"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Patient/")
    );
}

#[tokio::test]
async fn two_profiles_with_the_address_are_one_too_many() {
    let project = project().await;
    let email = address("alice", &project);
    for _ in 0..2 {
        let telecom = json!([{ "system": "email", "value": email }]);
        create(
            &project.admin,
            json!({ "resourceType": "Practitioner", "telecom": telecom }),
        )
        .await;
    }
    let answer = invite(&project, alice(&email)).await.must(412);
    assert_eq!(answer.body["id"], "multiple-matches");
    assert_eq!(
        answer.issue_text(),
        "Multiple resources found matching condition"
    );
}

#[tokio::test]
async fn a_named_profile_is_used_even_without_an_address() {
    let project = project().await;
    let profile = create(&project.admin, json!({ "resourceType": "Practitioner" })).await;
    let named = json!({ "membership": { "profile": { "reference": reference(&profile) } } });
    let member = invited(&project, &with(alice(&address("alice", &project)), named)).await;
    assert_eq!(member["profile"]["reference"], reference(&profile));
}

#[tokio::test]
async fn a_named_profile_of_another_type_is_400_and_one_that_is_not_there_404() {
    let project = project().await;
    let profile = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let named = |reference: &str| {
        let fields = json!({ "membership": { "profile": { "reference": reference } } });
        with(alice(&address("alice", &project)), fields)
    };
    let wrong = invite(&project, named(&reference(&profile)))
        .await
        .must(400);
    assert_eq!(
        wrong.issue_text(),
        "Profile resourceType does not match request"
    );
    for reference in [
        "Practitioner/00000000-0000-4000-8000-000000000000",
        "Practitioner/nope",
    ] {
        let missing = invite(&project, named(reference)).await.must(404);
        assert_eq!(missing.issue_text(), "Not found", "{reference}");
    }
}

#[tokio::test]
async fn a_related_person_needs_a_patient_unless_a_profile_is_named() {
    let project = project().await;
    let relative = with(
        alice(&address("marge", &project)),
        json!({ "resourceType": "RelatedPerson" }),
    );
    let missing = invite(&project, relative.clone()).await.must(400);
    assert_eq!(missing.expression(), "patient");
    let bart = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let of = |reference: &str| {
        with(
            relative.clone(),
            json!({ "patient": { "reference": reference } }),
        )
    };
    for wrong in [
        "Practitioner/00000000-0000-4000-8000-000000000000",
        "Patient/00000000-0000-4000-8000-000000000000",
    ] {
        assert_eq!(
            invite(&project, of(wrong)).await.must(400).expression(),
            "patient",
            "{wrong}"
        );
    }
    let member = invited(&project, &of(&reference(&bart))).await;
    let profile = member["profile"]["reference"].as_str().unwrap();
    let profile = project
        .admin
        .get(&format!("/fhir/R4/{profile}"))
        .await
        .must(200)
        .body;
    assert_eq!(profile["resourceType"], "RelatedPerson");
    assert_eq!(profile["patient"]["reference"], reference(&bart));
}

#[tokio::test]
async fn an_address_is_the_same_in_any_case_and_any_normal_form() {
    let project = project().await;
    let plain = address("zoe\u{301}", &project);
    let member = invited(&project, &patient(&plain.to_uppercase())).await;
    let stored = member["user"]["display"].as_str().unwrap();
    assert_eq!(stored, address("zo\u{e9}", &project));
    for same in [
        plain.clone(),
        plain.to_uppercase(),
        address("ZO\u{c9}", &project),
    ] {
        let again = invite(&project, patient(&same)).await.must(409);
        assert_eq!(
            again.issue_text(),
            "User is already a member of this project",
            "{same}"
        );
    }
}

#[tokio::test]
async fn names_are_kept_as_they_are_written() {
    let project = project().await;
    let names = [
        ("Łukasz", "Żółć"),
        ("美咲", "山田"),
        ("علي", "حسن"),
        ("O'Brien", "d'Arc-Smith"),
        ("\u{1f600}", "X Æ A-12"),
    ];
    for (n, (first, last)) in names.into_iter().enumerate() {
        let named = json!({ "firstName": first, "lastName": last });
        let member = invited(
            &project,
            &with(alice(&address(&format!("u{n}"), &project)), named),
        )
        .await;
        assert_eq!(member["profile"]["display"], format!("{first} {last}"));
        let profile = member["profile"]["reference"].as_str().unwrap();
        let profile: Value = project
            .admin
            .get(&format!("/fhir/R4/{profile}"))
            .await
            .must(200)
            .body;
        assert_eq!(
            profile["name"],
            json!([{ "given": [first], "family": last }])
        );
    }
}
