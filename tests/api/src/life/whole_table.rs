//! The whole table after the end of a project that had some of everything: no row says its id.

use harness::proxy::Plan;
use harness::world::{Request, World};
use serde_json::{Value, json};

use super::expunged::nothing_is_left;
use super::{Village, expunge, id, over};
use crate::ledger::{Ledger, text};
use crate::world::{address, invited, start};

const PASSWORD: &str = "correct horse";

/// A sign-in for a project alone, by who is a member of it: where there is nothing to choose, it has a code at once.
async fn sign_in(world: &World, email: &Value, project: &str) -> Value {
    let wish = json!({ "email": email, "password": PASSWORD, "projectId": project, "scope": "openid",
        "codeChallenge": "challenge", "codeChallengeMethod": "plain" });
    let answer = world.anonymous().post("/auth/login", &wish).await;
    answer.must(200).body
}

async fn code(world: &World, code: &Value) -> String {
    let form = format!(
        "grant_type=authorization_code&code={}&code_verifier=challenge",
        code.as_str().unwrap()
    );
    let request = Request::new("POST", "/oauth2/token");
    let request = request.body("application/x-www-form-urlencoded", form);
    let answer = world.anonymous().send(request).await.must(200);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

/// Somebody above projects, who was born here with a password.
async fn born(village: &Village, name: &str) -> Value {
    let body = json!({ "resourceType": "Practitioner", "firstName": "Lisa", "lastName": "Simpson",
        "email": address(name, &village.project), "password": PASSWORD, "sendEmail": false });
    invited(&village.project, &body).await
}

/// What people, applications and strangers leave behind: sessions of all sorts, answers to keys, refusals, resets.
async fn live(world: &World, village: &Village) {
    let (project, admin) = (&village.project, &village.project.admin);
    let own = project.id.as_str();
    // Sessions: of an application, of people who stay, of one who leaves, and one that never got a membership.
    admin.token().await.get("/auth/me").await.must(200);
    let (stays, leaves) = (born(village, "lisa").await, born(village, "otto").await);
    for member in [&village.homer, &stays, &leaves] {
        let begun = sign_in(world, &member["user"]["display"], own).await;
        code(world, &begun["code"]).await;
    }
    let twice = json!({ "resourceType": "Practitioner", "firstName": "Lisa", "lastName": "Simpson",
        "email": stays["user"]["display"], "forceNewMembership": true, "sendEmail": false });
    invited(project, &twice).await;
    let begun = sign_in(world, &stays["user"]["display"], own).await;
    assert!(begun["code"].is_null(), "{begun}");
    let gone = project.path(&format!("members/{}", id(&leaves)));
    admin.delete(&gone).await.must(200);
    // Answers to keys, and words that were claimed.
    let keyed = Request::new("POST", "/fhir/R4/Patient").header("idempotency-key", "once");
    let patient = json!({ "resourceType": "Patient" });
    admin.send(keyed.json(&patient)).await.must(201);
    let claimed = Request::new("POST", "/fhir/R4/Patient");
    let claimed = claimed
        .header("if-none-exist", "identifier=1")
        .json(&patient);
    admin.send(claimed).await.must(201);
    // Refusals.
    let nobody = project.application("Nobody").await;
    let refused = nobody.post(&project.path("invite"), &json!({})).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    // Letters that strangers wanted to have sent, to whom it may concern and to nobody.
    for email in [
        &village.homer["user"]["display"],
        &json!("nobody@example.com"),
    ] {
        let wish = json!({ "email": email, "projectId": own });
        world
            .anonymous()
            .post("/auth/resetpassword", &wish)
            .await
            .must(200);
    }
    // An application that has gone, with its sessions.
    let brief = project.application("Brief").await;
    brief.token().await.get("/auth/me").await.must(200);
    let path = format!("/fhir/R4/ClientApplication/{}", brief.id());
    let clients = project.path("members/");
    let members = format!(
        "/fhir/R4/ProjectMembership?profile=ClientApplication/{}",
        brief.id()
    );
    let found = admin.get(&members).await.must(200);
    let member = found.body["entry"][0]["resource"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    admin.delete(&format!("{clients}{member}")).await.must(200);
    admin.delete(&path).await.must(200);
}

/// The kinds of rows that outlived a project once, by the beginning of their keys.
const KINDS: [&str; 8] = [
    "LOGIN#",
    "CLIENT#",
    "REQUEST#",
    "U#",
    "UQ#",
    "K#",
    "N#RESETS",
    "N#REFUSALS",
];

/// Which of these kinds of rows say a project's id.
fn kinds(ledger: &Ledger, project: &str) -> Vec<&'static str> {
    let rows = ledger.naming(project);
    let key = |row: &Value| {
        let own = format!("P#{project}#");
        let pk = text(row, "PK");
        let sk = text(row, "SK");
        let pk = pk.strip_prefix(&own).unwrap_or(&pk).to_owned();
        if pk == "N" { format!("N#{sk}") } else { pk }
    };
    let keys: Vec<String> = rows.into_iter().map(key).collect();
    let there = KINDS.into_iter();
    there
        .filter(|kind| keys.iter().any(|key| key.starts_with(kind)))
        .collect()
}

#[tokio::test]
async fn no_row_of_the_whole_table_says_the_id_of_a_project_that_has_ended() {
    let world = start(4, Plan::default()).await;
    let village = Village::found(&world, "Forgotten").await;
    live(&world, &village).await;
    let project = village.project.id.as_str();
    let before = Ledger::read(&world).await;
    assert_eq!(
        kinds(&before, project),
        KINDS,
        "the life was not full enough"
    );
    let births = before.naming(&format!("\"bornIn\":\"{project}\""));
    assert!(births.len() >= 4, "{births:?}");
    let accepted = expunge(world.root(), "Project", project).await.must(202);
    let job = over(world.root(), &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    let after = Ledger::read(&world).await;
    nothing_is_left(&after, project);
    after.must_hold();
    // Nor does a session say whose it was.
    assert!(after.naming(village.project.admin.id()).iter().all(|row| {
        let pk = text(row, "PK");
        pk.starts_with("JOB#") || pk.contains("#A#")
    }));
}
