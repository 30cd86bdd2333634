//! What the server says about itself to everybody.

mod openapi;
mod openid;
mod well_known;

use app::routes::{
    HEALTHCHECK, JWKS, OAUTH_SERVER, OPENAPI, OPENID, PROTECTED_RESOURCE, ROBOTS, ROOT, SMART,
    SMART_BELOW_FHIR,
};
use app::{Answer, Ask, Error, Function, Reply};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&ROOT, root)
        .on(&HEALTHCHECK, healthcheck)
        .on(&ROBOTS, robots)
        .on(&OPENAPI, openapi_document)
        .on(&JWKS, well_known::jwks)
        .on(&OPENID, well_known::openid_configuration)
        .on(&OAUTH_SERVER, well_known::openid_configuration)
        .on(&PROTECTED_RESOURCE, well_known::protected_resource)
        .on(&SMART, well_known::smart_configuration)
        .on(&SMART_BELOW_FHIR, well_known::smart_configuration)
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
