//! Applications that are launched beside a patient's record.

use harness::world::Project;
use serde_json::{Value, json};

use super::{Scene, sent};
use crate::sign_in::{refresh, sign_in, wish};
use crate::world::{create, reference, with};

const NOBODY: &str = "00000000-0000-4000-8000-00000000000f";

struct Launch {
    id: String,
    patient: String,
    encounter: String,
}

async fn launch(project: &Project) -> Launch {
    let patient = create(&project.admin, json!({ "resourceType": "Patient" })).await;
    let encounter = json!({ "resourceType": "Encounter", "status": "in-progress",
        "class": { "code": "AMB" }, "subject": { "reference": reference(&patient) } });
    let encounter = create(&project.admin, encounter).await;
    let launch = json!({ "resourceType": "SmartAppLaunch", "patient": { "reference": reference(&patient) },
        "encounter": { "reference": reference(&encounter) } });
    let launch = create(&project.admin, launch).await;
    let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
    Launch {
        id: id(&launch),
        patient: id(&patient),
        encounter: id(&encounter),
    }
}

fn must_be_beside(tokens: &Value, launch: &Launch) {
    assert_eq!(tokens["patient"], launch.patient, "{tokens}");
    assert_eq!(tokens["encounter"], launch.encounter, "{tokens}");
    assert_eq!(tokens["need_patient_banner"], true, "{tokens}");
}

#[tokio::test]
async fn the_tokens_of_a_launched_application_say_whose_record_it_stands_beside() {
    let scene = Scene::set("Launches").await;
    let launch = launch(&scene.project).await;
    let body = json!({ "clientId": scene.app, "launch": launch.id });
    let answer = sign_in(scene.world, &with(wish(&scene.email), body))
        .await
        .must(200);
    let tokens = scene
        .redeem(answer.body["code"].as_str().unwrap())
        .await
        .must(200)
        .body;
    must_be_beside(&tokens, &launch);
    let again = refresh(scene.world, tokens["refresh_token"].as_str().unwrap()).await;
    must_be_beside(&again.must(200).body, &launch);
    // The next session is launched beside nothing, and one that continues it beside what it is launched with.
    let (cookie, _) = scene.signed_in().await;
    let silent = [("prompt", "none")];
    let launched = [("prompt", "none"), ("launch", launch.id.as_str())];
    let answer = scene.ask(&silent, Some(&cookie)).await.must(302);
    let tokens = scene
        .redeem(&sent(&answer, "code").unwrap())
        .await
        .must(200)
        .body;
    assert_eq!(
        (&tokens["patient"], &tokens["encounter"]),
        (&Value::Null, &Value::Null)
    );
    let answer = scene.ask(&launched, Some(&cookie)).await.must(302);
    let tokens = scene
        .redeem(&sent(&answer, "code").unwrap())
        .await
        .must(200)
        .body;
    must_be_beside(&tokens, &launch);
    // Without a session it goes on to the page where people sign in, with all that was asked.
    let answer = scene.ask(&[("launch", &launch.id)], None).await.must(302);
    assert_eq!(sent(&answer, "launch").as_deref(), Some(launch.id.as_str()));
    assert_eq!(sent(&answer, "error"), None);
}

#[tokio::test]
async fn a_launch_that_is_none_of_the_applications_project_begins_nothing() {
    let scene = Scene::set("No launches").await;
    let other = scene.world.project("Launches elsewhere").await;
    let foreign = launch(&other).await;
    let own = launch(&scene.project).await;
    for id in [foreign.id.as_str(), NOBODY, "x", own.patient.as_str()] {
        let body = json!({ "clientId": scene.app, "launch": id });
        let answer = sign_in(scene.world, &with(wish(&scene.email), body))
            .await
            .must(400);
        assert_eq!(
            (answer.issue_text(), answer.expression()),
            ("Invalid launch", "launch")
        );
        let answer = scene.ask(&[("launch", id)], None).await.must(302);
        assert_eq!(
            sent(&answer, "error").as_deref(),
            Some("invalid_request"),
            "{id}"
        );
        assert_eq!(
            sent(&answer, "error_description").as_deref(),
            Some("Invalid launch")
        );
    }
    // Where no project is named, none has launched anything.
    let body = with(wish(&scene.email), json!({ "launch": own.id }));
    let answer = sign_in(scene.world, &body).await.must(400);
    assert_eq!(answer.issue_text(), "Invalid launch");
}
