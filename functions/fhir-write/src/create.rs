//! `POST /fhir/R4/{resourceType}`: create a resource, with `If-None-Exist` unless it is there.

use app::{Answer, Ask, Reply};
use gateway::Call;
use operations::create_resource::{self, Posted};
use operations::{Destination, Wish, conditional};

pub(super) async fn answer(ask: Ask) -> Answer {
    let kind = ask.call.parameter("resourceType").to_owned();
    let body = ask.call.object();
    let destination = ask.asked(app::project_named(&body));
    let posted = body.map(|body| Posted {
        kind,
        body,
        id: None,
    });
    let wish = ask.wish(posted);
    match ask.call.header("if-none-exist").map(Call::criteria) {
        Some(words) => unless_there(&ask, destination, (Ok(words), wish)).await,
        None => plainly(&ask, destination, wish).await,
    }
}

async fn plainly(ask: &Ask, to: Destination, wish: Wish<Posted>) -> Answer {
    let (caller, seen) = ask
        .admit_seeing(to, |tenant, _, sight| {
            create_resource::look(ask.means, tenant, sight, wish)
        })
        .await?;
    let resource = create_resource::create_resource(ask.means, &caller, seen).await?;
    let base_url = &ask.app.config.settings.base_url;
    Ok(Reply::created(&resource, ask.call.view(), base_url))
}

async fn unless_there(
    ask: &Ask,
    to: Destination,
    wish: (conditional::Criteria, Wish<Posted>),
) -> Answer {
    let (caller, creation) = ask
        .admit_seeing(to, |tenant, _, sight| {
            Box::pin(conditional::look_for_creation(
                ask.means, tenant, sight, wish,
            ))
        })
        .await?;
    let written = conditional::create(ask.means, &caller, creation).await?;
    Ok(ask.written(&written))
}
