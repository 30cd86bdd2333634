//! What the server's administrators do for the whole server: old events and sessions go, counters are held against the members.

use harness::proxy::Plan;
use harness::world::{Answer, Client, Project, Request, World};
use serde_json::{Value, json};

use crate::counting::{counted, must_count};
use crate::life::{self, expunge, over};
use crate::sign_in::{me, person, tokens};
use crate::world::{address, alice, create, invited, post_with, start, world};

const TASKS: [&str; 9] = [
    "valuesets",
    "structuredefinitions",
    "searchparameters",
    "compartments",
    "reindex",
    "rebuildprojectid",
    "migrate",
    "reloadcron",
    "reconcile-db-schema-drift",
];

async fn begin(caller: &Client, task: &str, body: &Value) -> Answer {
    let path = format!("/admin/super/{task}");
    post_with(caller, &path, body, ("prefer", "respond-async")).await
}

/// Purges and waits until it is done.
async fn purge(world: &World, kind: &str, before: &str) {
    let body = json!({ "resourceType": kind, "before": before });
    let answer = world.root().post("/admin/super/purge", &body).await;
    match answer.status {
        200 => assert_eq!(answer.issue_text(), "All OK"),
        202 => assert_eq!(over(world.root(), &answer).await["status"], "completed"),
        _ => panic!("{}", answer.text),
    }
}

#[tokio::test]
async fn a_task_is_a_job_and_whoever_would_wait_for_it_is_told_to_ask_for_one() {
    let root = world().await.root();
    for task in TASKS {
        let path = format!("/admin/super/{task}");
        let waiting = root.post(&path, &json!({})).await.must(400);
        let words = "Operation requires \"Prefer: respond-async\"";
        assert_eq!(waiting.issue_text(), words, "{task}");
    }
    for task in ["valuesets", "reconcile-db-schema-drift"] {
        let accepted = begin(root, task, &json!({})).await.must(202);
        let job = over(root, &accepted).await;
        assert_eq!(job["status"], "completed", "{job}");
        let outcome = &job["output"]["parameter"][0]["resource"]["issue"][0];
        assert_eq!(outcome["severity"], "information", "{job}");
        let said = outcome["details"]["text"].as_str().unwrap();
        assert!(said.contains("nothing to"), "{said}");
    }
    let patients = begin(root, "reindex", &json!({ "resourceType": "Patient" })).await;
    assert_eq!(over(root, &patients.must(202)).await["status"], "completed");
    let nothing = json!({ "resourceType": "Nothing" });
    let unknown = begin(root, "reindex", &nothing).await.must(400);
    assert_eq!(unknown.issue_text(), "Unknown resource type");
    begin(root, "nonsense", &json!({})).await.must(404);
}

#[tokio::test]
async fn nobody_but_the_servers_administrators_begins_one_whatever_its_name() {
    let project = world().await.project("Maintained").await;
    let others = ["purge", "removebotidjobsfromqueue", "nonsense"];
    for task in TASKS.iter().chain(&others) {
        let refused = begin(&project.admin, task, &json!({})).await.must(403);
        assert_eq!(refused.issue_text(), "Forbidden", "{task}");
    }
}

#[tokio::test]
async fn no_queue_holds_jobs_of_bots_but_the_bot_must_be_named() {
    let root = world().await.root();
    let path = "/admin/super/removebotidjobsfromqueue";
    let named = root.post(path, &json!({ "botId": "x" })).await.must(200);
    assert_eq!(named.issue_text(), "All OK");
    let unnamed = root.post(path, &json!({})).await.must(400);
    assert_eq!(unnamed.issue_text(), "Bot ID is required");
}

#[tokio::test]
async fn a_purge_says_what_it_wants_to_know() {
    let root = world().await.root();
    for (body, words, field) in [
        (
            json!({ "resourceType": "Patient", "before": "2020-01-01" }),
            "Invalid resource type",
            "resourceType",
        ),
        (
            json!({ "before": "2020-01-01" }),
            "Invalid resource type",
            "resourceType",
        ),
        (
            json!({ "resourceType": "Login", "before": "soon" }),
            "Invalid before date",
            "before",
        ),
        (
            json!({ "resourceType": "AuditEvent" }),
            "Invalid before date",
            "before",
        ),
    ] {
        let refused = root.post("/admin/super/purge", &body).await.must(400);
        assert_eq!(
            (refused.issue_text(), refused.expression()),
            (words, field),
            "{body}"
        );
    }
}

/// The keys of a project's record.
async fn record(world: &World, project: &Project) -> Vec<String> {
    let rows = world.every_row().await;
    let begin = format!("P#{}#A#", project.id);
    let keys = rows.iter().filter_map(|row| row["PK"]["S"].as_str());
    let keys = keys.filter(|key| key.starts_with(&begin));
    keys.map(str::to_owned).collect()
}

