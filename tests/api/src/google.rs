//! People sign in with their Google accounts. Google's keys are stood in for at their socket.

use harness::proxy::Plan;
use harness::world::{Answer, Client, Project, World};
use serde_json::{Value, json};

use crate::assertions::{Key, publish};
use crate::sign_in::{redeem, wish};
use crate::world::{address, alice, create, invited, options, with};

const OWN: &str = "own.apps.example.com";

/// A world in which the one key of Google's is ours, and `OWN` is the installation's application there.
struct Google {
    world: World,
    key: Key,
}

impl Google {
    async fn start(registration: &str) -> Self {
        let key = Key::new("ES256", "google");
        let (keys, _) = publish(&[&key]).await;
        let mut options = options(1, Plan::default());
        let variables = [
            ("ROSTER_GOOGLE_KEYS_URL", keys.as_str()),
            ("ROSTER_GOOGLE_CLIENT_ID", OWN),
            ("ROSTER_REGISTRATION", registration),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.environment = variables.to_vec();
        let world = World::start(options).await.unwrap();
        Self { world, key }
    }

    fn claims(client: &str, email: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": "https://accounts.google.com", "aud": client, "sub": "1234", "email": email, "email_verified": true,
            "given_name": "Alice", "family_name": "Smith", "picture": "https://example.com/alice.jpg",
            "iat": now, "exp": now + 300,
        })
    }

    async fn ask(&self, body: Value) -> Answer {
        let terms = wish("nobody@example.com");
        let proof = json!({ "codeChallenge": terms["codeChallenge"], "codeChallengeMethod": terms["codeChallengeMethod"] });
        let anonymous = self.world.anonymous();
        anonymous.post("/auth/google", &with(proof, body)).await
    }

    async fn sign_in(&self, client: &str, email: &str, more: Value) -> Answer {
        let credential = self.key.sign(&Self::claims(client, email));
        let body = json!({ "googleClientId": client, "googleCredential": credential });
        self.ask(with(body, more)).await
    }

    /// A project with a site of this application.
    async fn project(&self, name: &str, client: &str) -> Project {
        let project = self.world.project(name).await;
        let sites =
            json!([{ "name": "Portal", "domain": ["example.com"], "googleClientId": client }]);
        let path = project.path("sites");
        project.admin.post(&path, &sites).await.must(200);
        project
    }

    async fn tokens(&self, answer: &Answer) -> Client {
        let code = answer.body["code"].as_str().unwrap();
        let tokens = redeem(&self.world, code).await.must(200);
        let token = tokens.body["access_token"].as_str().unwrap();
        self.world.anonymous().bearer(token)
    }
}

fn said(answer: &Answer, text: &str) {
    let found = (answer.status, answer.issue_text());
    assert_eq!(found, (400, text), "{}", answer.text);
}

