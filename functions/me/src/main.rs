//! `GET /auth/me`, `POST /auth/revoke`: who am I, what may the web app show me, and the end of one of my sessions.

use app::routes::{ME, REVOKE_SESSION};
use app::{Answer, Ask, Error, Function, Reply};
use operations::sessions::{self, Ending};
use operations::whoami;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&ME, answer)
        .on(&REVOKE_SESSION, revoke)
        .serve()
        .await
}

async fn answer(ask: Ask) -> Answer {
    let (caller, seen) = ask.admit(whoami::look).await?;
    Ok(Reply::json(whoami::whoami(ask.means, &caller, seen).await?))
}

async fn revoke(ask: Ask) -> Answer {
    let ending = ask.call.object().and_then(|body| Ok(Ending::parse(&body)?));
    let look = |tenant, claimant| async move { ending?.look(tenant, &claimant).await };
    let (caller, found) = ask.admit(look).await?;
    sessions::revoke(ask.means, &caller, &found).await?;
    Ok(ask.all_ok())
}
