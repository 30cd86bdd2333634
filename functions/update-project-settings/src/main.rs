//! `POST /admin/projects/{projectId}/secrets` and `…/sites`: replace a whole list.

use app::routes::{SET_SECRETS, SET_SITES};
use app::{Answer, Ask, Error, Function, Reply};
use operations::project_settings::{self, SettingKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&SET_SECRETS, secrets)
        .on(&SET_SITES, sites)
        .serve()
        .await
}

async fn secrets(ask: Ask) -> Answer {
    replace(ask, SettingKind::Secret).await
}

async fn sites(ask: Ask) -> Answer {
    replace(ask, SettingKind::Site).await
}

async fn replace(ask: Ask, kind: SettingKind) -> Answer {
    let list = ask
        .call
        .array()
        .and_then(|list| Ok(project_settings::parse(kind, list)?));
    let wish = (kind, ask.wish(list));
    let look =
        |tenant, claimant| project_settings::look_for_change(ask.means, tenant, claimant, wish);
    let (caller, wanted) = ask.admit(look).await?;
    let project = project_settings::replace(ask.means, &caller, wanted).await?;
    Ok(Reply::json(project.to_json(ask.call.view())))
}
