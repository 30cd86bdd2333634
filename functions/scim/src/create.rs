//! `POST /scim/v2/Users`: provision a person. He gets no letter.

use app::{Answer, Ask};
use gateway::scim;
use operations::{invite, people};

pub(super) async fn answer(ask: Ask) -> Answer {
    let request = ask
        .call
        .object()
        .and_then(|body| Ok(scim::invitation(&body)?));
    let wish = ask.wish(request);
    let (caller, seen) = ask
        .admit(|tenant, claimant| invite::look(ask.means, tenant, claimant, wish))
        .await?;
    let person = people::invite(ask.means, &caller, seen).await?;
    let base_url = &ask.app.config.settings.base_url;
    Ok(scim::created(
        &person.membership,
        person.profile.as_ref(),
        base_url,
    ))
}
