use std::error::Error;
use std::io;

use aws_sdk_ses::Client;
use aws_sdk_ses::config::http::HttpResponse;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_email::SendEmailError;
use aws_sdk_ses::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_ses::types::{Body, Content, Destination, Message};

use crate::Letter;

/// The id that SES gave an accepted letter: bounces and complaints name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(String);

impl MessageId {
    /// As SES wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a letter was not accepted, as far as that is known.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The letter was certainly not accepted: trying again cannot make it arrive twice.
    #[error("the letter was refused: {reason}")]
    Refused {
        /// The error code of SES (`MessageRejected`), or what kept us from asking. Names no person.
        reason: String,
    },
    /// Nobody knows whether it was accepted: the answer was late, lost or unreadable, or SES itself had failed.
    #[error("it is unknown whether the letter was accepted")]
    Unknown {
        /// For the log.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

/// Sends letters through Amazon SES.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// The client must be configured for one attempt and with time-outs: a second attempt after a lost answer is a second letter.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Hands `letter` to SES. Its parts are passed on as they are: SES writes the headers.
    ///
    /// # Errors
    ///
    /// [`SendError::Refused`] only when the letter was certainly not accepted.
    pub async fn send(&self, letter: &Letter) -> Result<MessageId, SendError> {
        let request = self.request(letter).map_err(|error| SendError::Refused {
            reason: error.to_string(),
        })?;
        match request.send().await {
            Ok(accepted) => Ok(MessageId(accepted.message_id)),
            Err(error) => Err(judge(error)),
        }
    }

    fn request(
        &self,
        letter: &Letter,
    ) -> Result<SendEmailFluentBuilder, aws_sdk_ses::error::BuildError> {
        let body = Body::builder()
            .text(content(letter.text())?)
            .html(content(letter.html())?);
        let message = Message::builder()
            .subject(content(letter.subject())?)
            .body(body.build());
        let to = Destination::builder().to_addresses(letter.to().as_str());
        Ok(self
            .client
            .send_email()
            .source(letter.from())
            .destination(to.build())
            .message(message.build()))
    }
}

fn content(data: &str) -> Result<Content, aws_sdk_ses::error::BuildError> {
    Content::builder().charset("UTF-8").data(data).build()
}

fn judge(error: SdkError<SendEmailError, HttpResponse>) -> SendError {
    match certain_reason(&error) {
        Some(reason) => SendError::Refused { reason },
        None => SendError::Unknown {
            cause: Box::new(error),
        },
    }
}

/// Why the letter was certainly not accepted, if that is certain. A message of SES may quote the address, hence its code alone.
fn certain_reason(error: &SdkError<SendEmailError, HttpResponse>) -> Option<String> {
    match error {
        SdkError::ConstructionFailure(_) => Some("the request could not be made".to_owned()),
        SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().map(str::to_owned);
            Some(code.unwrap_or_else(|| format!("HTTP {status}")))
        }
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .is_some_and(|error| was_refused(error))
            .then(|| "SES refused the connection".to_owned()),
        _ => None,
    }
}

/// Whether the other side refused the connection itself: then nothing was sent. Any other failure of a connection may come after
/// the last byte of the request.
fn was_refused(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
