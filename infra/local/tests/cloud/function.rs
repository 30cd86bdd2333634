//! A Lambda function in plain std, for the test of the local cloud: it compiles in a blink.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let (host, base) = api.trim_start_matches("http://").split_once('/').unwrap();
    let base = format!("/{base}/2018-06-01/runtime/invocation");
    loop {
        let (head, event) = call(host, &format!("GET {base}/next"), "");
        let id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("lambda-runtime-aws-request-id").then(|| value.trim().to_owned())
        });
        // Without an event the host ends a call after a while.
        let Some(id) = id else { continue };
        call(host, &format!("POST {base}/{id}/response"), &answer(&event));
    }
}

fn answer(event: &str) -> String {
    if event.contains("\"eventSource\":\"aws:dynamodb\"") {
        let key = std::path::PathBuf::from(std::env::var("ROSTER_KEY_FILE").unwrap());
        std::fs::write(key.with_file_name("delivered"), event).unwrap();
        return "{\"batchItemFailures\":[]}".into();
    }
    let path = event.split("\"rawPath\":\"").nth(1).unwrap().split('"').next().unwrap();
    if path.ends_with("/die") {
        std::process::exit(3);
    }
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap();
    let body = format!("{{'function':'{name}','pid':{},'path':'{path}'}}", std::process::id()).replace('\'', "\\\"");
    format!("{{\"statusCode\":200,\"headers\":{{}},\"multiValueHeaders\":{{}},\"cookies\":[],\"body\":\"{body}\",\"isBase64Encoded\":false}}")
}

/// One HTTP exchange on a connection of its own.
fn call(host: &str, line: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    let mut body = String::new();
    reader.read_to_string(&mut body).unwrap();
    (head, body)
}
