//! Reading, changing and removing a member (design: the admin guard; contract: other project routes).

mod guards;
mod removal;

use harness::world::{Answer, Client, Project, Request};
use serde_json::{Value, json};

use crate::world::{address, alice, create, invited, post_with, with, world};

/// A project with a member.
async fn member() -> (Project, Value) {
    let project = world().await.project("Members").await;
    let member = invited(&project, &alice(&address("alice", &project))).await;
    (project, member)
}

fn path(project: &Project, member: &Value) -> String {
    project.path(&format!("members/{}", member["id"].as_str().unwrap()))
}

/// The membership as an administrator reads it, with all of its `meta`.
async fn read(caller: &Client, project: &Project, member: &Value) -> Answer {
    let request = Request::new("GET", &path(project, member)).header("x-medplum", "extended");
    caller.send(request).await
}

#[tokio::test]
async fn a_membership_is_read_with_its_project_and_author() {
    let (project, member) = member().await;
    let read = read(&project.admin, &project, &member).await.must(200);
    assert_eq!(read.body["resourceType"], "ProjectMembership");
    assert_eq!(read.body["meta"]["project"], project.id);
    assert_eq!(read.body["meta"]["author"]["reference"], "system");
    assert_eq!(read.body, member);
}

#[tokio::test]
async fn project_and_user_are_put_back_silently() {
    let (project, member) = member().await;
    let strange = json!({
        "project": { "reference": "Project/00000000-0000-4000-8000-000000000001" },
        "user": { "reference": "User/00000000-0000-4000-8000-000000000001" },
        "admin": true,
    });
    let sent = with(member.clone(), strange);
    let updated = project.update(&project.admin, &sent).await.must(200).body;
    assert_eq!(updated["project"], member["project"]);
    assert_eq!(updated["user"], member["user"]);
    assert_eq!(updated["invitedBy"], member["invitedBy"]);
    assert_eq!(updated["admin"], true);
}

#[tokio::test]
async fn the_author_of_a_change_is_who_made_it() {
    let (project, member) = member().await;
    let sent = with(member.clone(), json!({ "active": false }));
    project.update(&project.admin, &sent).await.must(200);
    let read = read(&project.admin, &project, &member).await.must(200);
    let author = format!("ClientApplication/{}", project.admin.id());
    assert_eq!(read.body["meta"]["author"]["reference"], author);
}

#[tokio::test]
async fn an_absent_admin_flag_stays_absent_and_false_stays_false() {
    let (project, member) = member().await;
    assert_eq!(member.get("admin"), None);
    let changed = with(member.clone(), json!({ "externalId": "m-1" }));
    let changed = project
        .update(&project.admin, &changed)
        .await
        .must(200)
        .body;
    assert_eq!(changed.get("admin"), None);
    let demoted = with(changed, json!({ "admin": false }));
    let demoted = project
        .update(&project.admin, &demoted)
        .await
        .must(200)
        .body;
    assert_eq!(demoted["admin"], false);
    let read = project.admin.get(&path(&project, &member)).await.must(200);
    assert_eq!(read.body["admin"], false);
}

