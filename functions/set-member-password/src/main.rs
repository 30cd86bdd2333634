//! `POST /admin/projects/setpassword` and `POST /admin/super/setpassword`: set somebody's password.

use app::routes::{SET_PASSWORD, SUPER_SET_PASSWORD};
use app::{Answer, Ask, Error, Function};
use operations::set_password::{self, NewPassword, Reach};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&SET_PASSWORD, of_own_project)
        .on(&SUPER_SET_PASSWORD, of_anybody)
        .serve()
        .await
}

async fn of_own_project(ask: Ask) -> Answer {
    set(ask, Reach::OwnProject).await
}

async fn of_anybody(ask: Ask) -> Answer {
    set(ask, Reach::Everywhere).await
}

async fn set(ask: Ask, reach: Reach) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(NewPassword::parse(&body)?));
    let wish = ask.wish(request);
    let look = |tenant, claimant| set_password::look(ask.means, tenant, claimant, wish);
    let (caller, seen) = ask.admit(look).await?;
    set_password::set_password(ask.means, &caller, seen, reach).await?;
    Ok(ask.all_ok())
}
