//! `POST /admin/projects/{projectId}/bot`: create a bot.

use app::routes::CREATE_BOT;
use app::{Answer, Ask, Error, Function, Reply};
use operations::{create_bot, program};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&CREATE_BOT, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(create_bot::parse(&body)?));
    let wish = ask.wish(request);
    let look = |tenant, claimant| program::look(ask.means, tenant, claimant, wish);
    let (caller, seen) = ask.admit(look).await?;
    let bot = create_bot::create_bot(ask.means, &caller, seen).await?;
    Ok(Reply::json(bot.to_json(ask.call.view())).status(201))
}
