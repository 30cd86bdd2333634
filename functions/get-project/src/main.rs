//! `GET /admin/projects/{projectId}`: what the administration pages show of a project, its secrets among it.

use app::routes::GET_PROJECT;
use app::{Answer, Ask, Error, Function, Reply};
use operations::project_settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new().on(&GET_PROJECT, answer).serve().await
}

async fn answer(ask: Ask) -> Answer {
    let (caller, seen) = ask.admit(project_settings::look).await?;
    Ok(Reply::json(
        project_settings::show(ask.means, &caller, seen).await?,
    ))
}
