//! Which rule allows a member what (contract: access control; design: access explained).

use harness::world::{Answer, Project};
use serde_json::{Value, json};

use crate::world::{address, alice, create, invited, reference, with, world};

async fn ask(project: &Project, member: &Value, query: &str) -> Answer {
    let id = member["id"].as_str().unwrap();
    project
        .admin
        .get(&project.path(&format!("members/{id}/access{query}")))
        .await
}

async fn policy(project: &Project, name: &str, rules: Value) -> Value {
    let policy = json!({ "resourceType": "AccessPolicy", "name": name, "resource": rules });
    create(&project.admin, policy).await
}

fn person(project: &Project, name: &str, membership: &Value) -> Value {
    let membership =
        json!({ "membership": membership, "sendEmail": false, "password": "correct horse 1" });
    with(alice(&address(name, project)), membership)
}

#[tokio::test]
async fn the_entry_of_a_policy_that_allows_is_named_with_its_criteria_filled() {
    let project = world().await.project("Explained").await;
    let (one, other) = (
        create(
            &project.admin,
            json!({ "resourceType": "Organization", "name": "One" }),
        )
        .await,
        create(
            &project.admin,
            json!({ "resourceType": "Organization", "name": "Other" }),
        )
        .await,
    );
    let patient = |of: &Value| json!({ "resourceType": "Patient", "managingOrganization": { "reference": reference(of) } });
    let mine = create(&project.admin, patient(&one)).await;
    let theirs = create(&project.admin, patient(&other)).await;
    let rules = json!([
        { "resourceType": "Observation", "readonly": true },
        { "resourceType": "Patient", "criteria": "Patient?organization=%organization", "interaction": ["read", "search"] },
    ]);
    let ward = policy(&project, "Ward", rules).await;
    let access = json!({ "access": [{
        "policy": { "reference": reference(&ward) },
        "parameter": [{ "name": "organization", "valueReference": { "reference": reference(&one) } }],
    }] });
    let member = invited(&project, &person(&project, "alice", &access)).await;

    let read = ask(
        &project,
        &member,
        &format!("?resource={}", reference(&mine)),
    )
    .await
    .must(200)
    .body;
    assert_eq!(
        (&read["allowed"], &read["reason"], &read["rule"]),
        (&json!(true), &json!("rule"), &json!(1))
    );
    assert_eq!(
        read["text"],
        format!("Entry 2 of {} allows it", reference(&ward))
    );
    let rule = &read["rules"][1];
    assert_eq!(
        rule["policy"],
        json!({ "reference": reference(&ward), "display": "Ward" })
    );
    assert_eq!(rule["criteria"], "Patient?organization=%organization");
    assert_eq!(
        rule["criteriaFilled"],
        format!("Patient?organization={}", reference(&one))
    );
    assert_eq!(
        (&rule["entry"], &rule["verdict"]),
        (&json!(1), &json!("allows"))
    );
    assert_eq!(read["rules"][0]["verdict"], "other-type");

    let denied = |answer: Value, verdict: &str| {
        assert_eq!(
            (&answer["allowed"], &answer["reason"]),
            (&json!(false), &json!("no-rule")),
            "{answer}"
        );
        assert_eq!(answer["rules"][1]["verdict"], verdict);
        assert_eq!(answer.get("rule"), None);
    };
    let query = format!("?resource={}", reference(&theirs));
    let foreign = ask(&project, &member, &query).await.must(200).body;
    denied(foreign, "no-match");
    let query = format!("?resource={}&interaction=update", reference(&mine));
    let update = ask(&project, &member, &query).await.must(200).body;
    denied(update, "other-interaction");
    let search = ask(&project, &member, "?resource=Patient")
        .await
        .must(200)
        .body;
    assert_eq!(
        (&search["interaction"], &search["allowed"]),
        (&json!("search"), &json!(true))
    );
    assert_eq!(search["rules"][1]["verdict"], "allows-what-matches");
}

