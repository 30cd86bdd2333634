//! `GET /scim/v2/Users/{id}`: read one person.

use app::{Answer, Ask};
use gateway::scim;
use operations::people;

pub(super) async fn answer(ask: Ask) -> Answer {
    let id = super::id(&ask);
    let (_, person) = ask.admit(|tenant, _| people::look(tenant, id)).await?;
    let base_url = &ask.app.config.settings.base_url;
    Ok(scim::one(
        &person.membership,
        person.profile.as_ref(),
        base_url,
    ))
}
