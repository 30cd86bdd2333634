//! How an application shows who it is (RFC 6749 §2.3.1): in a Basic header, or in the form when there is no header.

use domain::Secret;
use gateway::Call;

/// The application's id as sent, and its secret; else the words for what is missing or broken.
pub(crate) fn shown<'a>(
    call: &Call,
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<(String, Secret), &'static str> {
    let (id, secret) = match call.header("authorization") {
        None => (
            field("client_id").map(str::to_owned),
            field("client_secret").map(str::to_owned),
        ),
        Some(_) => {
            let (id, secret) = call
                .basic_credentials()
                .ok_or("Invalid authorization header")?;
            (Some(id), Some(secret))
        }
    };
    let id = id.filter(|id| !id.is_empty()).ok_or("Missing client_id")?;
    let secret = secret
        .filter(|secret| !secret.is_empty())
        .ok_or("Missing client_secret")?;
    Ok((id, Secret::new(secret)))
}
