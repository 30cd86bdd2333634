//! `GET /fhir/R4/{resourceType}` and `POST …/_search`: search the resources of a project.

use app::{Answer, Ask};
use operations::search;

pub(super) async fn answer(ask: Ask) -> Answer {
    let parameters = ask.parameters();
    let named = parameters.as_deref().ok().and_then(search::project_named);
    let destination = ask.asked(named);
    let kind = ask.call.parameter("resourceType");
    let query = parameters.and_then(|pairs| search::read(kind, &pairs));
    let look =
        |tenant, claimant, sight| search::look(ask.means, (tenant, claimant), (kind, query), sight);
    let (_, found) = ask.admit_seeing(destination, look).await?;
    Ok(ask.page(found))
}
