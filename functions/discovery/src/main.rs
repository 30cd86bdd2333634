//! What the server says about itself to everybody.

use app::routes::{HEALTHCHECK, JWKS, OAUTH_SERVER, OPENID, ROBOTS, ROOT};
use app::{Answer, Ask, Error, Function, Reply};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&ROOT, root)
        .on(&HEALTHCHECK, healthcheck)
        .on(&ROBOTS, robots)
        .on(&JWKS, jwks)
        .on(&OPENID, openid)
        .on(&OAUTH_SERVER, openid)
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

async fn jwks(ask: Ask) -> Answer {
    Ok(Reply::json(ask.app.keys.jwks(ask.means.now)))
}

async fn openid(ask: Ask) -> Answer {
    Ok(Reply::json(configuration(
        &ask.app.config.settings.base_url,
    )))
}

/// OpenID Connect Discovery 1.0 and RFC 8414: what of it this server does.
fn configuration(base: &str) -> Value {
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}oauth2/authorize"),
        "token_endpoint": format!("{base}oauth2/token"),
        "userinfo_endpoint": format!("{base}oauth2/userinfo"),
        "jwks_uri": format!("{base}.well-known/jwks.json"),
        "introspection_endpoint": format!("{base}oauth2/introspect"),
        "registration_endpoint": format!("{base}oauth2/register"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["code", "id_token", "token id_token"],
        "subject_types_supported": ["pairwise", "public"],
        "scopes_supported": ["openid", "profile", "email", "phone", "address"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "request_object_signing_alg_values_supported": ["none"],
        "code_challenge_methods_supported": ["S256", "plain"],
    })
}
