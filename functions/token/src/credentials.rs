//! Tokens for an application that acts for itself.

use app::Ask;
use domain::Failure;
use gateway::oauth::TokenRequest;
use operations::client_credentials::{
    ClientAssertion, client_credentials, client_credentials_by_assertion,
};
use operations::tokens::{Denied, Tokens};

/// By its secret, or by an assertion.
pub(crate) async fn granted(
    ask: &Ask,
    request: TokenRequest,
) -> Result<Result<Tokens, Denied>, Failure> {
    match request {
        TokenRequest::ClientCredentials { id, secret, scope } => {
            client_credentials(ask.means, (&id, &secret), (&scope, &ask.call.address)).await
        }
        TokenRequest::SignedCredentials {
            kind,
            assertion,
            id: client,
            scope,
        } => {
            let sent = ClientAssertion {
                kind,
                assertion,
                client,
            };
            client_credentials_by_assertion(
                ask.means,
                ask.app.outside()?,
                (&sent, &scope, &ask.call.address),
            )
            .await
        }
        TokenRequest::Exchange(..) | TokenRequest::Code(..) | TokenRequest::Refresh(..) => {
            Ok(Err(Denied::Client))
        }
    }
}
