//! What stands at well-known places (RFC 8615).

use app::domain::Fault;
use app::{Answer, Ask, Reply};

use crate::openid;

pub(crate) async fn jwks(ask: Ask) -> Answer {
    Ok(Reply::json(ask.app.keys.jwks(ask.means.now)))
}

pub(crate) async fn openid_configuration(ask: Ask) -> Answer {
    Ok(Reply::json(openid::configuration(
        &ask.app.config.settings.base_url,
    )))
}

pub(crate) async fn smart_configuration(ask: Ask) -> Answer {
    Ok(Reply::json(openid::smart(
        &ask.app.config.settings.base_url,
    )))
}

pub(crate) async fn protected_resource(ask: Ask) -> Answer {
    let base = &ask.app.config.settings.base_url;
    let asked = ask.call.query.iter().filter(|(name, _)| name == "resource");
    let asked: Vec<&str> = asked.map(|(_, value)| value.as_str()).collect();
    let resource = openid::protected_resource(base, &asked);
    let wrong = || Fault::invalid("resource", "Invalid resource URL");
    Ok(Reply::json(resource.ok_or_else(wrong)?))
}
