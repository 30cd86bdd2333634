//! `GET /fhir/R4/ProjectMembership` and `POST …/_search`: list and search the members of a project.

use app::routes::{LIST_MEMBERS, SEARCH_MEMBERS};
use app::{Answer, Ask, Error, Function, Reply};
use domain::{Failure, Fault, PROJECT_MEMBERSHIP};
use fhir::search::Query;
use operations::list_members;

mod page;

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
    let named = |name: &str| {
        pairs
            .iter()
            .flatten()
            .find(|(of, _)| of == name)
            .map(|(_, value)| value.as_str())
    };
    let destination = ask.asked(named("project").or_else(|| named("_project")));
    let query = pairs.and_then(|pairs| {
        let parsed = Query::parse(PROJECT_MEMBERSHIP, &pairs);
        parsed.map_err(|issues| {
            issues
                .into_iter()
                .map(Fault::from)
                .collect::<Vec<_>>()
                .into()
        })
    });
    let (_, listing) = ask
        .admit_to(destination, |tenant, _| {
            list_members::look(ask.means, tenant, query)
        })
        .await?;
    Ok(Reply::fhir(page::bundle(&ask, &listing)))
}
