//! Which browsers' pages may read an answer (contract: cross-cutting behaviour; preflight).

use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap,
    VARY,
};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};

use crate::Call;

/// The paths that browsers call; others answer without a word about origins.
const PATHS: [&str; 9] = [
    "/.well-known/",
    "/admin/",
    "/auth/",
    "/email/",
    "/fhir/",
    "/fhircast/",
    "/oauth2/",
    "/keyvalue/",
    "/storage/",
];

/// The origins that may call, as configured: exact ones, or `*` for all.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<String>);

impl Origins {
    /// From a comma-separated list.
    pub fn parse(list: &str) -> Self {
        let origins = list
            .split(',')
            .map(|origin| origin.trim().trim_end_matches('/'));
        Self(
            origins
                .filter(|origin| !origin.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Adds what the browser needs to show the answer to the page that asked.
    pub fn allow(&self, call: &Call, headers: &mut HeaderMap) {
        let Some(origin) = self.allowed(call) else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        let exposed = "Content-Location, ETag, Last-Modified, Location, RateLimit";
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(exposed),
        );
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }

    /// The answer to a preflight: what was asked for is allowed, to the pages that may call at all.
    pub fn preflight(&self, call: &Call) -> Response<Body> {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.allowed(call).is_some() {
            let methods = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            let asked = call.header("access-control-request-headers");
            if let Some(asked) = asked.and_then(|asked| HeaderValue::from_str(asked).ok()) {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
            }
        }
        self.allow(call, headers);
        response
    }

    fn allowed(&self, call: &Call) -> Option<HeaderValue> {
        let origin = call.header("origin")?;
        let concerned = PATHS.iter().any(|path| call.path.starts_with(path));
        let listed = self
            .0
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin);
        (concerned && listed)
            .then(|| HeaderValue::from_str(origin).ok())
            .flatten()
    }
}
