//! Dynamic registration (RFC 7591), as far as it goes here: whoever listens where a built-in application listens is told its id.

use app::{Answer, Ask, Reply};
use gateway::oauth;
use operations::sign_in::built_in;
use serde_json::{Value, json};

pub(crate) async fn register(ask: Ask) -> Answer {
    let body = ask.call.object()?;
    let sent = body.get("redirect_uris").and_then(Value::as_array);
    let addresses: Vec<&str> = sent
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if addresses.is_empty() {
        return Ok(refused("Redirect URI is required"));
    }
    let Some(client) = built_in(&addresses) else {
        return Ok(refused("Invalid redirect URI"));
    };
    let made = json!({
        "client_id": client.to_string(),
        "client_id_issued_at": ask.means.now.as_seconds(),
        "redirect_uris": addresses,
        "token_endpoint_auth_method": "none",
    });
    Ok(Reply::json(made).status(201))
}

fn refused(description: &str) -> Reply {
    oauth::refused("invalid_request", description)
}
