//! A function's answer as API Gateway's HTTP API takes it, and refuses it. What the gateway would silently repair or
//! drop is refused as well: a function that relies on that is wrong.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

/// Lambda answers larger than this fail.
const LARGEST: usize = 6 << 20;

/// Turns the answer into HTTP, or says what is wrong with it.
///
/// # Errors
/// A sentence for the test that meets it.
pub(crate) fn response(answer: &Value) -> Result<Response<Body>, String> {
    let fields = answer.as_object().ok_or("the answer is no JSON object")?;
    refuse_strangers(fields)?;
    let mut response = Response::new(body(fields)?);
    *response.status_mut() = status(fields)?;
    for (name, value) in headers(fields)? {
        let value = value
            .as_str()
            .ok_or_else(|| format!("header {name} is no text"))?;
        response
            .headers_mut()
            .append(header_name(name)?, header_value(value)?);
    }
    for cookie in fields
        .get("cookies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let cookie = cookie.as_str().ok_or("a cookie is no text")?;
        let name = HeaderName::from_static("set-cookie");
        response.headers_mut().append(name, header_value(cookie)?);
    }
    Ok(response)
}

fn refuse_strangers(fields: &Map<String, Value>) -> Result<(), String> {
    let known = [
        "statusCode",
        "headers",
        "multiValueHeaders",
        "cookies",
        "body",
        "isBase64Encoded",
    ];
    if let Some(stranger) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("the answer has an unknown field {stranger}"));
    }
    let several = fields.get("multiValueHeaders").and_then(Value::as_object);
    if several.is_some_and(|headers| !headers.is_empty()) {
        return Err("multiValueHeaders are dropped in payload format 2.0".to_owned());
    }
    Ok(())
}

fn status(fields: &Map<String, Value>) -> Result<StatusCode, String> {
    let code = fields
        .get("statusCode")
        .and_then(Value::as_u64)
        .ok_or("statusCode is no number")?;
    let code = u16::try_from(code)
        .ok()
        .filter(|code| (200..600).contains(code));
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    status.ok_or_else(|| "statusCode is not between 200 and 599".to_owned())
}

fn headers(fields: &Map<String, Value>) -> Result<impl Iterator<Item = (&String, &Value)>, String> {
    let headers = fields.get("headers").filter(|headers| !headers.is_null());
    if headers.is_some_and(|headers| !headers.is_object()) {
        return Err("headers is no object".to_owned());
    }
    Ok(headers.and_then(Value::as_object).into_iter().flatten())
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    let lower = name.to_ascii_lowercase();
    if [
        "connection",
        "content-length",
        "transfer-encoding",
        "upgrade",
    ]
    .contains(&lower.as_str())
    {
        return Err(format!("header {name} belongs to the gateway"));
    }
    lower
        .parse()
        .map_err(|_| format!("{name:?} is no header name"))
}

fn header_value(value: &str) -> Result<HeaderValue, String> {
    value
        .parse()
        .map_err(|_| format!("{value:?} is no header value"))
}

fn body(fields: &Map<String, Value>) -> Result<Body, String> {
    let text = match fields.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err("body is no text".to_owned()),
    };
    if text.len() > LARGEST {
        return Err(format!(
            "a body of {} bytes is more than Lambda answers",
            text.len()
        ));
    }
    match fields.get("isBase64Encoded") {
        Some(Value::Bool(true)) => {
            let bytes = BASE64_STANDARD
                .decode(text)
                .map_err(|_| "body is no base64")?;
            Ok(Body::from(bytes))
        }
        None | Some(Value::Bool(false)) => Ok(Body::from(text.to_owned())),
        Some(_) => Err("isBase64Encoded is neither true nor false".to_owned()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_good_answer_becomes_http() {
        let answer = json!({
            "statusCode": 201, "headers": { "ETag": "W/\"1\"" }, "multiValueHeaders": {},
            "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true,
        });
        let response = response(&answer).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["etag"], "W/\"1\"");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(
            axum::body::to_bytes(response.into_body(), 10)
                .await
                .unwrap(),
            "hi"
        );
    }

    #[test]
    fn what_the_gateway_would_refuse_or_drop_is_refused_with_a_reason() {
        let refused = |answer: Value| response(&answer).unwrap_err();
        assert!(refused(json!("text")).contains("object"));
        assert!(refused(json!({ "body": "x" })).contains("statusCode"));
        assert!(refused(json!({ "statusCode": 99 })).contains("statusCode"));
        assert!(refused(json!({ "statusCode": 200, "extra": 1 })).contains("extra"));
        assert!(refused(json!({ "statusCode": 200, "body": {} })).contains("body"));
        assert!(refused(json!({ "statusCode": 200, "headers": { "a": ["b"] } })).contains('a'));
        assert!(refused(json!({ "statusCode": 200, "headers": { "a b": "c" } })).contains("a b"));
        assert!(
            refused(json!({ "statusCode": 200, "headers": { "connection": "close" } }))
                .contains("gateway")
        );
        assert!(
            refused(json!({ "statusCode": 200, "body": "?", "isBase64Encoded": true }))
                .contains("base64")
        );
        assert!(
            refused(json!({ "statusCode": 200, "multiValueHeaders": { "a": ["b"] } }))
                .contains("multi")
        );
    }
}
