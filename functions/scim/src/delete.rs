//! `DELETE /scim/v2/Users/{id}`: end a membership; user and profile stay.

use app::{Answer, Ask, Reply};
use operations::{people, remove_member};

pub(super) async fn answer(ask: Ask) -> Answer {
    let (id, seen) = (super::id(&ask), ask.call.if_match());
    let (caller, leaving) = ask
        .admit(|tenant, _| people::look_for_removal(tenant, id, seen))
        .await?;
    remove_member::remove_member(ask.means, &caller, leaving).await?;
    Ok(Reply::nothing())
}
