//! What the token endpoint answers (RFC 6749 §5).

use app::{Answer, Ask, Reply};
use operations::client_credentials::Granted;
use serde_json::json;

/// The tokens, and what of the session Medplum's clients read beside them.
pub(crate) fn tokens(ask: &Ask, granted: &Granted) -> Reply {
    let base = &ask.app.config.settings.base_url;
    Reply::json(json!({
        "token_type": "Bearer",
        "expires_in": granted.life.as_secs(),
        "scope": granted.scope,
        "id_token": granted.id_token,
        "access_token": granted.access_token,
        "project": granted.project.to_json(),
        "profile": granted.profile.to_json(),
        "smart_style_url": format!("{base}fhir/R4/.well-known/smart-styles.json"),
        "need_patient_banner": false,
    }))
}

/// The one error that the endpoint knows, with its reason.
pub(crate) fn refused(description: &str) -> Answer {
    let body = json!({ "error": "invalid_request", "error_description": description });
    Ok(Reply::json(body).status(400))
}
