//! What must be seen nowhere: secrets, tokens and people in logs, secrets in rows, addresses in keys.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use harness::proxy::{Fault, Plan};
use harness::world::{Client, Project, Request, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::accounts::{Link, letters};
use crate::ledger::Ledger;
use crate::sign_in::{person as person_of, tokens};
use crate::world::{create, start};

const EMAIL: &str = "canary.address@example.com";
const NAME: &str = "Canaryname";
const PASSWORD: &str = "canary-password-1";
const CHOSEN: &str = "canary-password-2";
const PROVIDER_SECRET: &str = "canary-provider-secret";
const PROVIDER_KEY: &str = "canary-provider-key";
const PROJECT_SECRET: &str = "canary-project-secret";
const EXTERNAL_ID: &str = "canary-external-id";

/// A world in which every endpoint has seen every canary, in good requests and in bad ones.
struct Mine {
    world: World,
    project: Project,
    /// The application whose secret is among them.
    program: String,
    /// What no row may hold in clear, and no log line at all.
    secrets: Vec<String>,
}

async fn mine() -> &'static Mine {
    static MINE: OnceCell<Mine> = OnceCell::const_new();
    MINE.get_or_init(sing).await
}

async fn sing() -> Mine {
    let world = start(2, Plan::default()).await;
    let project = world.project(NAME).await;
    let provider = json!({ "clientId": NAME, "clientSecret": PROVIDER_SECRET, "userInfoApiKey": PROVIDER_KEY });
    let domain = json!({ "resourceType": "DomainConfiguration", "domain": "canary.example.com", "identityProvider": provider });
    create(world.root(), domain).await;
    let made = project
        .admin
        .post(
            &project.path("client"),
            &json!({ "name": NAME, "identityProvider": provider }),
        )
        .await
        .must(201);
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    let own = json!([{ "name": "key", "valueString": PROJECT_SECRET }]);
    let path = project.path("secrets");
    project.admin.post(&path, &own).await.must(200);
    let client = world.anonymous().basic(made.id(), &secret);
    let token = bearer(&client).await;
    let invited = project
        .invite(&project.admin, &person())
        .await
        .must(200)
        .body;
    let letter = world.letter_to(EMAIL).await.expect("the letter");
    let link = Link::read(&letter.text, "setpassword");
    link.set(&world, CHOSEN).await.must(200);
    link.set(&world, CHOSEN).await.must(400);
    let forgotten = json!({ "email": EMAIL, "projectId": project.id });
    let nobody = world.anonymous();
    nobody
        .post("/auth/resetpassword", &forgotten)
        .await
        .must(200);
    let letters = letters(&world, EMAIL, 2).await;
    let reset = Link::read(&letters[1], "setpassword");
    reset.set(&world, "short").await.must(400);
    reset.set(&world, CHOSEN).await.must(200);
    everywhere(&world, &project, (&client, &token)).await;
    failing(&world, &project, &invited).await;
    let basic = BASE64_STANDARD.encode(format!("{}:{secret}", made.id()));
    let seed = seed(&world, &project).await;
    Mine {
        program: made.id().to_owned(),
        world,
        project,
        secrets: vec![
            secret,
            token,
            link.secret,
            reset.secret,
            basic,
            PASSWORD.to_owned(),
            CHOSEN.to_owned(),
            PROVIDER_SECRET.to_owned(),
            PROVIDER_KEY.to_owned(),
            PROJECT_SECRET.to_owned(),
            seed,
        ],
    }
}

/// The seed of somebody's second factor.
async fn seed(world: &World, project: &Project) -> String {
    let (email, _) = person_of(project, "seed", json!({})).await;
    let tokens = tokens(world, &email).await;
    let caller = world.anonymous();
    let caller = caller.bearer(tokens["access_token"].as_str().unwrap());
    let status = caller.get("/auth/mfa/status").await.must(200).body;
    let uri = status["enrollUri"].as_str().unwrap();
    let (_, seed) = uri.split_once("secret=").unwrap();
    seed.split('&').next().unwrap().to_owned()
}

