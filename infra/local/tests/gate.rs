//! The door of the API, before a host that says what it was sent.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use roster_local::gate::Gate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A host that answers every request with the bytes of it, on one connection after the other.
async fn host() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut read = vec![0; 1 << 16];
                loop {
                    let length = stream.read(&mut read).await.unwrap_or(0);
                    if length == 0 {
                        return;
                    }
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                    stream.write_all(head.as_bytes()).await.unwrap();
                    stream.write_all(&read[..length]).await.unwrap();
                }
            });
        }
    });
    port
}

/// What the host was sent, and what the client was told.
async fn through(request: &[u8]) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _gate = Gate::open(listener, host().await);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

fn holds(answer: &[u8], piece: &[u8]) -> bool {
    answer.windows(piece.len()).any(|window| window == piece)
}

#[tokio::test]
async fn a_text_that_is_no_utf_8_arrives_byte_by_byte_and_not_as_a_text() {
    for (kind, written) in [
        ("content-type: application/json\r\n", "APPLICATION/JSON"),
        ("content-type: text/csv\r\n", "TEXT/CSV"),
        ("", "APPLICATION/OCTET-STREAM"),
    ] {
        let mut request =
            format!("POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{kind}content-length: 3\r\n\r\n")
                .into_bytes();
        request.extend([0xff, 0xfe, b'!']);
        let answer = through(&request).await;
        assert!(holds(&answer, written.as_bytes()), "{kind}");
        assert!(answer.ends_with(&[0xff, 0xfe, b'!']), "{kind}");
    }
}

#[tokio::test]
async fn what_can_be_taken_is_let_through_as_it_is() {
    let request = "POST /a/../b%2e?x=%zz&y=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\nx-word: \u{e9}\r\ncontent-length: 4\r\n\r\n{\u{e9}}";
    let answer = through(request.as_bytes()).await;
    for piece in [
        "POST /a/../b%2e?x=%zz&y=1 HTTP/1.1\r\n",
        "content-type: application/json\r\n",
        "x-word: \u{e9}\r\n",
        "content-length: 4\r\n",
    ] {
        assert!(holds(&answer, piece.as_bytes()), "{piece}");
    }
    assert!(answer.ends_with("{\u{e9}}".as_bytes()));
}

#[tokio::test]
async fn a_header_that_is_no_utf_8_arrives_as_a_text() {
    let request =
        b"GET /auth/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \xff\r\n\r\n";
    let answer = through(request).await;
    assert!(holds(
        &answer,
        "authorization: Bearer \u{fffd}\r\n".as_bytes()
    ));
}

#[tokio::test]
async fn nobody_gets_at_the_events_of_the_functions() {
    for path in [
        "/.rt/invite/2018-06-01/runtime/invocation/next",
        "/2015-03-31/functions/invite/invocations",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = through(request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 404"), "{path}");
    }
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let request =
        "GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = through(request.as_bytes()).await;
    assert!(holds(&answer, b"GET /1 ") && holds(&answer, b"GET /2 "));
}
