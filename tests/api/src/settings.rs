//! What administrators set about a project: secrets, sites, bots, passwords.

use serde_json::{Value, json};

use crate::world::{address, invited, with, world};

fn project_page(project: &harness::world::Project) -> String {
    format!("/admin/projects/{}", project.id)
}

#[tokio::test]
async fn a_project_shows_its_secrets_and_sites_as_they_were_set_and_keeps_their_order() {
    let project = world().await.project("Settings").await;
    let fresh = project.admin.get(&project_page(&project)).await.must(200);
    assert_eq!(
        fresh.body,
        json!({ "project": { "id": project.id, "name": "Settings" } })
    );
    let secrets = json!([
        { "name": "zebra", "valueString": "stripes" },
        { "name": "answer", "valueInteger": 42 },
        { "name": "really", "valueBoolean": true },
    ]);
    let set = project
        .admin
        .post(&project.path("secrets"), &secrets)
        .await
        .must(200);
    assert_eq!(
        (&set.body["resourceType"], &set.body["secret"]),
        (&json!("Project"), &secrets)
    );
    for field in ["strictMode", "superAdmin", "systemSecret"] {
        assert_eq!(set.body.get(field), None, "{field}");
    }
    let sites =
        json!([{ "name": "site", "domain": ["example.com"], "recaptchaSecretKey": "hush" }]);
    project
        .admin
        .post(&project.path("sites"), &sites)
        .await
        .must(200);
    let shown = project.admin.get(&project_page(&project)).await.must(200);
    assert_eq!(shown.body["project"]["secret"], secrets);
    assert_eq!(shown.body["project"]["site"], sites);
}

#[tokio::test]
async fn a_list_is_replaced_as_a_whole_and_an_empty_one_leaves_nothing() {
    let project = world().await.project("Replaced").await;
    let path = project.path("secrets");
    let first = json!([{ "name": "a", "valueString": "1" }, { "name": "b", "valueString": "2" }]);
    project.admin.post(&path, &first).await.must(200);
    let second = json!([{ "name": "b", "valueString": "3" }]);
    project.admin.post(&path, &second).await.must(200);
    let shown = project.admin.get(&project_page(&project)).await.must(200);
    assert_eq!(shown.body["project"]["secret"], second);
    project.admin.post(&path, &json!([])).await.must(200);
    let shown = project.admin.get(&project_page(&project)).await.must(200);
    assert_eq!(shown.body["project"].get("secret"), None);
}

#[tokio::test]
async fn a_secret_stands_in_no_row_in_clear_and_showing_it_leaves_an_event() {
    let world = world().await;
    let project = world.project("Sealed").await;
    let secrets = json!([{ "name": "key", "valueString": "canary-of-the-mine" }]);
    project
        .admin
        .post(&project.path("secrets"), &secrets)
        .await
        .must(200);
    let rows = world.rows(&format!("P#{}", project.id)).await;
    assert!(rows.iter().any(|row| row["SK"]["S"] == "SECRET#key"));
    let rows = Value::Array(world.every_row().await).to_string();
    assert!(!rows.contains("canary-of-the-mine"));
    let reveals = |rows: &str| rows.matches("reveal-secrets").count();
    let before = reveals(&rows);
    project.admin.get(&project_page(&project)).await.must(200);
    let after = reveals(&Value::Array(world.every_row().await).to_string());
    assert!(after > before);
}

#[tokio::test]
async fn a_setting_that_does_not_fit_is_refused_at_its_place() {
    let project = world().await.project("Refused").await;
    let bad = project
        .admin
        .post(&project.path("secrets"), &json!([{ "nme": "x" }]))
        .await
        .must(400);
    assert_eq!(bad.expression(), "Project.secret[0].name");
    let bad = project
        .admin
        .post(&project.path("sites"), &json!([{ "name": "x" }]))
        .await
        .must(400);
    assert_eq!(bad.expression(), "Project.site[0].domain");
    let twice = json!([{ "name": "a", "valueString": "1" }, { "name": "a", "valueString": "2" }]);
    let twice = project
        .admin
        .post(&project.path("secrets"), &twice)
        .await
        .must(400);
    assert_eq!(twice.expression(), "Project.secret[1].name");
    project
        .admin
        .post(&project.path("secrets"), &json!({}))
        .await
        .must(400);
}

