//! `PUT` and `PATCH /scim/v2/Users/{id}`: activate, deactivate, rename.

use app::{Answer, Ask};
use domain::Failure;
use gateway::scim::{self, Changes};
use operations::people;

pub(super) async fn replace(ask: Ask) -> Answer {
    let changes = ask
        .call
        .object()
        .and_then(|body| Ok(Changes::whole(&body)?));
    change(ask, changes).await
}

pub(super) async fn patch(ask: Ask) -> Answer {
    let changes = ask
        .call
        .object()
        .and_then(|body| Ok(Changes::operations(&body)?));
    change(ask, changes).await
}

async fn change(ask: Ask, changes: Result<Changes, Failure>) -> Answer {
    let id = super::id(&ask);
    let wish = changes.and_then(|changes| Ok((changes, ask.call.if_match()?)));
    let look = |tenant, claimant| people::look_for_change(ask.means, (tenant, claimant), id, wish);
    let (caller, (changes, changing)) = ask.admit(look).await?;
    let person = &changing.person;
    let fields = changes
        .fields_for(&person.membership, person.profile.as_ref())
        .map_err(Failure::from)?;
    let person = people::change(ask.means, &caller, changing, fields).await?;
    let base_url = &ask.app.config.settings.base_url;
    Ok(scim::one(
        &person.membership,
        person.profile.as_ref(),
        base_url,
    ))
}
