//! The requests of every administration page in their order, each answer with what the page needs (contract: what the web
//! application calls).

use harness::world::{Client, Project};
use serde_json::{Value, json};

use crate::world::{address, create, reference, with, world};

/// The table of members as the page asks for it: parameters in order, the project's slash encoded.
async fn table(project: &Project, kind: &str, more: &str) -> Value {
    let path = format!(
        "/fhir/R4/ProjectMembership?_count=100&_total=accurate&profile-type={kind}&project=Project%2F{}{more}",
        project.id
    );
    project.admin.get(&path).await.must(200).body
}

/// What the shell of every page asks first.
async fn shell(caller: &Client, project: &Project) -> Value {
    let shown = caller
        .get(&format!("/admin/projects/{}", project.id))
        .await
        .must(200)
        .body;
    assert_eq!(shown["project"]["id"], project.id);
    assert!(shown["project"]["name"].is_string());
    shown
}

/// What the form of the invite page sends when nothing is ticked.
fn form(project: &Project, kind: &str, name: &str) -> Value {
    json!({
        "resourceType": kind, "firstName": name, "lastName": "Simpson", "email": address(name, project),
        "sendEmail": false, "admin": false, "scope": "server", "mfaRequired": false,
    })
}

#[tokio::test]
async fn the_invite_page_leads_to_the_tables_of_users_and_patients() {
    let project = world().await.project("Pages").await;
    shell(&project.admin, &project).await;
    for (kind, name) in [
        ("Practitioner", "homer"),
        ("Practitioner", "marge"),
        ("Patient", "bart"),
    ] {
        let made = project
            .invite(&project.admin, &form(&project, kind, name))
            .await
            .must(200)
            .body;
        assert_eq!(made["resourceType"], "ProjectMembership");
        assert!(made["id"].is_string() && made["profile"]["reference"].is_string());
        assert_eq!(
            made["admin"], false,
            "the page always says it, and it is kept"
        );
    }
    let users = table(&project, "Practitioner", "").await;
    assert_eq!(users["total"], 2);
    let rows = users["entry"].as_array().unwrap();
    let homer = rows
        .iter()
        .map(|entry| &entry["resource"])
        .find(|row| row["profile"]["display"] == "homer Simpson");
    let homer = homer.expect("the label of the column");
    assert_eq!(homer["user"]["display"], address("homer", &project));
    assert_eq!(homer["admin"], false);
    assert!(homer["id"].is_string() && homer["meta"]["lastUpdated"].is_string());
    assert_eq!(table(&project, "Patient", "").await["total"], 1);
    // A click on the head of a column, and the next page.
    let sorted = table(&project, "Practitioner", "&_sort=-_lastUpdated").await;
    assert_eq!(
        (&sorted["total"], sorted["entry"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    let beyond = table(&project, "Practitioner", "&_offset=100").await;
    assert_eq!((&beyond["total"], beyond.get("entry")), (&json!(2), None));
}

#[tokio::test]
async fn the_invite_page_is_told_what_is_wrong_in_the_words_it_shows() {
    let project = world().await.project("Pages").await;
    let good = form(&project, "Practitioner", "homer");
    project.invite(&project.admin, &good).await.must(200);
    let again = project.invite(&project.admin, &good).await.must(409);
    assert_eq!(
        again.issue_text(),
        "User is already a member of this project"
    );
    for (change, text, field) in [
        (
            json!({ "email": "" }),
            "Either email or externalId is required",
            "",
        ),
        (
            json!({ "firstName": "" }),
            "First name is required",
            "firstName",
        ),
        (
            json!({ "lastName": "" }),
            "Last name is required",
            "lastName",
        ),
        (
            json!({ "resourceType": "" }),
            "Resource type is required",
            "resourceType",
        ),
    ] {
        let answer = project
            .invite(&project.admin, &with(good.clone(), change))
            .await
            .must(400);
        assert_eq!((answer.issue_text(), answer.expression()), (text, field));
    }
}

#[tokio::test]
async fn the_page_of_a_member_saves_a_policy_takes_it_away_and_removes_the_member() {
    let project = world().await.project("Pages").await;
    let policy = json!({ "resourceType": "AccessPolicy", "name": "Ward", "resource": [{ "resourceType": "Patient" }] });
    let policy = create(&project.admin, policy).await;
    let configuration = create(
        &project.admin,
        json!({ "resourceType": "UserConfiguration", "name": "Menu" }),
    )
    .await;
    let made = project
        .invite(&project.admin, &form(&project, "Practitioner", "homer"))
        .await
        .must(200)
        .body;
    let path = project.path(&format!("members/{}", made["id"].as_str().unwrap()));
    let member = project.admin.get(&path).await.must(200).body;
    // The avatar, and what the pickers show of what was picked.
    let profile = format!(
        "/fhir/R4/{}",
        member["profile"]["reference"].as_str().unwrap()
    );
    let profile = project.admin.get(&profile).await.must(200).body;
    assert_eq!(
        profile["name"],
        json!([{ "given": ["homer"], "family": "Simpson" }])
    );
    for picked in [&policy, &configuration] {
        let shown = project
            .admin
            .get(&format!("/fhir/R4/{}", reference(picked)))
            .await
            .must(200)
            .body;
        assert_eq!(shown["name"], picked["name"]);
    }
    let picked = json!({
        "accessPolicy": { "reference": reference(&policy), "display": "Ward" },
        "userConfiguration": { "reference": reference(&configuration) }, "admin": true,
    });
    let saved = with(member.clone(), picked.clone());
    project.admin.post(&path, &saved).await.must(200);
    let member = project.admin.get(&path).await.must(200).body;
    for field in ["accessPolicy", "userConfiguration", "admin"] {
        assert_eq!(member[field], picked[field], "{field}");
    }
    let mut cleared = member;
    for field in ["accessPolicy", "userConfiguration"] {
        cleared.as_object_mut().unwrap().remove(field);
    }
    cleared["admin"] = json!(false);
    project.admin.post(&path, &cleared).await.must(200);
    let member = project.admin.get(&path).await.must(200).body;
    assert_eq!(
        (member.get("accessPolicy"), member.get("userConfiguration")),
        (None, None)
    );
    let refused = with(
        member,
        json!({ "accessPolicy": { "reference": "AccessPolicy/00000000-0000-4000-8000-000000000001" } }),
    );
    let refused = project.admin.post(&path, &refused).await.must(400);
    assert_eq!(refused.expression(), "ProjectMembership.accessPolicy");
    assert!(!refused.issue_text().is_empty());
    assert_eq!(
        project.admin.delete(&path).await.must(200).issue_text(),
        "All OK"
    );
    shell(&project.admin, &project).await;
    assert_eq!(table(&project, "Practitioner", "").await["total"], 0);
}

#[tokio::test]
async fn the_pages_of_clients_and_bots_take_what_untouched_fields_send() {
    let project = world().await.project("Pages").await;
    for (below, kind, body) in [
        (
            "client",
            "ClientApplication",
            json!({ "name": "App", "description": "", "redirectUri": "" }),
        ),
        ("bot", "Bot", json!({ "name": "Helper", "description": "" })),
    ] {
        let before = table(&project, kind, "").await["total"].as_u64().unwrap();
        let made = project
            .admin
            .post(&project.path(below), &body)
            .await
            .must(201)
            .body;
        assert_eq!(
            (&made["resourceType"], &made["name"]),
            (&json!(kind), &body["name"])
        );
        assert_eq!(
            (made.get("description"), made.get("redirectUri")),
            (None, None)
        );
        let after = table(&project, kind, "").await;
        assert_eq!(after["total"].as_u64(), Some(before + 1));
        let labels = after["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["resource"]["profile"]["display"]);
        assert!(labels.into_iter().any(|label| *label == body["name"]));
        project
            .admin
            .get(&format!("/fhir/R4/{}", reference(&made)))
            .await
            .must(200);
    }
}

#[tokio::test]
async fn the_pages_of_secrets_and_sites_show_what_was_saved_and_where_it_is_wrong() {
    let project = world().await.project("Pages").await;
    shell(&project.admin, &project).await;
    let secrets = json!([{ "name": "key", "valueString": "value" }, { "name": "flag", "valueBoolean": true }]);
    project
        .admin
        .post(&project.path("secrets"), &secrets)
        .await
        .must(200);
    assert_eq!(
        shell(&project.admin, &project).await["project"]["secret"],
        secrets
    );
    let sites = json!([{ "name": "Site", "domain": ["app.example.com"] }]);
    project
        .admin
        .post(&project.path("sites"), &sites)
        .await
        .must(200);
    assert_eq!(
        shell(&project.admin, &project).await["project"]["site"],
        sites
    );
    let wrong =
        json!([{ "name": "Site", "domain": ["app.example.com"] }, { "domain": ["x.example.com"] }]);
    let answer = project
        .admin
        .post(&project.path("sites"), &wrong)
        .await
        .must(400);
    assert!(
        !answer.issue_text().is_empty() && !answer.expression().is_empty(),
        "{}",
        answer.text
    );
    assert_eq!(
        shell(&project.admin, &project).await["project"]["site"],
        sites
    );
}

#[tokio::test]
async fn the_pages_that_set_passwords_say_ok_or_why_not() {
    let world = world().await;
    let project = world.project("Pages").await;
    project
        .invite(&project.admin, &form(&project, "Patient", "bart"))
        .await
        .must(200);
    let set = |email: &str| json!({ "email": email, "password": "correct horse 7" });
    let patient = set(&address("bart", &project));
    assert_eq!(
        project
            .admin
            .post("/admin/projects/setpassword", &patient)
            .await
            .must(200)
            .issue_text(),
        "All OK"
    );
    let unknown = project
        .admin
        .post("/admin/projects/setpassword", &set("nobody@example.com"))
        .await
        .must(400);
    assert_eq!(unknown.issue_text(), "User not found");
    project
        .invite(&project.admin, &form(&project, "Practitioner", "homer"))
        .await
        .must(200);
    let anybody = with(set(&address("homer", &project)), json!({ "projectId": "" }));
    assert_eq!(
        world
            .root()
            .post("/admin/super/setpassword", &anybody)
            .await
            .must(200)
            .issue_text(),
        "All OK"
    );
    let one = with(patient, json!({ "projectId": project.id }));
    world
        .root()
        .post("/admin/super/setpassword", &one)
        .await
        .must(200);
}

#[tokio::test]
async fn a_page_without_a_session_is_sent_to_sign_in_and_one_without_rights_says_forbidden() {
    let world = world().await;
    let project = world.project("Pages").await;
    // Signed out, the web app asks for a project that it does not know.
    world
        .anonymous()
        .get("/admin/projects/undefined")
        .await
        .must(401);
    let plain = project.application("Plain").await;
    for path in [
        format!("/admin/projects/{}", project.id),
        "/fhir/R4/ProjectMembership?_count=100".to_owned(),
    ] {
        assert_eq!(plain.get(&path).await.must(403).issue_text(), "Forbidden");
    }
    let me = project.admin.get("/auth/me").await.must(200).body;
    let links: Vec<&Value> = me["config"]["menu"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|section| {
            section["link"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|link| &link["target"])
        })
        .collect();
    assert!(links.contains(&&json!("/admin/project")), "{links:?}");
}