async fn bearer(client: &Client) -> String {
    let form = "grant_type=client_credentials".to_owned();
    let request =
        Request::new("POST", "/oauth2/token").body("application/x-www-form-urlencoded", form);
    let answer = client.send(request).await.must(200);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

fn person() -> Value {
    json!({
        "resourceType": "Patient", "firstName": NAME, "lastName": NAME, "email": EMAIL, "password": PASSWORD,
        "externalId": EXTERNAL_ID, "scope": "project",
    })
}

/// Sends every route good and bad bodies, with good and bad credentials, a canary in each part.
async fn everywhere(world: &World, project: &Project, (client, token): (&Client, &str)) {
    let callers = [
        world.root().clone(),
        project.admin.clone(),
        client.clone(),
        world.anonymous().bearer(token),
        world.anonymous().bearer(&format!("{token}x")),
        world.anonymous().basic(client.id(), PASSWORD),
    ];
    let broken = format!("{{\"email\": \"{EMAIL}\", \"password\": \"{PASSWORD}\"");
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={PASSWORD}",
        client.id()
    );
    let bodies = [
        ("application/json", person().to_string()),
        (
            "application/json",
            json!({ "resourceType": "Project", "name": NAME, "email": EMAIL }).to_string(),
        ),
        ("application/fhir+json", broken),
        ("application/x-www-form-urlencoded", form),
    ];
    for route in gateway::ROUTES {
        let path = route
            .path
            .replace("{projectId}", &project.id)
            .replace("{resourceType}", "Practitioner");
        let path = path
            .replace("{membershipId}", EXTERNAL_ID)
            .replace("{id}", EXTERNAL_ID);
        let path = format!("{path}?email={EMAIL}&name={NAME}&secret={PASSWORD}");
        for caller in &callers {
            for (kind, body) in bodies.iter().filter(|_| route.method == "POST") {
                let request =
                    Request::new(route.method, &path).header("idempotency-key", EXTERNAL_ID);
                caller.send(request.body(kind, body.clone())).await;
            }
            caller.send(Request::new(route.method, &path)).await;
        }
    }
    project
        .admin
        .get(&format!("/nowhere/{EMAIL}?token={PASSWORD}"))
        .await;
}

