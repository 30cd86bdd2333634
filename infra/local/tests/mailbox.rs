//! The mailbox, written to by the real SES client.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::time::Duration;

use aws_sdk_ses::Client;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{Body, Content, Destination, Message, RawMessage};
use roster_local::mailbox::{Fault, Mailbox};
use tokio::net::TcpListener;

async fn mailbox() -> Mailbox {
    Mailbox::start(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap()
}

fn client(mailbox: &Mailbox) -> Client {
    let config = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(mailbox.url())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(Duration::from_millis(300))
                .build(),
        )
        .build();
    Client::from_conf(config)
}

fn content(data: &str) -> Content {
    Content::builder().data(data).build().unwrap()
}

async fn send(
    client: &Client,
    to: &str,
) -> Result<String, SdkError<aws_sdk_ses::operation::send_email::SendEmailError>> {
    let body = Body::builder()
        .text(content("Open https://example.com/x?a=1&b=2"))
        .html(content("<p>Öffne</p>"))
        .build();
    let sent = client
        .send_email()
        .source("Support <support@example.com>")
        .destination(Destination::builder().to_addresses(to).build())
        .message(
            Message::builder()
                .subject(content("Welcome & hello"))
                .body(body)
                .build(),
        )
        .send()
        .await?;
    Ok(sent.message_id)
}

#[tokio::test]
async fn a_letter_sent_by_the_sdk_is_kept_as_it_was_written() {
    let mailbox = mailbox().await;
    let id = send(&client(&mailbox), "alice@example.com").await.unwrap();
    let letters = mailbox.messages();
    let letter = &letters[0];
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("alice@example.com", "Welcome & hello")
    );
    assert_eq!(
        (letter.text.as_str(), letter.html.as_str()),
        ("Open https://example.com/x?a=1&b=2", "<p>Öffne</p>")
    );
    assert_eq!(letter.headers["From"], "Support <support@example.com>");
    assert_eq!(
        letter.headers["Message-ID"],
        format!("<{id}@email.amazonses.com>")
    );
}

#[tokio::test]
async fn a_raw_letter_is_read_into_its_parts() {
    let mailbox = mailbox().await;
    let raw =
        "From: support@example.com\r\nTo: homer@example.com\r\nSubject: Donuts\r\n\r\nMmm.\r\n";
    let message = RawMessage::builder().data(Blob::new(raw)).build().unwrap();
    client(&mailbox)
        .send_raw_email()
        .raw_message(message)
        .send()
        .await
        .unwrap();
    let letter = mailbox.messages().remove(0);
    assert_eq!(
        (
            letter.to.as_str(),
            letter.subject.as_str(),
            letter.text.trim()
        ),
        ("homer@example.com", "Donuts", "Mmm.")
    );
}

#[tokio::test]
async fn a_refused_recipient_is_message_rejected_to_the_sdk_and_leaves_no_letter() {
    let mailbox = mailbox().await;
    let refused = send(&client(&mailbox), "mailfail.1@example.com")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("MessageRejected"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
    assert!(mailbox.messages().is_empty());
}

#[tokio::test]
async fn planned_faults_come_in_order_and_then_sends_succeed_again() {
    let mailbox = mailbox().await;
    let client = client(&mailbox);
    mailbox.next_answers([
        Fault::Throttled,
        Fault::ServerError,
        Fault::Hang,
        Fault::DropAfterAccept,
    ]);
    let throttled = send(&client, "alice@example.com").await.unwrap_err();
    assert_eq!(throttled.code(), Some("Throttling"));
    let broken = send(&client, "alice@example.com").await.unwrap_err();
    assert_eq!(broken.raw_response().unwrap().status().as_u16(), 500);
    assert!(matches!(
        send(&client, "alice@example.com").await,
        Err(SdkError::TimeoutError(_))
    ));
    assert_eq!(mailbox.messages().len(), 0);
    assert!(matches!(
        send(&client, "alice@example.com").await,
        Err(SdkError::DispatchFailure(_))
    ));
    assert_eq!(
        mailbox.messages().len(),
        1,
        "the letter was taken, only the answer was lost"
    );
    send(&client, "alice@example.com").await.unwrap();
}

#[tokio::test]
async fn one_hanging_send_holds_up_no_other() {
    let mailbox = mailbox().await;
    mailbox.next_answers([Fault::Hang]);
    let client = client(&mailbox);
    let sends = (0..8).map(|n| {
        let client = client.clone();
        tokio::spawn(async move {
            send(&client, &format!("alice{n}@example.com"))
                .await
                .is_ok()
        })
    });
    let mut sent = 0;
    for send in sends.collect::<Vec<_>>() {
        sent += usize::from(send.await.unwrap());
    }
    assert_eq!((sent, mailbox.messages().len()), (7, 7));
}

#[tokio::test]
async fn programs_read_the_letters_as_json_and_people_as_a_page() {
    let mailbox = mailbox().await;
    for to in ["alice@example.com", "homer@example.com"] {
        send(&client(&mailbox), to).await.unwrap();
    }
    let listed = reqwest::get(format!("{}/messages", mailbox.url()))
        .await
        .unwrap();
    let listed: serde_json::Value = listed.json().await.unwrap();
    assert_eq!(listed[1]["to"], "homer@example.com", "the newest is last");
    assert_eq!(listed[1]["headers"]["Subject"], "Welcome & hello");
    let page = reqwest::get(mailbox.url()).await.unwrap();
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<a href=\"https://example.com/x?a=1&amp;b=2\""),
        "{page}"
    );
}
