//! What clients of OpenID Connect and OAuth read before anything else.

use serde_json::{Value, json};

const GRANTS: [&str; 4] = [
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];
/// How an application shows at the token endpoint who it is.
const CLIENT_PROOFS: [&str; 3] = [
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];
/// With which algorithms it may sign an assertion.
const ASSERTIONS: [&str; 5] = ["RS256", "RS384", "RS512", "ES256", "ES384"];

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
        "grant_types_supported": GRANTS,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile", "email", "phone", "address"],
        "token_endpoint_auth_methods_supported": CLIENT_PROOFS,
        "token_endpoint_auth_signing_alg_values_supported": ASSERTIONS,
        "request_object_signing_alg_values_supported": ["none"],
        "code_challenge_methods_supported": ["S256", "plain"],
    })
}

/// SMART App Launch 2.2 (Conformance): what of it this server does.
pub(crate) fn smart(base: &str) -> Value {
    json!({
        "issuer": base,
        "jwks_uri": format!("{base}.well-known/jwks.json"),
        "authorization_endpoint": format!("{base}oauth2/authorize"),
        "token_endpoint": format!("{base}oauth2/token"),
        "introspection_endpoint": format!("{base}oauth2/introspect"),
        "grant_types_supported": GRANTS,
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": CLIENT_PROOFS,
        "token_endpoint_auth_signing_alg_values_supported": ASSERTIONS,
        "scopes_supported": ["openid", "profile", "email", "phone", "address", "fhirUser", "offline_access"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": [
            "authorize-post", "client-confidential-asymmetric", "client-confidential-symmetric", "client-public", "context-ehr-encounter",
            "context-ehr-patient", "launch-ehr", "launch-standalone", "permission-offline",
            "permission-patient", "permission-user", "permission-v2", "sso-openid-connect",
        ],
    })
}

/// OAuth 2.0 Protected Resource Metadata (RFC 9728) of the whole API, or of a part of it that is asked for by its URL; nothing for a URL
/// that is not below the server's own, or for several.
pub(crate) fn protected_resource(base: &str, asked: &[&str]) -> Option<Value> {
    let resource = match asked {
        [] => base,
        [one] if one.starts_with(base) => one,
        _ => return None,
    };
    Some(json!({
        "resource": resource,
        "authorization_servers": [base],
        "jwks_uri": format!("{base}.well-known/jwks.json"),
        "scopes_supported": ["openid", "profile", "email", "phone", "address"],
        "bearer_methods_supported": ["header"],
    }))
}
