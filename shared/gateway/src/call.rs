//! What API Gateway handed us, read once.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Credentials, Failure, Fault, Refusal, Secret};
use lambda_http::http::{HeaderMap, Method};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{limits, routes};

/// The largest body, in bytes.
pub(crate) const LARGEST: usize = 1_000_000;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// The path, without prefix and without a slash at its end.
    pub path: String,
    /// The decoded query, in order.
    pub query: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// The id under which this request is logged.
    pub request_id: String,
    /// The network it comes from, as API Gateway saw it and nobody else says; empty when that is not known. Personal data.
    pub address: String,
    /// When the platform ends it, in milliseconds since 1970; nobody knows where that is not said.
    pub deadline: Option<i64>,
    headers: HeaderMap,
    parameters: Vec<(&'static str, String)>,
}

impl Call {
    /// Reads an event.
    pub fn read(request: Request) -> Self {
        let request_id = request
            .lambda_context_ref()
            .map(|context| context.request_id.clone());
        let address = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let address = limits::network(address.unwrap_or_default());
        let deadline = request
            .lambda_context_ref()
            .and_then(|context| i64::try_from(context.deadline).ok())
            .filter(|deadline| *deadline > 0);
        let raw = request.raw_http_path();
        let raw = if raw.is_empty() {
            request.uri().path()
        } else {
            raw
        };
        let path = routes::canonical(raw).to_owned();
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let query = form_urlencoded::parse(query).into_owned().collect();
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        Self {
            method: parts.method,
            path,
            query,
            body,
            request_id: request_id.unwrap_or_default(),
            address,
            deadline,
            headers: parts.headers,
            parameters: Vec::new(),
        }
    }

    /// The same call, with the parameters of the route that it takes.
    #[must_use]
    pub fn along(mut self, route: &routes::Route) -> Self {
        self.parameters = routes::captures(route.path, &self.path).unwrap_or_default();
        self
    }

