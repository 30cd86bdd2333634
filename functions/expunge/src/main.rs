//! `POST /fhir/R4/{resourceType}/{id}/$expunge`: delete for good, a resource at once, a project by a job.

use app::routes::EXPUNGE;
use app::{Answer, Ask, Error, Function};
use operations::expunge::{self, Expunged, Wanted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&EXPUNGE, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let wanted = Wanted::parse(
        (ask.call.parameter("resourceType"), ask.call.parameter("id")),
        ask.call.query_value("everything"),
        ask.url(),
    );
    let wish = (wanted, ask.only_once());
    let look = |tenant, claimant| expunge::look(ask.means, tenant, claimant, wish);
    let (caller, seen) = ask.admit(look).await?;
    match expunge::expunge(ask.means, &caller, seen).await? {
        Expunged::Now => Ok(ask.all_ok()),
        Expunged::By(job) => Ok(ask.accepted(job)),
    }
}
