//! `POST /fhir/R4/User/{id}/$update-email`: change a user's e-mail address.

use app::routes::UPDATE_EMAIL;
use app::{Answer, Ask, Error, Function, Reply};
use operations::update_email::{self, Move, update_email};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&UPDATE_EMAIL, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let wish = ask.wish(ask.call.object().and_then(|body| Ok(Move::parse(&body)?)));
    let id = ask.call.parameter("id").parse().ok();
    let look = |tenant, claimant| update_email::look(ask.means, (tenant, claimant), id, wish);
    let (caller, seen) = ask.admit(look).await?;
    let user = update_email(ask.means, &caller, seen).await?;
    Ok(Reply::resource(&user, ask.call.view()))
}
