//! `GET /fhir/R4/ProjectMembership` and `POST …/_search`: list and search the members of a project.

use app::routes::{LIST_MEMBERS, SEARCH_MEMBERS};
use app::{Answer, Ask, Error, Function, Reply};
use domain::{Failure, PROJECT_MEMBERSHIP};
use gateway::Page;
use operations::list_members::{self, Listing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&LIST_MEMBERS, by_query)
        .on(&SEARCH_MEMBERS, by_form)
        .serve()
        .await
}

async fn by_query(ask: Ask) -> Answer {
    let pairs = Ok(ask.call.query.clone());
    answer(ask, pairs).await
}

async fn by_form(ask: Ask) -> Answer {
    let form = ask
        .call
        .form()
        .map(|form| ask.call.query.iter().cloned().chain(form).collect());
    answer(ask, form).await
}

async fn answer(ask: Ask, pairs: Result<Vec<(String, String)>, Failure>) -> Answer {
    let named = |name: &str| pairs.iter().flatten().find(|(of, _)| of == name);
    let project = named("project").or_else(|| named("_project"));
    let destination = ask.asked(project.map(|(_, value)| value.as_str()));
    let query = pairs.and_then(|pairs| Ok(domain::search(PROJECT_MEMBERSHIP, &pairs)?));
    let look = |tenant, _| list_members::look(ask.means, tenant, query);
    let (_, found) = ask.admit_to(destination, look).await?;
    let Listing {
        query,
        members,
        included,
        next,
        total,
    } = &found;
    let page = Page {
        query,
        matches: members,
        included,
        next,
        total: *total,
    };
    Ok(Reply::page(
        &page,
        ask.call.view(),
        &ask.app.config.settings.base_url,
    ))
}
