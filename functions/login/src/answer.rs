//! What every step of a sign-in answers.

use app::{Answer, Ask, Reply};
use gateway::authorization::cookie;
use gateway::with_picture;
use operations::sign_in;
use serde_json::Value;

/// The result, with a picture where there is a seed to be scanned; and, once there is a code for an application, with what the browser
/// keeps of the session.
pub(crate) fn signed_in(ask: &Ask, result: Value) -> Answer {
    let kept = sign_in::kept(ask.means, &result)?;
    let reply = Reply::json(with_picture(result));
    let Some(kept) = kept else {
        return Ok(reply);
    };
    let base_url = &ask.app.config.settings.base_url;
    let client = kept.client.to_string();
    Ok(reply.with_cookie(cookie(&client, (&kept.token, kept.life), base_url)))
}
