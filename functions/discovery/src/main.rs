//! What the server says about itself to everybody.

mod openapi;
mod openid;

use app::routes::{HEALTHCHECK, JWKS, OAUTH_SERVER, OPENAPI, OPENID, ROBOTS, ROOT};
use app::{Answer, Ask, Error, Function, Reply};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&ROOT, root)
        .on(&HEALTHCHECK, healthcheck)
        .on(&ROBOTS, robots)
        .on(&OPENAPI, openapi_document)
        .on(&JWKS, jwks)
        .on(&OPENID, openid_configuration)
        .on(&OAUTH_SERVER, openid_configuration)
        .serve()
        .await
}

async fn root(_: Ask) -> Answer {
    Ok(Reply::text("OK"))
}

async fn healthcheck(_: Ask) -> Answer {
    Ok(Reply::json(
        json!({ "ok": true, "version": env!("CARGO_PKG_VERSION") }),
    ))
}

async fn robots(_: Ask) -> Answer {
    Ok(Reply::text("User-agent: *\nDisallow: /\n"))
}

async fn openapi_document(ask: Ask) -> Answer {
    let base = &ask.app.config.settings.base_url;
    Ok(Reply::json(openapi::document(base)))
}

async fn jwks(ask: Ask) -> Answer {
    Ok(Reply::json(ask.app.keys.jwks(ask.means.now)))
}

async fn openid_configuration(ask: Ask) -> Answer {
    Ok(Reply::json(openid::configuration(
        &ask.app.config.settings.base_url,
    )))
}
