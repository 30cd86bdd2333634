//! The token response.

use app::Reply;
use gateway::oauth;
use operations::tokens::Tokens;
use serde_json::json;

/// A session's tokens as the client takes them.
pub(crate) fn response(tokens: &Tokens, base_url: &str) -> Reply {
    let mut answer = json!({
        "expires_in": tokens.life.as_secs(),
        "scope": tokens.scope,
        "id_token": tokens.id_token,
        "access_token": tokens.access_token,
        "project": tokens.project.to_json(),
        "profile": tokens.profile.to_json(),
    });
    if let Some(refresh) = &tokens.refresh_token {
        answer["refresh_token"] = refresh.as_str().into();
    }
    // A patient is nobody else's context.
    let own = tokens
        .profile
        .id()
        .filter(|_| tokens.profile.kind() == "Patient");
    let launch = tokens.launch.unwrap_or_default();
    for (field, id) in [
        ("patient", own.or(launch.patient)),
        ("encounter", launch.encounter),
    ] {
        if let Some(id) = id {
            answer[field] = id.to_string().into();
        }
    }
    oauth::granted(answer, base_url)
}
