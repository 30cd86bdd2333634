//! The real SDK against a small server that speaks the protocol of SES: a form in, XML out.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::future::pending;
use std::time::Duration;

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::config::{BehaviorVersion, Config, Credentials, Region};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use roster_mail::{Letter, MessageId, SendError, Sender, Ses};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const ACCEPTED: &str = "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\">\
    <SendEmailResult><MessageId>0102-7</MessageId></SendEmailResult>\
    <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SendEmailResponse>";

fn error(code: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>Email address is not verified: alice@example.com</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

fn letter() -> Letter {
    let from = "support@example.com".parse().unwrap();
    let to = "alice@example.com".parse().unwrap();
    Sender::new("Roster", from, "http://localhost:3000/").joined(&to, "Ärzte & Söhne")
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn ses(url: &str, patience: Duration) -> Ses {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .endpoint_url(url)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(patience).build())
        .build();
    Ses::new(Client::from_conf(config))
}

/// What comes of sending one letter to a server that answers so, and the forms that the server got.
async fn answered(
    status: u16,
    body: impl Into<String>,
) -> (Result<MessageId, SendError>, Vec<String>) {
    let (listener, url) = listen().await;
    let (seen, mut forms) = mpsc::unbounded_channel();
    let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
    let server = Router::new().route(
        "/",
        post(move |form: String| async move {
            seen.send(form).unwrap();
            (status, body)
        }),
    );
    let server = tokio::spawn(axum::serve(listener, server).into_future());
    let outcome = ses(&url, Duration::from_secs(20)).send(&letter()).await;
    server.abort();
    let mut got = Vec::new();
    while let Ok(form) = forms.try_recv() {
        got.push(form);
    }
    (outcome, got)
}

fn refusal(outcome: Result<MessageId, SendError>) -> String {
    match outcome {
        Err(SendError::Refused { reason }) => reason,
        other => format!("not refused but {other:?}"),
    }
}

fn is_unknown(outcome: &Result<MessageId, SendError>) -> bool {
    matches!(outcome, Err(SendError::Unknown { .. }))
}

#[tokio::test]
async fn an_accepted_letter_has_an_id_and_arrives_in_all_its_parts() {
    let (outcome, forms) = answered(200, ACCEPTED).await;
    assert_eq!(outcome.unwrap().as_str(), "0102-7");
    assert_eq!(forms.len(), 1);

    let letter = letter();
    let form: Vec<(String, String)> = form_urlencoded::parse(forms[0].as_bytes())
        .into_owned()
        .collect();
    for (name, value) in [
        ("Action", "SendEmail"),
        ("Source", "\"Roster\" <support@example.com>"),
        ("Destination.ToAddresses.member.1", "alice@example.com"),
        ("Message.Subject.Data", "Roster: Welcome to Ärzte & Söhne"),
        ("Message.Subject.Charset", "UTF-8"),
        ("Message.Body.Text.Data", letter.text()),
        ("Message.Body.Html.Data", letter.html()),
    ] {
        let sent = form.iter().find(|(key, _)| key == name);
        assert_eq!(sent.map(|(_, value)| value.as_str()), Some(value), "{name}");
    }
}

#[tokio::test]
async fn what_ses_refuses_is_refused_by_its_code_and_without_the_address() {
    for (status, code) in [
        (400, "MessageRejected"),
        (400, "MailFromDomainNotVerifiedException"),
        (400, "ConfigurationSetDoesNotExist"),
        (400, "ConfigurationSetSendingPausedException"),
        (400, "AccountSendingPausedException"),
        (400, "Throttling"),
        (403, "AccessDenied"),
        (429, "TooManyRequests"),
    ] {
        let (outcome, forms) = answered(status, error(code)).await;
        assert_eq!(refusal(outcome), code);
        assert_eq!(forms.len(), 1, "{code}: one attempt");
    }
}

#[tokio::test]
async fn a_refusal_without_a_code_is_named_by_its_status() {
    let (outcome, _) = answered(403, "").await;
    assert_eq!(refusal(outcome), "HTTP 403");
}

#[tokio::test]
async fn a_failure_of_ses_itself_leaves_the_outcome_unknown() {
    for status in [500, 503] {
        let (outcome, forms) = answered(status, error("InternalFailure")).await;
        assert!(is_unknown(&outcome), "{status}: {outcome:?}");
        assert_eq!(forms.len(), 1, "{status}: one attempt");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_unknown() {
    for body in ["", "<SendEmailResponse>", "not xml"] {
        let (outcome, _) = answered(200, body).await;
        assert!(is_unknown(&outcome), "{body}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_outcome_unknown() {
    let (listener, url) = listen().await;
    let server = Router::new().route("/", post(pending::<String>));
    let server = tokio::spawn(axum::serve(listener, server).into_future());
    let outcome = ses(&url, Duration::from_millis(300)).send(&letter()).await;
    server.abort();
    assert!(is_unknown(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_off_leaves_the_outcome_unknown() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            connection.readable().await.unwrap();
            drop(connection);
        }
    });
    let outcome = ses(&url, Duration::from_secs(20)).send(&letter()).await;
    server.abort();
    assert!(is_unknown(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_connection_is_a_refusal() {
    let (listener, url) = listen().await;
    drop(listener);
    let outcome = ses(&url, Duration::from_secs(20)).send(&letter()).await;
    assert_eq!(refusal(outcome), "SES refused the connection");
}
