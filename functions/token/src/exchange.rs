//! Tokens for a token of an identity provider.

use app::{Answer, Ask};
use domain::{Failure, Fault, Form, Secret};
use gateway::oauth::{self, Client};
use operations::sign_in::external::{Exchange, NoExchange, exchange};

use crate::response::response;

/// What is asked for unless somebody says.
const USUAL: &str = "openid offline";

/// As a grant of the token endpoint.
pub(crate) async fn exchanged(
    ask: &Ask,
    (token, membership, scope, client): (Secret, Option<String>, String, Client),
) -> Answer {
    let request = Exchange {
        client: client.id,
        token,
        membership,
        scope,
    };
    match exchange(ask.means, ask.app.outside()?, (&request, &ask.device())).await? {
        Ok(tokens) => Ok(response(&tokens, &ask.app.config.settings.base_url)),
        Err(denied) => Ok(oauth::refused("invalid_request", &denied.to_string())),
    }
}

/// As a route of its own, which older clients call; its errors are FHIR's.
pub(crate) async fn by_itself(ask: Ask) -> Answer {
    let body = ask.call.object()?;
    let mut form = Form::new(&body);
    let token = form.required("externalAccessToken", "Missing externalAccessToken");
    let token = Secret::new(token);
    let client = form.required("clientId", "Missing clientId").to_owned();
    let membership = form.text("membershipId").map(str::to_owned);
    let scope = form.text("scope").unwrap_or(USUAL).to_owned();
    if scope.len() > 1_000 {
        form.fault(Fault::invalid("scope", "Invalid scope"));
    }
    form.finish(()).map_err(Failure::from)?;
    let request = Exchange {
        client: Some(client),
        token,
        membership,
        scope,
    };
    match exchange(ask.means, ask.app.outside()?, (&request, &ask.device())).await? {
        Ok(tokens) => Ok(response(&tokens, &ask.app.config.settings.base_url)),
        Err(NoExchange::Denied(_)) => Err(Fault::invalid("clientId", "Invalid client").into()),
        Err(NoExchange::Said(text)) => Err(Fault::invalid("externalAccessToken", text).into()),
    }
}
