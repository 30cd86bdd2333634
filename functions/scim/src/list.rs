//! `GET /scim/v2/Users`: list people, or find one by user name, external id or address.

use app::{Answer, Ask};
use gateway::scim::{self, Search};
use operations::people;

pub(super) async fn answer(ask: Ask) -> Answer {
    let search = Search::read(&ask.call.query);
    let start = search.as_ref().map_or(1, |search| search.start);
    let queries = search.map(|search| search.queries);
    let (_, found) = ask
        .admit(|tenant, _| people::look_at_all(ask.means, tenant, queries))
        .await?;
    let base_url = &ask.app.config.settings.base_url;
    let user =
        |person: &people::Person| scim::user(&person.membership, person.profile.as_ref(), base_url);
    let users: Vec<_> = found.people.iter().map(user).collect();
    Ok(scim::list(&users, (start, found.total)))
}
