//! What only a super administrator does: a whole project is copied, and a whole project ends.

use serde_json::json;

use super::guide::{Guide, Speaker, Step};
use super::text;
use crate::Advice;

/// Copies the project that is administered below this path, and ends the copy.
pub(super) async fn copy_and_end(guide: &mut Guide<'_>, project: &str) -> Result<(), Advice> {
    guide.speak_as(Speaker::Bootstrap);
    let original = project.rsplit('/').next().unwrap_or_default();
    let copy = guide
        .step(Step {
            says: "A super administrator copies the clinic for a rehearsal: new ids, references that lead to the copies, and no password, secret or invitation.",
            method: "POST",
            path: &format!("/fhir/R4/Project/{original}/$clone"),
            body: Some(json!({ "name": "Springfield Clinic (staging)" })),
            status: 201,
        })
        .await?;
    let copy = text(&copy["id"]);
    guide
        .step(Step {
            says: "Its members are there again, under new ids.",
            method: "GET",
            path: &format!("/fhir/R4/ProjectMembership?project=Project/{copy}"),
            body: None,
            status: 200,
        })
        .await?;
    let accepted = guide
        .step(Step {
            says: "When the rehearsal is over, the copy goes with everything in it. From this moment nobody reaches it; a job deletes what it had.",
            method: "POST",
            path: &format!("/fhir/R4/Project/{copy}/$expunge"),
            body: None,
            status: 202,
        })
        .await?;
    guide
        .job(&accepted, "The job says how far it has come, to whoever asks and in this terminal, and in the end what is gone.")
        .await?;
    guide
        .step(Step {
            says: "Nothing is left of it.",
            method: "GET",
            path: &format!("/fhir/R4/Project/{copy}"),
            body: None,
            status: 404,
        })
        .await?;
    Ok(())
}
