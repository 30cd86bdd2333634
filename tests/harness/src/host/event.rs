//! An HTTP request as API Gateway's HTTP API tells a function: payload format 2.0.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routes::{Match, decode};

/// A request that has arrived whole.
pub(crate) struct Arrived {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
    pub(crate) at: Timestamp,
}

impl Arrived {
    /// The event for the route this request goes to.
    pub(crate) fn event(&self, route: &Match, request: &str) -> Value {
        let mut event = json!({
            "version": "2.0",
            "routeKey": route.route_key,
            "rawPath": decode(self.parts.uri.path()),
            "rawQueryString": self.query(),
            "headers": self.headers(),
            "requestContext": self.context(route, request),
            "isBase64Encoded": !self.body.is_empty() && !is_text(&self.parts.headers),
        });
        self.add_what_is_there(&mut event, route);
        event
    }

    /// API Gateway leaves these out when there are none.
    fn add_what_is_there(&self, event: &mut Value, route: &Match) {
        let cookies: Vec<_> = joined(&self.parts.headers, &header::COOKIE)
            .map(|all| all.split("; ").map(str::to_owned).collect())
            .unwrap_or_default();
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        if !self.query().is_empty() {
            event["queryStringParameters"] = self.parameters();
        }
        if !route.parameters.is_empty() {
            event["pathParameters"] = route.parameters.iter().cloned().collect();
        }
        if !self.body.is_empty() {
            event["body"] = if is_text(&self.parts.headers) {
                json!(String::from_utf8_lossy(&self.body))
            } else {
                json!(BASE64_STANDARD.encode(&self.body))
            };
        }
    }

    fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// Values of one name are joined by commas, in their order.
    fn parameters(&self) -> Value {
        let mut all = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(self.query().as_bytes()) {
            all.entry(name.into_owned())
                .or_default()
                .push(value.into_owned());
        }
        all.into_iter()
            .map(|(name, values)| (name, json!(values.join(","))))
            .collect()
    }

    /// Names are in lower case, several values of one name joined by commas; cookies have their own place.
    fn headers(&self) -> Map<String, Value> {
        let headers = &self.parts.headers;
        let names = headers.keys().filter(|name| **name != header::COOKIE);
        let mut all: Map<_, _> = names
            .filter_map(|name| Some((name.to_string(), json!(joined(headers, name)?))))
            .collect();
        let peer = self.peer.ip().to_string();
        let forwarded = match joined(headers, &HeaderName::from_static("x-forwarded-for")) {
            Some(before) => format!("{before}, {peer}"),
            None => peer,
        };
        all.insert("x-forwarded-for".to_owned(), json!(forwarded));
        all.insert("x-forwarded-proto".to_owned(), json!("http"));
        all
    }

    fn context(&self, route: &Match, request: &str) -> Value {
        let text = |name| joined(&self.parts.headers, &name).unwrap_or_default();
        json!({
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": text(header::HOST),
            "domainPrefix": "local",
            "http": {
                "method": self.parts.method.as_str(),
                "path": decode(self.parts.uri.path()),
                "protocol": "HTTP/1.1",
                "sourceIp": self.peer.ip().to_string(),
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": request,
            "routeKey": route.route_key,
            "stage": "$default",
            "time": self.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": self.at.as_millisecond(),
        })
    }
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values = headers.get_all(name).iter();
    let texts: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// API Gateway passes these as text and everything else as base64, forms and `application/fhir+json` included.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = joined(headers, &header::CONTENT_TYPE)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let text = [
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
    ];
    text.iter().any(|prefix| kind.starts_with(prefix))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::host::routes::Routes;

    fn event(request: axum::http::request::Builder, body: &'static [u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let routes = Routes::new(vec![("POST", "/a/{id}", "f")]);
        let route = routes.find(parts.method.as_str(), parts.uri.path());
        let peer = SocketAddr::from(([127, 0, 0, 9], 1234));
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        Arrived {
            parts,
            body: Bytes::from_static(body),
            peer,
            at,
        }
        .event(&route, "r-1")
    }

    #[test]
    fn a_request_becomes_a_payload_of_format_2() {
        let request = Request::post("/a/x%20y?b=1&b=2&c=%2B")
            .header("Cookie", "k=v; l=w")
            .header("X-Many", "one")
            .header("X-Many", "two")
            .header("X-Forwarded-For", "10.0.0.1")
            .header("Content-Type", "application/json");
        let event = event(request, b"{}");
        assert_eq!(event["routeKey"], "POST /a/{id}");
        assert_eq!(event["rawPath"], "/a/x y");
        assert_eq!(event["rawQueryString"], "b=1&b=2&c=%2B");
        assert_eq!(
            event["queryStringParameters"],
            json!({ "b": "1,2", "c": "+" })
        );
        assert_eq!(event["pathParameters"], json!({ "id": "x y" }));
        assert_eq!(event["cookies"], json!(["k=v", "l=w"]));
        assert_eq!(event["headers"]["x-many"], "one,two");
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["headers"]["x-forwarded-for"], "10.0.0.1, 127.0.0.9");
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("{}"), &json!(false))
        );
        let context = &event["requestContext"];
        assert_eq!(context["http"]["sourceIp"], "127.0.0.9");
        assert_eq!(context["time"], "14/Nov/2023:22:13:20 +0000");
        assert_eq!(context["timeEpoch"], 1_700_000_000_000_u64);
        assert_eq!(
            (&context["requestId"], &context["stage"]),
            (&json!("r-1"), &json!("$default"))
        );
    }

    #[test]
    fn fhir_json_and_forms_arrive_as_base64() {
        for kind in ["application/fhir+json", "application/x-www-form-urlencoded"] {
            let event = event(Request::post("/a/1").header("Content-Type", kind), b"{}");
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!("e30="), &json!(true))
            );
        }
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let event = event(Request::get("/none"), b"");
        for absent in ["body", "cookies", "queryStringParameters", "pathParameters"] {
            assert!(event.get(absent).is_none(), "{absent}");
        }
        assert_eq!(event["isBase64Encoded"], false);
    }
}
