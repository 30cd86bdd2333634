//! `POST /auth/newuser`, `newproject`, `newpatient`: people who come by themselves.

use app::routes::{NEW_PATIENT, NEW_PROJECT, NEW_USER};
use app::{Answer, Ask, Error, Function, Reply};
use operations::register::{
    NewAccount, NewPatient, NewProject, new_patient, new_project, new_user,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&NEW_USER, user)
        .on(&NEW_PROJECT, project)
        .on(&NEW_PATIENT, patient)
        .serve()
        .await
}

async fn user(ask: Ask) -> Answer {
    let wish = NewAccount::parse(&ask.call.object()?)?;
    let outside = || ask.app.outside();
    let made = new_user(ask.means, outside, (&wish, &ask.device())).await?;
    Ok(Reply::json(made))
}

async fn project(ask: Ask) -> Answer {
    let wish = NewProject::parse(&ask.call.object()?)?;
    Ok(Reply::json(new_project(ask.means, &wish).await?))
}

async fn patient(ask: Ask) -> Answer {
    let wish = NewPatient::parse(&ask.call.object()?)?;
    Ok(Reply::json(new_patient(ask.means, &wish).await?))
}
