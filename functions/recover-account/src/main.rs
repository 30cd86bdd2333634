//! `POST /auth/setpassword`, `resetpassword`, `changepassword`, `verifyemail`: what a person does about his own account.

use app::routes::{CHANGE_PASSWORD, REDEEM_LINK, RESET_PASSWORD, VERIFY_EMAIL};
use app::{Answer, Ask, Error, Function};
use operations::change_password::{self, Exchange, change_password};
use operations::redeem_link::{Redeem, redeem};
use operations::reset_password::{Forgotten, reset_password};
use operations::verify_email::{self, verify_email};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&REDEEM_LINK, set)
        .on(&RESET_PASSWORD, reset)
        .on(&CHANGE_PASSWORD, change)
        .on(&VERIFY_EMAIL, verify)
        .serve()
        .await
}

async fn set(ask: Ask) -> Answer {
    redeem(ask.means, &Redeem::parse(&ask.call.object()?)?).await?;
    Ok(ask.all_ok())
}

async fn reset(ask: Ask) -> Answer {
    let wish = Forgotten::parse(&ask.call.object()?)?;
    reset_password(ask.means, || ask.app.outside(), &wish).await?;
    Ok(ask.all_ok())
}

async fn change(ask: Ask) -> Answer {
    let wish = ask
        .call
        .object()
        .and_then(|body| Ok(Exchange::parse(&body)?));
    let (caller, seen) = ask
        .admit(|_, claimant| change_password::look(ask.means, claimant, wish))
        .await?;
    change_password(ask.means, &caller, &seen).await?;
    Ok(ask.all_ok())
}

async fn verify(ask: Ask) -> Answer {
    let link = verify_email::parse(&ask.call.object()?)?;
    let caller = ask.somebody().await?;
    verify_email(ask.means, caller.as_ref(), &link).await?;
    Ok(ask.all_ok())
}
