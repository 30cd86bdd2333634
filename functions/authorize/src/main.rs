//! The authorization endpoint: an application sends a person, and gets a code back. And how programs learn the id of a built-in application.

mod register;

use app::routes::{AUTHORIZE, AUTHORIZE_BY_FORM, REGISTER_CLIENT};
use app::{Answer, Ask, Error, Function, Reply};
use gateway::authorization::{back, cookie_name, sign_in_page};
use operations::sign_in::{self, AuthorizationRequest, Lost, Objection, Way};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&AUTHORIZE, authorize)
        .on(&AUTHORIZE_BY_FORM, authorize)
        .on(&REGISTER_CLIENT, register::register)
        .serve()
        .await
}

async fn authorize(ask: Ask) -> Answer {
    let asked = ask.parameters()?;
    let request = AuthorizationRequest::parse(&asked);
    let named = |name: &str| asked.iter().find(|(of, _)| of == name);
    let value = |name: &str| named(name).map(|(_, value)| value.as_str());
    let cookie = cookie_name(value("client_id").unwrap_or_default());
    let brought = (ask.call.cookie(&cookie), &ask.device());
    let way = match sign_in::authorize(ask.means, &request, brought).await? {
        Ok(way) => way,
        Err(lost) => return Ok(shown(lost)),
    };
    let state = ("state", value("state"));
    let location = match &way {
        Way::Back(address, code) => back(address, &[("code", Some(code)), state]),
        Way::Objected(address, Objection(error, description)) => {
            let why = [
                ("error", Some(*error)),
                ("error_description", Some(*description)),
                state,
            ];
            back(address, &why)
        }
        Way::SignIn(scope, login) => {
            let login = login.map(|login| login.to_string());
            let page = &ask.app.config.app_url;
            Some(sign_in_page(page, &asked, (scope, login.as_deref())))
        }
    };
    Ok(location.map_or_else(|| shown(Lost::Address), Reply::found))
}

/// Nobody can be trusted with the answer but the person.
fn shown(lost: Lost) -> Reply {
    Reply::text(lost.to_string()).status(400)
}
