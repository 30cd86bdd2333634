//! Who signed in elsewhere is signed in here: the way back from an identity provider, and Google accounts.

use app::routes::{GOOGLE, RETURN};
use app::{Answer, Ask, Error, Function, Reply};
use gateway::authorization::{arrived_page, back};
use operations::sign_in::external::{GoogleWish, Returned, callback, with_google};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&RETURN, arrive)
        .on(&GOOGLE, google)
        .serve()
        .await
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

async fn google(ask: Ask) -> Answer {
    let wish = GoogleWish::parse(&ask.call.object()?)?;
    let outside = ask.app.outside()?;
    let begun = with_google(ask.means, outside, (&wish, &ask.device())).await?;
    Ok(Reply::json(begun))
}