#[tokio::test]
async fn without_a_resource_every_rule_is_shown_and_none_decides() {
    let project = world().await.project("All rules").await;
    let member = invited(
        &project,
        &person(&project, "alice", &json!({ "admin": true })),
    )
    .await;
    let shown = ask(&project, &member, "").await.must(200).body;
    assert_eq!(
        (&shown["state"], &shown["admin"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(shown.get("allowed"), None);
    let sources: Vec<_> = shown["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["source"].as_str().unwrap())
        .collect();
    assert_eq!(
        sources,
        [
            "no-policy",
            "definitions",
            "definitions",
            "admin",
            "admin",
            "admin",
            "admin"
        ]
    );
}

#[tokio::test]
async fn what_comes_before_any_rule_is_told_first() {
    let project = world().await.project("States").await;
    let plain = with(
        alice(&address("unproven", &project)),
        json!({ "sendEmail": false }),
    );
    let unproven = invited(&project, &plain).await;
    let reason = |answer: Answer| {
        let body = answer.must(200).body;
        (
            body["allowed"].clone(),
            body["reason"].clone(),
            body["state"].clone(),
        )
    };
    let told = reason(ask(&project, &unproven, "?resource=Patient").await);
    assert_eq!(
        told,
        (json!(false), json!("needs-proof"), json!("needs-proof"))
    );

    let member = invited(&project, &person(&project, "alice", &json!({}))).await;
    let told = reason(ask(&project, &member, "?resource=Patient").await);
    assert_eq!(told, (json!(true), json!("rule"), json!("active")));
    let told = reason(ask(&project, &member, "?resource=AccessPolicy&interaction=read").await);
    assert_eq!(told, (json!(false), json!("no-rule"), json!("active")));
    let off = with(member.clone(), json!({ "active": false }));
    project.update(&project.admin, &off).await.must(200);
    let told = reason(ask(&project, &member, "?resource=Patient").await);
    assert_eq!(told, (json!(false), json!("inactive"), json!("inactive")));
}

#[tokio::test]
async fn a_patient_without_a_policy_reads_himself_and_nothing_else() {
    let project = world().await.project("Patients").await;
    let body = with(
        person(&project, "bart", &json!({})),
        json!({ "resourceType": "Patient" }),
    );
    let member = invited(&project, &body).await;
    let own = member["profile"]["reference"].as_str().unwrap().to_owned();
    let other = reference(&create(&project.admin, json!({ "resourceType": "Patient" })).await);
    for (query, allowed) in [
        (format!("?resource={own}"), true),
        (format!("?resource={own}&interaction=update"), false),
        (format!("?resource={other}"), false),
        ("?resource=Observation".to_owned(), false),
    ] {
        let answer = ask(&project, &member, &query).await.must(200).body;
        assert_eq!(answer["allowed"], allowed, "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_resource_of_another_project_is_as_unknown_as_one_that_never_was() {
    let (project, other) = (
        world().await.project("Own").await,
        world().await.project("Other").await,
    );
    let member = invited(&project, &person(&project, "alice", &json!({}))).await;
    let foreign = create(&other.admin, json!({ "resourceType": "Patient" })).await;
    let mut answers = Vec::new();
    for id in [
        foreign["id"].as_str().unwrap(),
        "00000000-0000-4000-8000-000000000001",
        "nope",
    ] {
        let answer = ask(&project, &member, &format!("?resource=Patient/{id}"))
            .await
            .must(404);
        answers.push(answer.issue_text().to_owned());
    }
    assert_eq!(answers, ["Not found", "Not found", "Not found"]);
    let gone = ask(
        &project,
        &member,
        "?resource=Login/00000000-0000-4000-8000-000000000001",
    )
    .await;
    gone.must(404);
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_by_name() {
    let project = world().await.project("Questions").await;
    let member = invited(&project, &person(&project, "alice", &json!({}))).await;
    for (query, field) in [
        ("?resource=Nothing", "resource"),
        ("?resource=Nothing/x", "resource"),
        ("?resource=", "resource"),
        ("?resource=Patient&interaction=touch", "interaction"),
    ] {
        let answer = ask(&project, &member, query).await.must(400);
        assert_eq!(answer.expression(), field, "{query}");
    }
}
