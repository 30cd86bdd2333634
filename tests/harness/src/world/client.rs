//! A caller of the API and what it is answered. Nothing here fails: an answer that never came has status 0.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::background;

/// A request under way: method, path below the API's base URL, headers and body.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Request {
    /// Whether it asks and changes nothing.
    pub fn only_reads(&self) -> bool {
        self.method == "GET"
    }

    /// A request without headers and body. The path may have a query, and is sent as it is written.
    pub fn new(method: &str, path: &str) -> Self {
        let path = format!("/{}", path.trim_start_matches('/'));
        Self {
            method: method.to_owned(),
            path,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Adds a header; the same name may be added again.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends JSON, as the clients do also to FHIR routes.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends this text under this content type.
    pub fn body(mut self, content_type: &str, text: String) -> Self {
        self.body = Some(text);
        self.header("content-type", content_type)
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status; 0 when the connection gave no answer, and `text` says why.
    pub status: u16,
    /// Every header.
    pub headers: HeaderMap,
    /// The body as JSON; `null` when it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Goes on only with this status; otherwise stops the test and shows the answer.
    pub fn must(self, status: u16) -> Self {
        assert_eq!(
            self.status, status,
            "unexpected answer {:?}\n{}",
            self.headers, self.text
        );
        self
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The request id under which [`crate::proxy::Recording::of`] finds the calls made for this answer.
    pub fn request_id(&self) -> &str {
        self.header("apigw-requestid")
    }

    /// `issue[0].details.text` of an OperationOutcome, `detail` of a SCIM error or `error_description` of OAuth's; empty when there is none.
    pub fn issue_text(&self) -> &str {
        self.body["issue"][0]["details"]["text"]
            .as_str()
            .or(self.body["detail"].as_str())
            .or(self.body["error_description"].as_str())
            .unwrap_or_default()
    }

    /// Whether it is a refusal in the words of the protocol that is spoken at `path`: a SCIM error below `/scim`, else an
    /// OperationOutcome; below `/oauth2` also an OAuth error, and at the authorization endpoint a text for the person.
    pub fn is_refusal_at(&self, path: &str) -> bool {
        let is_text = self.header("content-type").starts_with("text/plain");
        if path.starts_with("/oauth2/authorize") && is_text {
            return !self.text.is_empty();
        }
        if path.starts_with("/oauth2/") && self.body["error"].is_string() {
            return !self.issue_text().is_empty();
        }
        let formed = if path.starts_with("/scim/") {
            self.body["schemas"][0] == "urn:ietf:params:scim:api:messages:2.0:Error"
                && self.body["status"].as_str() == Some(self.status.to_string().as_str())
        } else {
            self.body["resourceType"] == "OperationOutcome"
        };
        formed && !self.issue_text().is_empty()
    }

    /// `issue[0].expression[0]` of an OperationOutcome; empty when there is none.
    pub fn expression(&self) -> &str {
        self.body["issue"][0]["expression"][0]
            .as_str()
            .unwrap_or_default()
    }

    /// `id` of the resource answered; empty when there is none.
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }
}

/// A caller with or without credentials.
#[derive(Clone, Debug)]
pub struct Client {
    base: Arc<str>,
    http: reqwest::Client,
    identity: Option<(String, String)>,
    authorization: Option<String>,
}

impl Client {
    /// An anonymous caller of the API at this base URL.
    pub fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').into(),
            http: background::http_client(None),
            identity: None,
            authorization: None,
        }
    }

    /// The same caller with the Basic credentials of a client application.
    pub fn basic(mut self, id: &str, secret: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{id}:{secret}"));
        self.identity = Some((id.to_owned(), secret.to_owned()));
        self.authorization = Some(format!("Basic {pair}"));
        self
    }

    /// The same caller, calling from another address of this machine, such as 127.0.0.2.
    pub fn from(mut self, address: IpAddr) -> Self {
        self.http = background::http_client(Some(address));
        self
    }

    /// The same caller with a bearer token.
    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    /// Id of the client application this caller is; empty for others.
    pub fn id(&self) -> &str {
        self.identity.as_ref().map_or("", |(id, _)| id)
    }

    /// The same client application with an access token instead of its secret (`client_credentials`).
    /// Stops the test when the token is refused.
    pub async fn token(&self) -> Self {
        let (id, secret) = self.identity.clone().unwrap_or_default();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &id)
            .append_pair("client_secret", &secret)
            .finish();
        let request =
            Request::new("POST", "/oauth2/token").body("application/x-www-form-urlencoded", form);
        let nobody = Self {
            authorization: None,
            ..self.clone()
        };
        let answer = nobody.send(request).await.must(200);
        nobody.bearer(answer.body["access_token"].as_str().unwrap_or_default())
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::new("GET", path)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("POST", path).json(body)).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("PUT", path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Request::new("DELETE", path)).await
    }

    /// Sends any request. Its own `authorization` header goes before this caller's credentials.
    pub async fn send(&self, mut request: Request) -> Answer {
        let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("authorization");
        if let Some(value) = &self.authorization
            && !request.headers.iter().any(named)
        {
            request = request.header("authorization", value);
        }
        let exchange = exchange(self.http.clone(), self.base.clone(), request);
        // The pooled connections must not die with the runtime of the test that opened them.
        match background::run(exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => no_answer(format!("{error:?}")),
            Err(error) => no_answer(error.to_string()),
        }
    }
}

async fn exchange(
    http: reqwest::Client,
    base: Arc<str>,
    request: Request,
) -> reqwest::Result<Answer> {
    let method = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
    let mut builder = http.request(method, format!("{base}{}", request.path));
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let answer = builder
        .body(request.body.unwrap_or_default())
        .send()
        .await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or_default();
    Ok(Answer {
        status,
        headers,
        body,
        text,
    })
}

fn no_answer(text: String) -> Answer {
    Answer {
        status: 0,
        headers: HeaderMap::new(),
        body: Value::Null,
        text,
    }
}
