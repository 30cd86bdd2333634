//! `GET` and `DELETE /fhir/R4/job/{id}/status`: how a job goes, and that nobody wants it any more.

use app::routes::{CANCEL_JOB, JOB_STATUS};
use app::{Answer, Ask, Error, Function, Reply};
use operations::jobs::{self, Job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&JOB_STATUS, status)
        .on(&CANCEL_JOB, cancel)
        .serve()
        .await
}

async fn status(ask: Ask) -> Answer {
    let id = ask.call.parameter("id").parse().ok();
    let look = |tenant, claimant| jobs::look(ask.means, tenant, claimant, id);
    let (_, job): (_, Job) = ask.admit(look).await?;
    let shown = jobs::status(ask.means, &job).await?;
    let reply = Reply::resource(&shown, ask.call.view());
    Ok(match job.is_over() {
        true => reply,
        false => reply.status(202),
    })
}

async fn cancel(ask: Ask) -> Answer {
    let id = ask.call.parameter("id").parse().ok();
    let look = |tenant, claimant| jobs::look(ask.means, tenant, claimant, id);
    let (caller, job) = ask.admit(look).await?;
    jobs::cancel(ask.means, &caller, &job).await?;
    Ok(ask.all_ok())
}