#[tokio::test]
async fn what_changes_nothing_makes_no_version() {
    let (project, member) = member().await;
    let noise = with(
        member.clone(),
        json!({ "userName": "", "access": [], "identifier": null }),
    );
    for sent in [member.clone(), noise] {
        let answer = project.update(&project.admin, &sent).await.must(200);
        assert_eq!(
            answer.body["meta"]["versionId"],
            member["meta"]["versionId"]
        );
    }
    let past = format!(
        "P#{}#H#ProjectMembership#{}",
        project.id,
        member["id"].as_str().unwrap()
    );
    assert_eq!(world().await.rows(&past).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_change_keeps_the_version_before_it() {
    let (project, member) = member().await;
    let sent = with(member.clone(), json!({ "active": true }));
    let updated = project.update(&project.admin, &sent).await.must(200).body;
    assert_ne!(updated["meta"]["versionId"], member["meta"]["versionId"]);
    let past = format!(
        "P#{}#H#ProjectMembership#{}",
        project.id,
        member["id"].as_str().unwrap()
    );
    let rows = world().await.rows(&past).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["SK"]["S"],
        format!("V#{}", member["meta"]["versionId"].as_str().unwrap())
    );
}

#[tokio::test]
async fn if_match_lets_through_only_who_has_seen_the_current_version() {
    let (project, member) = member().await;
    let tag = format!("W/\"{}\"", member["meta"]["versionId"].as_str().unwrap());
    let first = with(member.clone(), json!({ "active": false }));
    let path = path(&project, &member);
    post_with(&project.admin, &path, &first, ("if-match", &tag))
        .await
        .must(200);
    let second = with(member.clone(), json!({ "active": true }));
    for tag in [tag.as_str(), "W/\"nope\""] {
        let stale = post_with(&project.admin, &path, &second, ("if-match", tag))
            .await
            .must(412);
        assert_eq!(stale.body["id"], "precondition-failed");
        assert_eq!(stale.issue_text(), "Precondition Failed");
    }
    let read = project.admin.get(&path).await.must(200);
    assert_eq!(read.body["active"], false);
    post_with(&project.admin, &path, &second, ("if-match", "*"))
        .await
        .must(200);
}

#[tokio::test]
async fn a_body_that_is_not_the_membership_of_the_path_is_forbidden() {
    let (project, member) = member().await;
    let path = path(&project, &member);
    let mut without_id = member.clone();
    without_id.as_object_mut().unwrap().remove("id");
    let wrong = [
        with(member.clone(), json!({ "resourceType": "Patient" })),
        with(
            member.clone(),
            json!({ "id": "00000000-0000-4000-8000-000000000001" }),
        ),
        without_id,
        json!({}),
    ];
    for body in wrong {
        let answer = project.admin.post(&path, &body).await.must(403);
        assert_eq!(answer.issue_text(), "Forbidden");
    }
}

#[tokio::test]
async fn a_field_that_memberships_do_not_have_is_refused_by_name() {
    let (project, member) = member().await;
    let sent = with(member, json!({ "strange": 1 }));
    let answer = project.update(&project.admin, &sent).await.must(400);
    assert_eq!(
        answer.issue_text(),
        "Invalid additional property \"strange\""
    );
    assert_eq!(answer.expression(), "ProjectMembership.strange");
}

#[tokio::test]
async fn a_profile_may_become_another_one_of_the_project_but_no_foreign_one_and_no_application() {
    let (project, member) = member().await;
    let (_, stranger) = self::member().await;
    let own = create(
        &project.admin,
        json!({ "resourceType": "Patient", "name": [{ "given": ["Al"], "family": "S" }] }),
    )
    .await;
    let to = |reference: &str| {
        with(
            member.clone(),
            json!({ "profile": { "reference": reference } }),
        )
    };
    let foreign = to(stranger["profile"]["reference"].as_str().unwrap());
    let answer = project.update(&project.admin, &foreign).await.must(404);
    assert_eq!(answer.issue_text(), "Not found");
    let application = to(&format!("ClientApplication/{}", project.admin.id()));
    let answer = project.update(&project.admin, &application).await.must(400);
    assert_eq!(answer.expression(), "ProjectMembership.profile");
    let moved = to(&crate::world::reference(&own));
    let moved = project.update(&project.admin, &moved).await.must(200).body;
    assert_eq!(moved["profile"]["display"], "Al S");
    let read = project.admin.get(&path(&project, &member)).await.must(200);
    assert_eq!(read.body["profile"], moved["profile"]);
    let patients = "/fhir/R4/ProjectMembership?profile-type=Patient";
    let list = project.admin.get(patients).await.must(200);
    assert_eq!(list.body["entry"][0]["resource"]["id"], member["id"]);
}

#[tokio::test]
async fn names_are_unique_within_the_project_and_free_again_when_they_change() {
    let (project, first) = member().await;
    let second = invited(&project, &alice(&address("bob", &project))).await;
    for (field, text) in [
        (
            "externalId",
            "A member with this externalId already exists in the project",
        ),
        (
            "userName",
            "A member with this userName already exists in the project",
        ),
    ] {
        let named = |member: &Value, name: &str| with(member.clone(), json!({ field: name }));
        project
            .update(&project.admin, &named(&first, "one"))
            .await
            .must(200);
        let taken = project
            .update(&project.admin, &named(&second, "one"))
            .await
            .must(409);
        assert_eq!(
            (taken.body["id"].as_str(), taken.issue_text()),
            (Some("conflict"), text)
        );
        project
            .update(&project.admin, &named(&first, "two"))
            .await
            .must(200);
        project
            .update(&project.admin, &named(&second, "one"))
            .await
            .must(200);
    }
}
