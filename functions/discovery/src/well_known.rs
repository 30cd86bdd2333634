//! What stands at well-known places (RFC 8615).

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
    Ok(match openid::protected_resource(base, &asked) {
        Some(resource) => Reply::json(resource),
        None => Reply::text("Invalid resource URL").status(400),
    })
}
