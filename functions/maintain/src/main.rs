//! `POST /admin/super/purge` and `POST /admin/super/{task}`: what is done for the whole server, by a job.

use std::time::Duration;

use app::routes::{MAINTAIN, PURGE};
use app::{Answer, Ask, Error, Function};
use operations::Wish;
use operations::maintenance::{self, Order};

/// How long a purge is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&PURGE, purge)
        .on(&MAINTAIN, maintain)
        .serve()
        .await
}

async fn purge(ask: Ask) -> Answer {
    let order = ask.call.object().and_then(|body| Order::purge(&body));
    let patience = match ask.wants_a_job() {
        true => Duration::ZERO,
        false => ask.time_left().min(PATIENCE),
    };
    let wish = ask.wish(order);
    begin(ask, wish, patience).await
}

async fn maintain(ask: Ask) -> Answer {
    let name = ask.call.parameter("task");
    let order = Order::parse(name, ask.wants_a_job(), ask.call.object());
    let wish = ask.wish(order);
    begin(ask, wish, Duration::ZERO).await
}

async fn begin(ask: Ask, wish: Wish<Order>, patience: Duration) -> Answer {
    let look = |tenant, claimant| maintenance::look(ask.means, tenant, claimant, wish);
    let (caller, seen) = ask.admit(look).await?;
    let Some(job) = maintenance::begin(ask.means, &caller, (seen, ask.url())).await? else {
        return Ok(ask.all_ok());
    };
    let done = !patience.is_zero() && maintenance::is_done(ask.means, job, patience).await?;
    Ok(match done {
        true => ask.all_ok(),
        false => ask.accepted(job),
    })
}