#[tokio::test]
async fn old_events_and_sessions_go_and_what_the_events_alone_led_to_is_still_found() {
    let world = start(4, Plan::default()).await;
    let project = world.project("Old").await;
    let (email, member) = person(&project, "alice", json!({})).await;
    let (old, young) = (tokens(&world, &email).await, tokens(&world, &email).await);
    let machine = project.admin.token().await;
    let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let patient = format!("/fhir/R4/Patient/{}", patient["id"].as_str().unwrap());
    project.admin.delete(&patient).await.must(200);
    // Nothing is as old as this.
    for kind in ["AuditEvent", "Login"] {
        purge(&world, kind, "2020-01-01").await;
    }
    assert!(record(&world, &project).await.len() > 2);
    me(&world, &old).await.must(200);
    machine.get("/auth/me").await.must(200);

    let user = member["user"]["reference"]
        .as_str()
        .unwrap()
        .replace("User/", "U#");
    let sessions = world.rows(&user).await.into_iter();
    let sessions =
        sessions.filter_map(|row| Some(row["SK"]["S"].as_str()?.strip_prefix("S#")?.to_owned()));
    let sessions: Vec<String> = sessions.collect();
    assert_eq!(sessions.len(), 2);
    let now = "2999-01-01T00:00:00Z";
    // One of the two was prolonged after the moment that is purged up to.
    let later = json!({ "S": "3000-01-01T00:00:00.000Z" });
    let login = format!("LOGIN#{}", sessions[1]);
    world.age((&login, "LOGIN"), "updated", later).await;
    purge(&world, "Login", now).await;
    me(&world, &old).await.must(401);
    me(&world, &young).await.must(200);
    machine.get("/auth/me").await.must(401);

    purge(&world, "AuditEvent", now).await;
    assert!(record(&world, &project).await.is_empty());
    // What was deleted is still known to be gone, and has its history.
    project.admin.get(&patient).await.must(410);
    project
        .admin
        .get(&format!("{patient}/_history"))
        .await
        .must(200);
    let accepted = expunge(world.root(), "Project", &project.id)
        .await
        .must(202);
    let job = over(world.root(), &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    for row in world.every_row().await {
        let own = row["PK"]["S"]
            .as_str()
            .unwrap()
            .starts_with(&format!("P#{}", project.id));
        assert!(!own || row.get("ttl").is_some(), "{row}");
    }
}

#[tokio::test]
async fn counters_that_say_too_much_or_too_little_are_put_right() {
    let world = world().await;
    let project = world.project("Miscounted").await;
    let body = |name: &str| alice(&address(name, &project));
    let (lost, gone) = (
        invited(&project, &body("lost")).await,
        invited(&project, &body("gone")).await,
    );
    invited(&project, &body("alice")).await;
    must_count(world, &project.id, "Practitioner", 3).await;
    let path = project.path(&format!("members/{}", gone["id"].as_str().unwrap()));
    project.admin.delete(&path).await.must(200);
    must_count(world, &project.id, "Practitioner", 2).await;
    // As if the stream had brought neither that the one came nor that the other went.
    for (member, ends, by) in [(&lost, " 1", -1), (&gone, " 0", 1)] {
        let id = member["id"].as_str().unwrap();
        let mark = format!("P#{}#C#{id}", project.id);
        let turn = format!("00000000-0000-7000-8000-000000000000{ends}");
        world
            .age((&mark, "Practitioner"), "turn", json!({ "S": turn }))
            .await;
        let shard = u8::from_str_radix(&id[34..], 16).unwrap() % 4;
        let counters = format!("P#{}#C", project.id);
        let counter = format!("Practitioner#{shard}");
        let rows = world.rows(&counters).await;
        let row = rows
            .iter()
            .find(|row| row["SK"]["S"] == counter.as_str())
            .unwrap();
        let members: i64 = row["members"]["N"].as_str().unwrap().parse().unwrap();
        let members = json!({ "N": (members + by).to_string() });
        world.age((&counters, &counter), "members", members).await;
    }
    let wanted = json!({ "resourceType": "Patient,ProjectMembership" });
    let accepted = begin(world.root(), "reindex", &wanted).await.must(202);
    let job = over(world.root(), &accepted).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert!(
        life::counted(&job, "Project") > 1 && life::counted(&job, "ProjectMembership") > 2,
        "{job}"
    );
    assert_eq!(counted(world, &project.id, "Practitioner").await, 2);
    for (member, ends) in [(&lost, " 0"), (&gone, " 1")] {
        let id = member["id"].as_str().unwrap();
        let mark = world.rows(&format!("P#{}#C#{id}", project.id)).await;
        assert!(
            mark[0]["turn"]["S"].as_str().unwrap().ends_with(ends),
            "{mark:?}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_body_is_enough() {
    let root = world().await.root();
    let request = Request::new("POST", "/admin/super/reloadcron").header("prefer", "respond-async");
    let accepted = root.send(request).await.must(202);
    assert_eq!(over(root, &accepted).await["status"], "completed");
}