    /// A parameter of the path.
    pub fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(of, _)| *of == name);
        found.map_or("", |(_, value)| value)
    }

    /// The id that a parameter of the path is; `None` when it is none.
    pub fn id(&self, name: &str) -> Option<Uuid> {
        let text = self.parameter(name);
        let dashed = text.len() == uuid::fmt::Hyphenated::LENGTH;
        dashed.then(|| Uuid::try_parse(text).ok()).flatten()
    }

    /// A number of the query; `None` when it is none.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.query_value(name)?.trim().parse().ok()
    }

    /// The words of a search that a header holds: `code=value&…`, with or without the type before them.
    pub fn criteria(text: &str) -> Vec<(String, String)> {
        let words = text.split_once('?').map_or(text, |(_, words)| words);
        let pairs = form_urlencoded::parse(words.as_bytes());
        pairs.into_owned().collect()
    }

    /// A header, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every cookie, in order: its name and its value.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.header("cookie").unwrap_or_default().split(';');
        all.filter_map(|cookie| cookie.trim().split_once('='))
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut all = self.cookies();
        all.find_map(|(of, value)| (of == name).then_some(value))
    }

    /// The first value of a query parameter.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(of, _)| of == name)
            .map(|(_, value)| value.as_str())
    }

    /// Who sends it, so far as can be read.
    pub fn credentials(&self) -> Credentials {
        let Some((scheme, value)) = self
            .header("authorization")
            .and_then(|value| value.trim().split_once(' '))
        else {
            return Credentials::None;
        };
        let value = value.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Credentials::Bearer(Secret::new(value));
        }
        match basic(scheme, value) {
            Some((id, secret)) => id.parse().map_or(Credentials::None, |id| {
                Credentials::Basic(id, Secret::new(secret))
            }),
            None => Credentials::None,
        }
    }

    /// The id and secret of a Basic header, as sent.
    pub fn basic_credentials(&self) -> Option<(String, String)> {
        let (scheme, value) = self.header("authorization")?.trim().split_once(' ')?;
        basic(scheme, value.trim())
    }

    /// Whether `X-Medplum: extended` asks for the whole of `meta`.
    pub fn view(&self) -> fhir::View {
        match self.header("x-medplum") {
            Some("extended") => fhir::View::Extended,
            _ => fhir::View::Plain,
        }
    }

    /// The version that `If-Match` names: `W/"{version}"`.
    ///
    /// # Errors
    /// [`Refusal::Stale`] for a tag that no version of this server has.
    pub fn if_match(&self) -> Result<Option<Uuid>, Failure> {
        let Some(tag) = self.header("if-match").filter(|tag| *tag != "*") else {
            return Ok(None);
        };
        let version = tag.trim().trim_start_matches("W/").trim_matches('"');
        version.parse().map(Some).map_err(|_| Refusal::Stale.into())
    }

    /// The body as an object, if it is JSON or a form; a body of another type counts as none, as recorded.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`], and a fault for what cannot be parsed or is not to be trusted.
    pub fn object(&self) -> Result<Map<String, Value>, Failure> {
        if self.body.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        let kind = self.media_type();
        if kind == FORM {
            return Ok(self.form()?.into_iter().map(typed).collect());
        }
        let is_json = kind.ends_with("/json") || kind.ends_with("+json");
        if !is_json || self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match fhir::parse_json(&self.body).map_err(|problem| unreadable(&problem))? {
            Value::Object(object) => Ok(object),
            Value::Array(_) => Ok(Map::new()),
            _ => Err(Fault::general(UNREADABLE).into()),
        }
    }

    /// The body as a list.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`], and a fault for what is no JSON array.
    pub fn array(&self) -> Result<Vec<Value>, Failure> {
        if self.body.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        match fhir::parse_json(&self.body).map_err(|problem| unreadable(&problem))? {
            Value::Array(list) => Ok(list),
            _ => Err(Fault::general("Body must be a JSON array").into()),
        }
    }

    /// The body as a JSON Patch.
    ///
    /// # Errors
    /// As [`Call::array`], in the words of the recorded server.
    pub fn patch(&self) -> Result<Vec<Value>, Failure> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Fault::general("Empty patch body").into());
        }
        if self.body.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        match fhir::parse_json(&self.body).map_err(|problem| unreadable(&problem))? {
            Value::Array(list) => Ok(list),
            _ => Err(Fault::general("Patch body must be an array").into()),
        }
    }

    /// The body as a form.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`], and a fault for text that is not to be trusted.
    pub fn form(&self) -> Result<Vec<(String, String)>, Failure> {
        if self.body.len() > LARGEST {
            return Err(Refusal::TooLarge.into());
        }
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(&self.body).into_owned().collect();
        match pairs
            .iter()
            .find(|(name, value)| name.contains('\0') || value.contains('\0'))
        {
            Some((name, _)) => Err(Fault::invalid(name, "Value cannot contain null bytes").into()),
            None => Ok(pairs),
        }
    }

    /// What the body says it is, without parameters.
    pub(crate) fn media_type(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    /// For how long the caller is ready to wait: `Prefer: wait=` and seconds (RFC 7240).
    pub fn patience(&self) -> Option<Duration> {
        let wishes = self.header("prefer")?.split([',', ';']);
        let wait = wishes
            .map(str::trim)
            .find_map(|wish| wish.strip_prefix("wait="))?;
        wait.parse().map(Duration::from_secs).ok()
    }

    /// Whether the body says that it is a form.
    pub fn is_form(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with(FORM))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const UNREADABLE: &str = "Content could not be parsed";

/// A form has no types: `true` and `false` are taken for what they say.
fn typed((name, value): (String, String)) -> (String, Value) {
    let value = match value.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(value),
    };
    (name, value)
}

pub(crate) fn unreadable(problem: &fhir::ParseProblem) -> Fault {
    let text = problem.to_string();
    match problem.path.as_str() {
        "" => Fault::general(text),
        path => Fault::invalid(path, text),
    }
}

fn basic(scheme: &str, value: &str) -> Option<(String, String)> {
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
