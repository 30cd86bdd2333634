//! What a token is worth, who stands behind it, its end; and what an application wants to be shown at sign-in.

use std::time::Duration;

use app::routes::{CLIENT_INFO, INTROSPECT, LOGOUT, LOGOUT_BY_LINK, USER_INFO, USER_INFO_BY_FORM};
use app::{Answer, Ask, Error, Function, Reply};
use domain::Secret;
use gateway::authorization::cookie;
use operations::{sessions, token_info};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&USER_INFO, user_info)
        .on(&USER_INFO_BY_FORM, user_info)
        .on(&INTROSPECT, introspect)
        .on(&LOGOUT, log_out)
        .on(&LOGOUT_BY_LINK, log_out)
        .on(&CLIENT_INFO, client_info)
        .serve()
        .await
}

async fn user_info(ask: Ask) -> Answer {
    let (caller, seen) = ask.admit(token_info::look).await?;
    Ok(Reply::json(token_info::user_info(&caller, &seen)))
}

async fn introspect(ask: Ask) -> Answer {
    let form = ask.call.form()?;
    let token = form
        .into_iter()
        .find(|(name, value)| name == "token" && !value.is_empty());
    let Some((_, token)) = token else {
        return Ok(gateway::oauth::refused(
            "invalid_request",
            "Token to introspect must be provided",
        ));
    };
    Ok(Reply::json(
        token_info::introspect(ask.means, &Secret::new(token)).await?,
    ))
}

async fn log_out(ask: Ask) -> Answer {
    let (caller, row) = ask.admit(sessions::own).await?;
    sessions::log_out(ask.means, &caller, row.as_ref()).await?;
    let Some(client) = row.and_then(|row| row.client()) else {
        return Ok(ask.all_ok());
    };
    // A cookie with no life left is forgotten.
    let base_url = &ask.app.config.settings.base_url;
    let none = cookie(&client.to_string(), ("", Duration::ZERO), base_url);
    Ok(ask.all_ok().with_cookie(none))
}

async fn client_info(ask: Ask) -> Answer {
    let id = ask.call.parameter("clientId");
    Ok(Reply::json(token_info::client_info(ask.means, id).await?))
}