/// Lets the table fail below requests that hold canaries.
async fn failing(world: &World, project: &Project, member: &Value) {
    let path = project.path(&format!("members/{}", member["id"].as_str().unwrap()));
    for fault in [
        Fault::Throttle,
        Fault::ServerError,
        Fault::LostRequest,
        Fault::Unprocessed,
    ] {
        world.proxy().lay(Plan::new(1).sometimes("*", 1.0, fault));
        project.invite(&project.admin, &person()).await;
        project.admin.post(&path, member).await;
        project.admin.get(&path).await;
    }
    world.proxy().lay(Plan::default());
    let mut refused = person();
    refused["email"] = json!("canary.mailfail@example.com");
    refused["externalId"] = json!("canary-other");
    refused["password"] = Value::Null;
    project.invite(&project.admin, &refused).await.must(200);
    for _ in 0..200 {
        let ledger = Ledger::read(world).await;
        let invitations = ledger.invitations(&project.id);
        if invitations.iter().any(|row| row["delivery"] == "failed") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the letter never failed");
}

#[tokio::test]
async fn no_log_line_holds_a_secret_a_token_an_address_or_a_name() {
    let mine = mine().await;
    let lines = mine.world.host().logs();
    assert!(lines.len() > 100, "the functions log");
    let people = [EMAIL, NAME, EXTERNAL_ID, "canary.mailfail", "canary."].map(str::to_owned);
    for line in &lines {
        for canary in mine.secrets.iter().chain(&people) {
            assert!(
                !line.text.contains(canary.as_str()),
                "{}: {}",
                line.function,
                line.text
            );
        }
    }
}

/// What one who is no administrator may ask for, with every secret of his project behind it.
fn questions(mine: &Mine) -> Vec<Request> {
    let program = format!("ClientApplication/{}", mine.program);
    let project = format!("Project/{}", mine.project.id);
    let fhir = [
        program.clone(),
        format!("{program}/_history"),
        "ClientApplication".to_owned(),
        "ClientApplication?_fields=secret,identityProvider".to_owned(),
        "ProjectMembership?_include=ProjectMembership:profile".to_owned(),
        "Project".to_owned(),
        project.clone(),
        format!("{project}/_history"),
        "DomainConfiguration".to_owned(),
        "User".to_owned(),
        "AuditEvent".to_owned(),
    ];
    let mut asked: Vec<Request> = fhir
        .iter()
        .map(|path| Request::new("GET", &format!("/fhir/R4/{path}")))
        .collect();
    let query = "{ ClientApplicationList { id name secret retiringSecret } ProjectList { secret { name valueString } } }";
    let query = json!({ "query": query });
    asked.push(Request::new("POST", "/fhir/R4/$graphql").json(&query));
    for path in ["/auth/me", "/auth/mfa/status"] {
        asked.push(Request::new("GET", path));
    }
    asked.push(Request::new(
        "GET",
        &format!("/admin/projects/{}", mine.project.id),
    ));
    asked
}

#[tokio::test]
async fn no_answer_to_a_member_who_is_no_administrator_holds_a_secret() {
    let mine = mine().await;
    let everything =
        json!({ "resourceType": "AccessPolicy", "resource": [{ "resourceType": "*" }] });
    let everything = create(&mine.project.admin, everything).await;
    let policy =
        json!({ "reference": format!("AccessPolicy/{}", everything["id"].as_str().unwrap()) });
    let policy = json!({ "membership": { "accessPolicy": policy } });
    for (name, more) in [("plain", json!({})), ("everything", policy)] {
        let (email, _) = person_of(&mine.project, name, more).await;
        let tokens = tokens(&mine.world, &email).await;
        let caller = mine.world.anonymous();
        let caller = caller.bearer(tokens["access_token"].as_str().unwrap());
        let mut shown = 0;
        for question in questions(mine) {
            let answer = caller.send(question).await;
            shown += usize::from(answer.status == 200);
            for secret in &mine.secrets {
                let words = answer.text.contains(secret.as_str());
                assert!(!words, "{name}: {}", answer.text);
            }
        }
        assert!(shown > 2, "{name} asks for what he may see");
    }
    // An administrator is shown what his project sealed: the canaries sing.
    let program = format!("/fhir/R4/ClientApplication/{}", mine.program);
    let shown = mine.project.admin.get(&program).await.must(200);
    assert!(shown.text.contains(PROVIDER_SECRET) && shown.text.contains(&mine.secrets[0]));
}

#[tokio::test]
async fn no_row_holds_a_secret_in_clear() {
    let mine = mine().await;
    for row in mine.world.every_row().await {
        let text = row.to_string();
        for secret in &mine.secrets {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
}

#[tokio::test]
async fn no_key_of_the_table_or_of_an_index_holds_an_address_or_an_external_id() {
    let mine = mine().await;
    let rows = mine.world.every_row().await;
    assert!(rows.len() > 50);
    for row in rows {
        for key in ["PK", "SK", "id", "updP", "upd", "nameP", "nameS", "profP"] {
            let key = row[key]["S"].as_str().unwrap_or_default();
            assert!(!key.contains('@') && !key.contains(EXTERNAL_ID), "{row}");
        }
    }
}

#[tokio::test]
async fn no_answer_to_a_wrong_request_repeats_a_password() {
    let mine = mine().await;
    let world = &mine.world;
    let project = world.project("Parrot").await;
    let mut body = person();
    body["password"] = json!("short");
    let answer = project.invite(&project.admin, &body).await.must(400);
    assert!(!answer.text.contains("\"short\""), "{}", answer.text);
    let answer = world
        .anonymous()
        .basic(project.admin.id(), PASSWORD)
        .get("/auth/me")
        .await;
    assert_eq!(answer.status, 401);
    assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
}
