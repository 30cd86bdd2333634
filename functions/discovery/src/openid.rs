//! What clients of OpenID Connect and OAuth read before anything else.

use serde_json::{Value, json};

/// OpenID Connect Discovery 1.0 and RFC 8414: what of it this server does.
pub(crate) fn configuration(base: &str) -> Value {
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