#[tokio::test]
async fn a_bot_is_a_member_that_acts_as_itself() {
    let project = world().await.project("Bots").await;
    let body = json!({ "name": "My bot", "description": "d" });
    let bot = project
        .admin
        .post(&project.path("bot"), &body)
        .await
        .must(201);
    assert_eq!(bot.body["resourceType"], "Bot");
    let read = format!("/fhir/R4/Bot/{}", bot.id());
    assert_eq!(
        project.admin.get(&read).await.must(200).body["name"],
        "My bot"
    );
    let path = format!("/fhir/R4/ProjectMembership?profile=Bot/{}", bot.id());
    let listed = project.admin.get(&path).await.must(200);
    let membership = &listed.body["entry"][0]["resource"];
    assert_eq!(membership["user"], membership["profile"]);
    let nameless = project
        .admin
        .post(&project.path("bot"), &json!({}))
        .await
        .must(400);
    assert_eq!(nameless.issue_text(), "Bot name is required");
}

#[tokio::test]
async fn an_administrator_sets_the_password_of_his_projects_own_users_only() {
    let world = world().await;
    let (project, other) = (
        world.project("Passwords").await,
        world.project("Others").await,
    );
    let patient = address("homer", &project);
    let body = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson", "email": patient,
        "sendEmail": false });
    let membership = invited(&project, &body).await;
    let staff = address("alice", &project);
    invited(
        &project,
        &with(
            body,
            json!({ "resourceType": "Practitioner", "email": staff }),
        ),
    )
    .await;
    let set = |email: &str| json!({ "email": email, "password": "correct-horse-9" });
    let path = "/admin/projects/setpassword";
    let done = project.admin.post(path, &set(&patient)).await.must(200);
    assert_eq!(done.issue_text(), "All OK");
    for (admin, email) in [(&project.admin, &staff), (&other.admin, &patient)] {
        let refused = admin.post(path, &set(email)).await.must(400);
        assert_eq!(refused.issue_text(), "User not found");
    }
    let user = membership["user"]["reference"]
        .as_str()
        .unwrap()
        .replace("User/", "U#");
    let rows = world.rows(&user).await;
    let row = |sk: &str| rows.iter().find(|row| row["SK"]["S"] == sk).unwrap();
    assert!(
        row("CRED")["password"]["S"]
            .as_str()
            .unwrap()
            .starts_with("$argon2id$")
    );
    assert_eq!(
        row("USER")["epoch"]["N"],
        "2",
        "sessions of before are dead"
    );
    let short = json!({ "email": patient, "password": "x" });
    let short = project.admin.post(path, &short).await.must(400);
    assert_eq!(
        short.issue_text(),
        "Invalid password, must be at least 8 characters"
    );
    world
        .root()
        .post("/admin/super/setpassword", &set(&staff))
        .await
        .must(200);
    project
        .admin
        .post("/admin/super/setpassword", &set(&staff))
        .await
        .must(403);
}

#[tokio::test]
async fn a_sealed_secret_opens_in_its_own_project_only_even_with_the_key_that_sealed_it() {
    let world = world().await;
    let (own, other) = (world.project("Own").await, world.project("Other").await);
    for (project, value) in [(&own, "canary-own"), (&other, "canary-other")] {
        let secrets = json!([{ "name": "key", "valueString": value }]);
        project
            .admin
            .post(&project.path("secrets"), &secrets)
            .await
            .must(200);
    }
    let partition = |project: &harness::world::Project| format!("P#{}", project.id);
    let rows = world.rows(&partition(&own)).await;
    // The secret alone first, then the key, too.
    for sort in ["SECRET#key", "SEAL"] {
        let row = rows.iter().find(|row| row["SK"]["S"] == sort).unwrap();
        let place = partition(&other);
        world
            .age((&place, sort), "sealed", row["sealed"].clone())
            .await;
        let refused = other.admin.get(&other.path("")).await;
        assert!(refused.status >= 500, "{}", refused.text);
        assert!(!refused.text.contains("canary"), "{}", refused.text);
    }
    let shown = own.admin.get(&own.path("")).await.must(200);
    assert!(shown.text.contains("canary-own"));
    assert!(!json!(rows).to_string().contains("canary"));
}
