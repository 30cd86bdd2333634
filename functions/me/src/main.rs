//! `GET /auth/me`: who am I, and what may the web app show me.

use app::routes::ME;
use app::{Answer, Ask, Error, Function, Reply};
use operations::whoami;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&ME, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let (caller, seen) = ask.admit(whoami::look).await?;
    Ok(Reply::json(whoami::whoami(ask.means, &caller, seen).await?))
}