fn memberships(answer: &Answer) -> Vec<&str> {
    let all = answer.body["memberships"].as_array().unwrap();
    all.iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_google_has_not_signed_for_us_about_a_verified_address_signs_nobody_in() {
    let google = Google::start("on").await;
    let project = google.world.project("Believers").await;
    let email = address("alice", &project);
    invited(&project, &alice(&email)).await;
    let missing = google.ask(json!({})).await;
    let texts = missing.body["issue"].as_array().unwrap();
    let texts: Vec<_> = texts
        .iter()
        .map(|issue| issue["details"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        ["Missing googleClientId", "Missing googleCredential"]
    );
    let garbage = json!({ "googleClientId": "unknown", "googleCredential": "x" });
    said(&google.ask(garbage).await, "Invalid googleClientId");
    let garbage = json!({ "googleClientId": OWN, "googleCredential": "x" });
    said(&google.ask(garbage).await, "Verification failed");
    let wrong = [
        json!({ "aud": "another.apps.example.com" }),
        json!({ "iss": "https://accounts.example.com" }),
        json!({ "exp": 1_700_000_000 }),
    ];
    let good = Google::claims(OWN, &email);
    let shown =
        |credential: String| json!({ "googleClientId": OWN, "googleCredential": credential });
    for wrong in wrong {
        let credential = google.key.sign(&with(good.clone(), wrong));
        said(&google.ask(shown(credential)).await, "Verification failed");
    }
    let another = Key::new("ES256", "google").sign(&good);
    said(&google.ask(shown(another)).await, "Verification failed");
    for unverified in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email": null }),
    ] {
        let credential = google.key.sign(&with(good.clone(), unverified));
        said(
            &google.ask(shown(credential)).await,
            "External token does not contain email address",
        );
    }
    google.ask(shown(google.key.sign(&good))).await.must(200);
}

#[tokio::test]
async fn who_is_unknown_is_registered_only_where_he_asks_for_it_and_the_installation_lets_him() {
    let google = Google::start("on").await;
    let email = "newcomer@example.com";
    said(
        &google.sign_in(OWN, email, json!({})).await,
        "User not found",
    );
    let more = json!({ "createUser": true, "projectId": "new" });
    let begun = google.sign_in(OWN, email, more.clone()).await.must(200);
    assert!(
        begun.body["login"].is_string() && begun.body.as_object().unwrap().len() == 1,
        "{}",
        begun.text
    );
    // Again: it is the same user.
    let begun = google.sign_in(OWN, email, more.clone()).await.must(200);
    let body = json!({ "login": begun.body["login"], "projectName": "Smith Clinic" });
    let made = google
        .world
        .anonymous()
        .post("/auth/newproject", &body)
        .await
        .must(200);
    let me = google.tokens(&made).await.get("/auth/me").await.must(200);
    assert_eq!(me.body["user"]["email"], email);
    let found = google
        .world
        .root()
        .get(&format!("/fhir/R4/User?email={email}"))
        .await
        .must(200);
    let users = found.body["entry"].as_array().unwrap();
    assert_eq!(users.len(), 1);
    let user = &users[0]["resource"];
    assert_eq!(
        (
            &user["firstName"],
            &user["lastName"],
            &user["emailVerified"]
        ),
        (&json!("Alice"), &json!("Smith"), &json!(true))
    );
    let nowhere =
        json!({ "createUser": true, "projectId": "00000000-0000-4000-8000-00000000dead" });
    said(
        &google.sign_in(OWN, "x@example.com", nowhere).await,
        "Invalid projectId",
    );
    let closed = Google::start("off").await;
    said(
        &closed.sign_in(OWN, email, more).await,
        "Registration is disabled",
    );
}

#[tokio::test]
async fn a_site_registers_people_within_its_project() {
    let google = Google::start("on").await;
    let project = google.project("Portal", "portal.apps.example.com").await;
    let email = "visitor@example.com";
    let more = json!({ "createUser": true });
    let begun = google
        .sign_in("portal.apps.example.com", email, more.clone())
        .await
        .must(200);
    assert!(begun.body.get("code").is_none(), "{}", begun.text);
    let found = project
        .admin
        .get(&format!("/fhir/R4/User?email={email}"))
        .await
        .must(200);
    let user = &found.body["entry"][0]["resource"];
    assert_eq!(
        user["project"]["reference"],
        format!("Project/{}", project.id)
    );
    // Whoever lives above projects becomes no member by a project's site, and begins nothing there.
    let other = google.world.project("Elsewhere").await;
    let above = address("above", &other);
    invited(&other, &alice(&above)).await;
    let answer = google
        .sign_in("portal.apps.example.com", &above, more)
        .await;
    said(&answer, "User not found");
    let mismatch = json!({ "projectId": other.id });
    said(
        &google
            .sign_in("portal.apps.example.com", email, mismatch)
            .await,
        "Invalid projectId",
    );
    let application = other.application("Other").await;
    let mismatch = json!({ "clientId": application.id(), "projectId": project.id });
    said(
        &google
            .sign_in("portal.apps.example.com", email, mismatch)
            .await,
        "Invalid projectId",
    );
    // A member elsewhere is still a newcomer to an application's project.
    let body = json!({ "clientId": application.id(), "createUser": true });
    let member = address("member", &project);
    invited(&project, &alice(&member)).await;
    let begun = google.sign_in(OWN, &member, body).await.must(200);
    assert!(
        begun.body["login"].is_string() && begun.body.get("code").is_none(),
        "{}",
        begun.text
    );
    let mismatch = json!({ "clientId": application.id() });
    said(
        &google
            .sign_in("portal.apps.example.com", email, mismatch)
            .await,
        "Invalid projectId",
    );
}

#[tokio::test]
async fn a_site_of_two_projects_offers_the_memberships_there_and_no_others() {
    let google = Google::start("on").await;
    let client = "shared.apps.example.com";
    let one = google.project("One", client).await;
    let two = google.project("Two", client).await;
    let third = google.world.project("Third").await;
    let email = address("alice", &one);
    let mut ids = Vec::new();
    for project in [&one, &two, &third] {
        ids.push(
            invited(project, &alice(&email)).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let answer = google.sign_in(client, &email, json!({})).await.must(200);
    let mut offered = memberships(&answer);
    offered.sort_unstable();
    let mut wanted = vec![ids[0].as_str(), ids[1].as_str()];
    wanted.sort_unstable();
    assert_eq!(offered, wanted);
    let status = google.world.anonymous();
    let login = answer.body["login"].as_str().unwrap();
    let status = status.get(&format!("/auth/login/{login}")).await.must(200);
    assert_eq!(memberships(&status).len(), 2);
    let choose = |id: &str| json!({ "login": login, "profile": id });
    let beyond = google
        .world
        .anonymous()
        .post("/auth/profile", &choose(&ids[2]))
        .await;
    said(&beyond, "Profile not found");
    let chosen = google
        .world
        .anonymous()
        .post("/auth/profile", &choose(&ids[1]))
        .await
        .must(200);
    let member = google.tokens(&chosen).await;
    member.get("/auth/me").await.must(200);
    // It speaks for him in that project alone.
    member.get("/auth/mfa/status").await.must(403);
    member
        .post("/auth/mfa/enroll", &json!({ "token": "123456" }))
        .await
        .must(403);
    let own = google
        .sign_in(OWN, &email, json!({ "projectId": third.id }))
        .await
        .must(200);
    let everywhere = google.tokens(&own).await;
    let sessions = |me: &Answer| me.body["security"]["sessions"].as_array().unwrap().clone();
    let all = sessions(&everywhere.get("/auth/me").await.must(200));
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.iter().all(|session| session["authMethod"] == "google"));
    let seen = sessions(&member.get("/auth/me").await.must(200));
    assert_eq!(seen.len(), 1, "{seen:?}");
    let others = all.iter().find(|it| it["id"] != seen[0]["id"]).unwrap();
    let end = |session: &Value| json!({ "loginId": session["id"] });
    member.post("/auth/revoke", &end(others)).await.must(404);
    everywhere.get("/auth/mfa/status").await.must(200);
    // A site that is gone signs nobody in any more.
    two.admin
        .post(&two.path("sites"), &json!([]))
        .await
        .must(200);
    let answer = google.sign_in(client, &email, json!({})).await.must(200);
    assert!(answer.body["code"].is_string(), "{}", answer.text);
    member.post("/auth/revoke", &end(&seen[0])).await.must(200);
    member.get("/auth/me").await.must(401);
}

#[tokio::test]
async fn a_project_may_want_google_and_pictures_and_bar_addresses() {
    let google = Google::start("on").await;
    let project = google
        .project("Particular", "particular.apps.example.com")
        .await;
    let email = address("alice", &project);
    let member = invited(&project, &alice(&email)).await;
    let profile = member["profile"]["reference"].as_str().unwrap();
    let profile = format!("/fhir/R4/{profile}");
    google.sign_in(OWN, &email, json!({})).await.must(200);
    let before = project.admin.get(&profile).await.must(200);
    assert!(before.body.get("photo").is_none());
    let root = google.world.root();
    let path = format!("/fhir/R4/Project/{}", project.id);
    let settings = json!({
        "setting": [{ "name": "googleAuthProfilePictures", "valueBoolean": true }], "features": ["google-auth-required"],
    });
    let stored = root.get(&path).await.must(200).body;
    root.put(&path, &with(stored, settings)).await.must(200);
    google.sign_in(OWN, &email, json!({})).await.must(200);
    let after = project.admin.get(&profile).await.must(200);
    assert_eq!(
        after.body["photo"],
        json!([{ "url": "https://example.com/alice.jpg" }])
    );
    let launch = create(&project.admin, json!({ "resourceType": "SmartAppLaunch" })).await;
    let launched = json!({ "projectId": project.id, "launch": launch["id"] });
    google.sign_in(OWN, &email, launched).await.must(200);
    let unknown = json!({ "projectId": project.id, "launch": project.id });
    said(
        &google.sign_in(OWN, &email, unknown).await,
        "Invalid launch",
    );
    let again = project.admin.get(&profile).await.must(200);
    assert_eq!(
        again.body["meta"]["versionId"], after.body["meta"]["versionId"],
        "it is copied once"
    );
    let policy = create(&project.admin, json!({
        "resourceType": "AccessPolicy", "name": "Not from here", "ipAccessRule": [{ "value": "*", "action": "block" }],
        "resource": [{ "resourceType": "*" }],
    })).await;
    let mut member = member;
    member["accessPolicy"] =
        json!({ "reference": format!("AccessPolicy/{}", policy["id"].as_str().unwrap()) });
    project.update(&project.admin, &member).await.must(200);
    said(
        &google.sign_in(OWN, &email, json!({})).await,
        "IP address not allowed",
    );
}

#[tokio::test]
async fn people_of_a_domain_that_signs_in_elsewhere_are_sent_there() {
    let google = Google::start("on").await;
    let configuration = json!({
        "resourceType": "DomainConfiguration", "domain": "clinic.example.com",
        "identityProvider": {
            "authorizeUrl": "https://login.example.com/authorize", "tokenUrl": "https://login.example.com/token",
            "userInfoUrl": "https://login.example.com/userinfo", "clientId": "c", "clientSecret": "s",
        },
    });
    create(google.world.root(), configuration).await;
    let answer = google
        .sign_in(
            OWN,
            "homer@clinic.example.com",
            json!({ "createUser": true }),
        )
        .await
        .must(200);
    assert_eq!(answer.body["domain"], "clinic.example.com");
    assert!(
        answer.body["authorizeUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://login.example.com/authorize?")
    );
}
