//! `POST /oauth2/token`: exchange a secret, an assertion, a code, a refresh token or somebody else's token for tokens (RFC 6749). Its errors are
//! OAuth's, not FHIR's.

mod credentials;
mod exchange;
mod response;

use app::routes::{EXCHANGE, TOKEN};
use app::{Answer, Ask, Error, Function};
use gateway::oauth::{self, Client, TokenRequest};
use operations::tokens::{Redemption, Renewal, redeem, refresh};
use response::response;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&TOKEN, answer)
        .on(&EXCHANGE, exchange::by_itself)
        .serve()
        .await
}

async fn answer(ask: Ask) -> Answer {
    let means = ask.means;
    let granted = match TokenRequest::read(&ask.call) {
        Err(answer) => return answer,
        Ok(TokenRequest::Exchange(token, membership, scope, client)) => {
            return exchange::exchanged(&ask, (token, membership, scope, client)).await;
        }
        Ok(TokenRequest::Code(code, verifier, Client { id: client, secret })) => {
            let request = Redemption {
                code,
                client,
                secret,
                verifier,
            };
            redeem(means, &request).await?
        }
        Ok(TokenRequest::Refresh(token, Client { id: client, secret })) => {
            let request = Renewal {
                token,
                client,
                secret,
            };
            refresh(means, &request).await?
        }
        Ok(credentials) => credentials::granted(&ask, credentials).await?,
    };
    match granted {
        Ok(tokens) => Ok(response(&tokens, &ask.app.config.settings.base_url)),
        Err(denied) => Ok(oauth::refused(denied.error(), &denied.to_string())),
    }
}
