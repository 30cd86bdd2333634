//! The guide to projects, sentence by sentence, as far as this product has to do with it.

use harness::world::{Client, Project, World};
use serde_json::{Value, json};

use crate::accounts::arrivals::{account, login, new_patient, new_project, open};
use crate::sign_in::{me, person, redeem, sign_in, wish as wish_of};
use crate::world::{address, alice, create, invited, options, with, world};

/// A project with these fields of its own, and its administrator.
async fn project_with(world: &World, fields: Value) -> (String, Client) {
    let body = with(
        json!({ "resourceType": "Project", "name": "Guided" }),
        fields,
    );
    let made = world.root().post("/fhir/R4/Project", &body).await.must(201);
    let id = made.id().to_owned();
    let path = format!("/admin/projects/{id}/client");
    let client = json!({ "name": "Administrator" });
    let client = world.root().post(&path, &client).await.must(201);
    let secret = client.body["secret"].as_str().unwrap();
    let admin = world.anonymous().basic(client.id(), secret);
    let path = format!(
        "/fhir/R4/ProjectMembership?project=Project/{id}&user=ClientApplication/{}",
        client.id()
    );
    let found = world.root().get(&path).await.must(200);
    let member = with(
        found.body["entry"][0]["resource"].clone(),
        json!({ "admin": true }),
    );
    let path = format!(
        "/admin/projects/{id}/members/{}",
        member["id"].as_str().unwrap()
    );
    world.root().post(&path, &member).await.must(200);
    (id, admin)
}

fn path_of(resource: &Value) -> String {
    format!(
        "/fhir/R4/{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    )
}

/// "Projects are isolated containers of FHIR resources that are administered separately".
#[tokio::test]
async fn projects_are_isolated_containers_administered_separately() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let patient = create(&one.admin, json!({ "resourceType": "Patient" })).await;
    one.admin.get(&path_of(&patient)).await.must(200);
    two.admin.get(&path_of(&patient)).await.must(404);
    one.admin
        .get(&format!("/admin/projects/{}", two.id))
        .await
        .must(403);
}

/// "Projects can provide each of these partners their own isolated environments, that have their own patient data, log-in flows, and
/// project administrators."
#[tokio::test]
async fn each_partner_has_patients_logins_and_administrators_of_his_own() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    // The same person, twice, without any link between the two.
    let mut users = Vec::new();
    for project in [&one, &two] {
        let homer = json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
            "email": address("homer", &one), "sendEmail": false });
        users.push(invited(project, &homer).await["user"]["reference"].clone());
    }
    assert_ne!(users[0], users[1]);
    // Each has his own way in, with his own password, and it leads nowhere else.
    let email = address("bart", &one);
    for (project, password) in [(&one, "the first password"), (&two, "the second password")] {
        let bart = json!({ "resourceType": "Patient", "firstName": "Bart", "lastName": "Simpson",
            "email": email, "password": password, "sendEmail": false });
        invited(project, &bart).await;
    }
    for (project, password, status) in [
        (&one, "the first password", 200),
        (&two, "the second password", 200),
        (&two, "the first password", 400),
    ] {
        let wish = json!({ "password": password, "projectId": project.id });
        let answer = sign_in(world, &with(wish_of(&email), wish)).await;
        let answer = answer.must(status);
        if status == 200 {
            let tokens = redeem(world, answer.body["code"].as_str().unwrap()).await;
            let seen = me(world, &tokens.must(200).body).await.must(200).body;
            assert_eq!(seen["project"]["id"], project.id.as_str());
        }
    }
    // And each is administered by its own people alone.
    let members = two.path("members/11111111-2222-4333-8444-555555555555");
    one.admin.get(&members).await.must(403);
}

/// "For performance and convenience, the Medplum server provides some system level, read-only resources that are shared between projects.
/// Examples include StructureDefinitions and ValueSets."
#[tokio::test]
async fn definitions_are_there_for_every_project_and_nobody_writes_them() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    for (search, url) in [
        (
            "StructureDefinition?name:exact=Patient",
            "http://hl7.org/fhir/StructureDefinition/Patient",
        ),
        (
            "ValueSet?url=http://hl7.org/fhir/ValueSet/administrative-gender",
            "http://hl7.org/fhir/ValueSet/administrative-gender",
        ),
    ] {
        let mut shared = Vec::new();
        for project in [&one, &two] {
            let found = project.admin.get(&format!("/fhir/R4/{search}")).await;
            let found = found.must(200).body;
            let mut entries = found["entry"].as_array().unwrap().iter();
            let found = entries.find(|it| it["resource"]["url"] == url);
            shared.push(found.unwrap()["resource"].clone());
        }
        assert_eq!(shared[0], shared[1]);
        let changed = with(shared[0].clone(), json!({ "name": "Another" }));
        let refused = one.admin.put(&path_of(&shared[0]), &changed).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text);
        let still = two.admin.get(&path_of(&shared[0])).await.must(200).body;
        assert_eq!(still["name"], shared[0]["name"]);
    }
}

