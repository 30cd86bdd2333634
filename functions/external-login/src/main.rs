//! The way back from an identity provider: who signed in there is signed in here.

use app::routes::RETURN;
use app::{Answer, Ask, Error, Function, Reply};
use gateway::authorization::{arrived_page, back};
use operations::sign_in::external::{Returned, callback};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&RETURN, arrive).serve().await
}

async fn arrive(ask: Ask) -> Answer {
    let returned = Returned::parse(&ask.call.query)?;
    let outside = ask.app.outside()?;
    let arrival = callback(ask.means, outside, (&returned, &ask.device())).await?;
    let login = arrival.login.to_string();
    let page = arrived_page(&ask.app.config.app_url, &login);
    let there = arrival.address.as_deref().and_then(|address| {
        back(
            address,
            &[("login", Some(&login)), ("code", arrival.code.as_deref())],
        )
    });
    Ok(Reply::found(there.unwrap_or(page)))
}
