//! People who come by themselves.

use harness::world::{Answer, Project, World};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::sign_in::{VERIFIER, me, redeem};
use crate::world::{address, create, options, with, world};

const PASSWORD: &str = "correct-horse-9";

/// What somebody sends who registers.
pub(crate) fn account(email: &str) -> Value {
    json!({
        "firstName": "Alice", "lastName": "Smith", "email": email, "password": PASSWORD, "recaptchaToken": "",
        "remember": true, "codeChallenge": VERIFIER, "codeChallengeMethod": "plain",
    })
}

pub(crate) async fn register(world: &World, body: &Value) -> Answer {
    world.anonymous().post("/auth/newuser", body).await
}

/// The login of a new user.
pub(crate) async fn login(world: &World, body: &Value) -> String {
    let answer = register(world, body).await.must(200);
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "never a code");
    answer.body["login"].as_str().unwrap().to_owned()
}

pub(crate) async fn new_project(world: &World, login: &str) -> Answer {
    let body = json!({ "login": login, "projectName": "Alice Project" });
    world.anonymous().post("/auth/newproject", &body).await
}

pub(crate) async fn new_patient(world: &World, login: &str, project: &str) -> Answer {
    let body = json!({ "login": login, "projectId": project });
    world.anonymous().post("/auth/newpatient", &body).await
}

/// A project that is open to patients who register themselves: made with its default policy by the first administrator of it.
pub(crate) async fn open(world: &World, name: &str) -> (Project, Value) {
    let project = world.project(name).await;
    let policy = create(
        &project.admin,
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "Patient" }] }),
    )
    .await;
    let reference =
        json!({ "reference": format!("AccessPolicy/{}", policy["id"].as_str().unwrap()) });
    let row = world.rows(&format!("P#{}", project.id)).await;
    let row = row.iter().find(|row| row["SK"]["S"] == "META").unwrap();
    let mut body: Value = serde_json::from_str(row["body"]["S"].as_str().unwrap()).unwrap();
    body["defaultPatientAccessPolicy"] = reference.clone();
    let place = format!("P#{}", project.id);
    let text = json!({ "S": body.to_string() });
    world.age((&place, "META"), "body", text).await;
    (project, reference)
}