/// "Resources within one project cannot reference resources in another."
#[tokio::test]
async fn resources_within_one_project_cannot_reference_resources_in_another() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let patient = create(&one.admin, json!({ "resourceType": "Patient" })).await;
    let id = patient["id"].as_str().unwrap();
    let observation = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" },
        "subject": { "reference": format!("Patient/{id}") } });
    let refused = two.admin.post("/fhir/R4/Observation", &observation).await;
    let refused = refused.must(400);
    assert_eq!(refused.issue_text(), "Invalid reference (Not found)");
    assert_eq!(refused.expression(), "Observation.subject");
    create(&one.admin, observation).await;
}

/// "A user can be a member of one, or multiple Projects, with different privileges in each."
#[tokio::test]
async fn a_user_can_be_a_member_of_several_projects_with_different_privileges_in_each() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let body = with(
        alice(&address("alice", &one)),
        json!({ "sendEmail": false }),
    );
    let there = with(body.clone(), json!({ "membership": { "admin": true } }));
    let (here, there) = (invited(&one, &body).await, invited(&two, &there).await);
    assert_eq!(here["user"]["reference"], there["user"]["reference"]);
    assert_eq!((here.get("admin"), &there["admin"]), (None, &json!(true)));
}

/// "Projects can each be configured with own global settings and secrets"; "Each Project can store a set of key/value pairs to store
/// configuration values, such as API keys".
#[tokio::test]
async fn each_project_stores_settings_and_secrets_of_its_own() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    for (project, value) in [(&one, "first"), (&two, "second")] {
        let secrets = json!([{ "name": "API_KEY", "valueString": value }]);
        let path = project.path("secrets");
        project.admin.post(&path, &secrets).await.must(200);
    }
    for (project, value) in [(&one, "first"), (&two, "second")] {
        let path = format!("/admin/projects/{}", project.id);
        let shown = project.admin.get(&path).await.must(200);
        assert_eq!(shown.body["project"]["secret"][0]["valueString"], value);
    }
}

/// "This is a special project that provides a global view over all the resources on the Medplum server."
#[tokio::test]
async fn the_super_admin_project_has_a_view_over_all_resources_and_no_other_project_has() {
    let world = world().await;
    let one = world.project("One").await;
    let patient = create(&one.admin, json!({ "resourceType": "Patient" })).await;
    world.root().get(&path_of(&patient)).await.must(200);
    let project = format!("/fhir/R4/Project/{}", one.id);
    let seen = world.root().get(&project).await.must(200);
    assert_eq!(
        seen.body.get("superAdmin"),
        None,
        "false unless it is that one"
    );
    let (id, admin) = project_with(world, json!({})).await;
    assert_ne!(id, one.id);
    admin.get(&path_of(&patient)).await.must(404);
}

/// "Sign in with an existing user, or enter the details for a new user account. Enter your project name."
#[tokio::test]
async fn a_new_user_enters_a_project_name_and_has_a_project() {
    let world = world().await;
    let email = address("alice", &world.project("Newcomers").await);
    let login = login(world, &account(&email)).await;
    let made = new_project(world, &login).await.must(200);
    let tokens = redeem(world, made.body["code"].as_str().unwrap()).await;
    let seen = me(world, &tokens.must(200).body).await.must(200).body;
    assert_eq!(seen["project"]["name"], "Alice Project");
    assert_eq!(seen["project"]["strictMode"], true);
    assert_eq!(seen["membership"]["admin"], true);
}

/// "Sign in with an existing user".
#[tokio::test]
async fn an_existing_user_enters_a_project_name_and_has_another_project() {
    let world = world().await;
    let project = world.project("First").await;
    let (email, _) = person(&project, "alice", json!({})).await;
    let wish = with(wish_of(&email), json!({ "projectId": "new" }));
    let login = sign_in(world, &wish).await.must(200).body["login"].clone();
    let made = new_project(world, login.as_str().unwrap()).await.must(200);
    let tokens = redeem(world, made.body["code"].as_str().unwrap()).await;
    let seen = me(world, &tokens.must(200).body).await.must(200).body;
    assert_eq!(seen["project"]["name"], "Alice Project");
    assert_eq!(seen["membership"]["admin"], true);
    // She is a member of both, and chooses.
    let offered = sign_in(world, &wish_of(&email)).await.must(200).body;
    let offered = offered["memberships"].as_array().unwrap();
    assert_eq!(offered.len(), 2);
}

/// An installation may keep the beginning of projects to its administrators.
#[tokio::test]
async fn an_installation_says_whether_members_may_begin_projects() {
    let mut options = options(1, harness::proxy::Plan::default());
    options.environment = vec![("ROSTER_PROJECTS_BY_MEMBERS".into(), "off".into())];
    let closed = World::start(options).await.unwrap();
    let init = json!({ "name": "Started" });
    for (world, status) in [(&closed, 403), (world().await, 201)] {
        let project = world.project("Members").await;
        let path = "/fhir/R4/Project/$init";
        project.admin.post(path, &init).await.must(status);
        world.root().post(path, &init).await.must(201);
    }
}

