//! Launches: an application is started beside a patient's record, and the session that begins with it says whose (SMART App Launch 2.2,
//! "Launch App: EHR Launch").

use domain::{Failure, Fault, ProjectId};
use fhir::{Reference, Resource};
use store::Launch;

use super::wish::Wish;
use crate::Means;

const SMART_APP_LAUNCH: &str = "SmartAppLaunch";

/// What is wrong with a launch that is none, or none of the project; nobody learns which.
pub(super) const INVALID: &str = "Invalid launch";

/// What the launch is about that somebody names who signs in to this project, if he names one.
///
/// # Errors
/// As [`find`].
pub(super) async fn wanted(
    means: Means<'_>,
    project: Option<ProjectId>,
    wish: &Wish,
) -> Result<Option<Launch>, Failure> {
    match &wish.launch {
        Some(id) => Ok(Some(find(means, project, id).await?)),
        None => Ok(None),
    }
}

/// What a launch of the project is about.
///
/// # Errors
/// The fault "Invalid launch" for an unknown, foreign or malformed id alike, and where no project is known; [`Failure::Unavailable`].
pub(super) async fn find(
    means: Means<'_>,
    project: Option<ProjectId>,
    id: &str,
) -> Result<Launch, Failure> {
    let reference = Reference::to(format!("{SMART_APP_LAUNCH}/{id}"));
    let (Some(project), Some(id)) = (project, reference.id()) else {
        return Err(invalid());
    };
    let tenant = means.store.founding(project);
    let key = tenant.resource_key(SMART_APP_LAUNCH, id);
    let mut found = tenant.read(std::slice::from_ref(&key)).await?;
    let launch = tenant.stored(&mut found, &key)?;
    launch.map(|it| of(&it.resource)).ok_or_else(invalid)
}

fn invalid() -> Failure {
    Fault::invalid("launch", INVALID).into()
}

fn of(launch: &Resource) -> Launch {
    let id = |field: &str| {
        let reference = launch.body.get(field).and_then(Reference::from_json);
        reference.and_then(|it| it.id())
    };
    Launch {
        patient: id("patient"),
        encounter: id("encounter"),
    }
}