#[tokio::test]
async fn a_new_user_makes_a_project_and_administers_it() {
    let world = world().await;
    let email = address("alice", &world.project("Newcomers").await);
    let login = login(world, &account(&email.to_uppercase())).await;
    let status = world.anonymous().get(&format!("/auth/login/{login}")).await;
    assert_eq!(status.must(200).body, json!({ "login": login }));
    let made = new_project(world, &login).await.must(200);
    assert_eq!(made.body["login"], login.as_str());
    let tokens = redeem(world, made.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    let seen = me(world, &tokens).await.must(200).body;
    assert_eq!(seen["user"]["email"], email);
    assert_eq!(seen["project"]["name"], "Alice Project");
    assert_eq!(seen["project"]["strictMode"], true);
    assert_eq!(seen["membership"]["admin"], true);
    let caller = world
        .anonymous()
        .bearer(tokens["access_token"].as_str().unwrap());
    let listed = caller
        .get("/fhir/R4/ProjectMembership?_total=accurate")
        .await
        .must(200);
    assert_eq!(listed.body["total"], 2, "the owner and the default client");
    let again = new_project(world, &login).await.must(400);
    assert_eq!(again.issue_text(), "Login already has a membership");
    let ledger = Ledger::read(world).await;
    ledger.must_hold();
    let project = seen["project"]["id"].as_str().unwrap();
    assert!(
        ledger
            .events(project)
            .iter()
            .any(|event| event["operation"] == "register-project")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said_as_recorded() {
    let world = world().await;
    let email = address("alice", &world.project("Refused").await);
    login(world, &account(&email)).await;
    for taken in [email.clone(), email.to_uppercase()] {
        let answer = register(world, &account(&taken)).await.must(400);
        assert_eq!(
            (answer.issue_text(), answer.expression()),
            ("Email already registered", "email")
        );
    }
    let fresh = account(&format!("x.{email}"));
    let password = "Password must be between 8 and 72 characters";
    let cases = [
        (json!({ "password": "abc" }), password, "password"),
        (json!({ "password": "x".repeat(300) }), password, "password"),
        (json!({ "password": "é".repeat(40) }), password, "password"),
        (
            json!({ "password": "breached-password" }),
            "Password found in breach database",
            "password",
        ),
        (
            json!({ "firstName": "" }),
            "First name must be between 1 and 128 characters",
            "firstName",
        ),
        (
            json!({ "lastName": "x".repeat(129) }),
            "Last name must be between 1 and 128 characters",
            "lastName",
        ),
        (
            json!({ "email": "nope" }),
            "Valid email address between 3 and 72 characters is required",
            "email",
        ),
        (
            json!({ "codeChallenge": "" }),
            "Invalid code challenge",
            "code_challenge",
        ),
    ];
    for (change, text, field) in cases {
        let answer = register(world, &with(fresh.clone(), change))
            .await
            .must(400);
        assert_eq!((answer.issue_text(), answer.expression()), (text, field));
    }
    let nothing = register(world, &json!({})).await.must(400);
    let fields = nothing.body["issue"].as_array().unwrap().iter();
    let fields: Vec<_> = fields.map(|issue| issue["expression"][0].clone()).collect();
    assert_eq!(
        json!(fields),
        json!(["firstName", "lastName", "password", "email", "email"])
    );
    let unknown = "00000000-0000-4000-8000-000000000000";
    new_project(world, unknown).await.must(404);
    assert_eq!(
        new_project(world, "nope").await.must(400).issue_text(),
        "Login ID is required."
    );
    let short = json!({ "login": unknown, "projectName": "abc" });
    let short = world
        .anonymous()
        .post("/auth/newproject", &short)
        .await
        .must(400);
    assert_eq!(
        short.issue_text(),
        "Project name must be between 4 and 72 characters"
    );
    let missing = world
        .anonymous()
        .post("/auth/newpatient", &json!({}))
        .await
        .must(400);
    assert_eq!(missing.issue_text(), "Missing login");
    assert_eq!(
        missing.body["issue"][1]["details"]["text"],
        "Project ID is required"
    );
}

#[tokio::test]
async fn an_application_must_belong_to_the_project_that_is_named() {
    let world = world().await;
    let (project, other) = (world.project("App").await, world.project("Other").await);
    let body = with(
        account(&address("alice", &project)),
        json!({ "clientId": project.admin.id(), "projectId": other.id }),
    );
    let refused = register(world, &body).await.must(400);
    assert_eq!(refused.issue_text(), "Client and project do not match");
    let unknown = json!({ "clientId": "00000000-0000-4000-8000-000000000000" });
    register(world, &with(body.clone(), unknown))
        .await
        .must(404);
    login(world, &with(body, json!({ "projectId": project.id }))).await;
}

#[tokio::test]
async fn a_patient_registers_in_a_project_that_is_open_and_gets_its_policy() {
    let world = world().await;
    let closed = world.project("Closed").await;
    let (project, policy) = open(world, "Open").await;
    let account = |name: &str, project: &Project| {
        with(
            account(&address(name, project)),
            json!({ "projectId": project.id }),
        )
    };
    let stranger = login(world, &account("homer", &closed)).await;
    let refused = new_patient(world, &stranger, &closed.id).await.must(400);
    assert_eq!(
        refused.issue_text(),
        "Project does not allow open registration"
    );
    let elsewhere = new_patient(world, &stranger, &project.id).await.must(400);
    assert_eq!(elsewhere.issue_text(), "User must be scoped to the project");
    let login = login(world, &account("homer", &project)).await;
    let own = new_project(world, &login).await.must(400);
    assert_eq!(
        own.issue_text(),
        "Project owner must not belong to another Project"
    );
    let made = new_patient(world, &login, &project.id).await.must(200);
    let tokens = redeem(world, made.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    let seen = me(world, &tokens).await.must(200).body;
    let path = project.path(&format!(
        "members/{}",
        seen["membership"]["id"].as_str().unwrap()
    ));
    let membership = project.admin.get(&path).await.must(200).body;
    assert_eq!(membership["accessPolicy"], policy);
    assert!(seen["profile"]["resourceType"] == "Patient");
    let again = new_patient(world, &login, &project.id).await.must(400);
    assert_eq!(again.issue_text(), "Login already has a membership");
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn one_address_may_have_an_account_above_all_projects_and_one_in_each() {
    let world = world().await;
    let (one, two) = (world.project("One").await, world.project("Two").await);
    let account = account(&address("alice", &one));
    login(world, &account).await;
    for project in [&one, &two] {
        let body = with(account.clone(), json!({ "projectId": project.id }));
        login(world, &body).await;
        register(world, &body).await.must(400);
    }
    Ledger::read(world).await.must_hold();
}

#[tokio::test]
async fn an_installation_may_be_closed_to_newcomers() {
    static WORLD: tokio::sync::OnceCell<World> = tokio::sync::OnceCell::const_new();
    let start = async || {
        let mut options = options(1, harness::proxy::Plan::default());
        options.environment = vec![("ROSTER_REGISTRATION".into(), "off".into())];
        World::start(options).await.unwrap()
    };
    let world = WORLD.get_or_init(start).await;
    let refused = register(world, &account("alice@example.com"))
        .await
        .must(400);
    assert_eq!(refused.issue_text(), "Registration is disabled");
}