/// "strictMode: whether this project uses strict FHIR validation".
#[tokio::test]
async fn strict_mode_holds_resources_against_their_definitions() {
    let world = world().await;
    let bogus = json!({ "resourceType": "Patient", "bogus": true });
    let (_, strict) = project_with(world, json!({ "strictMode": true })).await;
    let refused = strict.post("/fhir/R4/Patient", &bogus).await.must(400);
    assert_eq!(refused.expression(), "Patient.bogus");
    let (_, lax) = project_with(world, json!({ "strictMode": false })).await;
    lax.post("/fhir/R4/Patient", &bogus).await.must(201);
    // It is what a project is unless it says otherwise.
    let (_, unsaid) = project_with(world, json!({})).await;
    unsaid.post("/fhir/R4/Patient", &bogus).await.must(400);
}

/// "checkReferencesOnWrite: if true, the server will reject any create or write operations to a FHIR resource with invalid references";
/// false unless said.
#[tokio::test]
async fn references_are_checked_on_write_if_the_project_says_so() {
    let world = world().await;
    let dangling = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" },
        "subject": { "reference": "Patient/11111111-2222-4333-8444-555555555555" } });
    let checked = json!({ "checkReferencesOnWrite": true });
    let (_, careful) = project_with(world, checked).await;
    let refused = careful.post("/fhir/R4/Observation", &dangling).await;
    assert_eq!(refused.must(400).expression(), "Observation.subject");
    let (_, careless) = project_with(world, json!({})).await;
    careless
        .post("/fhir/R4/Observation", &dangling)
        .await
        .must(201);
}

/// "features: a list of optional features that are enabled for the project."
#[tokio::test]
async fn features_are_those_that_exist() {
    let world = world().await;
    let body = json!({ "resourceType": "Project", "name": "Featured", "features": ["bots", "transaction-bundles"] });
    let made = world.root().post("/fhir/R4/Project", &body).await.must(201);
    assert_eq!(made.body["features"], body["features"]);
    let unknown = with(body, json!({ "features": ["bots", "time-travel"] }));
    let refused = world.root().post("/fhir/R4/Project", &unknown).await;
    assert_eq!(refused.must(400).expression(), "Project.features[1]");
}

/// "defaultPatientAccessPolicy: the default AccessPolicy applied to all Patient Users invited to this Project. This is required to enable
/// open patient registration."
#[tokio::test]
async fn the_default_policy_is_given_to_invited_patients_and_opens_registration() {
    let world = world().await;
    let (project, policy) = open(world, "Open").await;
    let homer = |project: &Project| {
        json!({ "resourceType": "Patient", "firstName": "Homer", "lastName": "Simpson",
            "email": address("homer", project), "sendEmail": false })
    };
    let member = invited(&project, &homer(&project)).await;
    assert_eq!(member["accessPolicy"], policy);
    let closed = world.project("Closed").await;
    let member = invited(&closed, &homer(&closed)).await;
    assert_eq!(member.get("accessPolicy"), None);
    for (project, status) in [(&project, 200), (&closed, 400)] {
        let newcomer = with(
            account(&address("bart", project)),
            json!({ "projectId": project.id }),
        );
        let login = login(world, &newcomer).await;
        new_patient(world, &login, &project.id).await.must(status);
    }
}

/// "$clone - Make a copy of an existing Project and all its resources."
#[tokio::test]
async fn clone_makes_a_copy_of_a_project_and_all_its_resources() {
    let world = world().await;
    let project = world.project("Original").await;
    create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let path = format!("/fhir/R4/Project/{}/$clone", project.id);
    let copy = world.root().post(&path, &json!({})).await.must(201);
    assert_ne!(copy.id(), project.id);
    let patients = format!("/fhir/R4/Patient?_project={}", copy.id());
    let patients = world.root().get(&patients).await.must(200);
    assert_eq!(patients.body["entry"].as_array().unwrap().len(), 1);
}

/// "$expunge - Perform a hard delete of Project and all its resources. This will remove all the related resource rows from the database."
#[tokio::test]
async fn expunge_removes_a_project_and_all_the_rows_of_its_resources() {
    let world = world().await;
    let project = world.project("Ending").await;
    create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let path = format!("/fhir/R4/Project/{}/$expunge", project.id);
    let accepted = world.root().post(&path, &json!({})).await.must(202);
    crate::life::over(world.root(), &accepted).await;
    for part in ["", "#M", "#R", "#I", "#C"] {
        let rows = world.rows(&format!("P#{}{part}", project.id)).await;
        assert!(rows.is_empty(), "{rows:?}");
    }
}
