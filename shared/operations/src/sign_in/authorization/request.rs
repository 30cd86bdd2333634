//! What an application asks for when it sends a person here.

use std::time::Duration;

use domain::Secret;
use url::Url;

use super::Lost;
use crate::sign_in::launch;
use crate::sign_in::through::Rules;
use crate::sign_in::wish::{LONGEST, Proof, Terms};

/// A session counts for so long, whatever an application would accept.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Addresses of these schemes are code or files, and no application.
const NO_APPLICATION: [&str; 7] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "javascript",
    "vbscript",
];

/// What is wrong with a request, in OAuth's words: its code and its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objection(pub &'static str, pub &'static str);

impl Objection {
    /// Nobody is to be asked, and nobody has signed in.
    pub(super) const LOGIN_REQUIRED: Self = Self("login_required", "Login required");
    /// No launch of the application's project.
    pub(super) const LAUNCH: Self = Self::invalid(launch::INVALID);
    /// The project takes no sign-in of this kind.
    pub(super) const DENIED: Self = Self("access_denied", "Google authentication is required");

    const fn invalid(description: &'static str) -> Self {
        Self("invalid_request", description)
    }
}

/// A request for authorization, as sent.
#[derive(Clone, Default)]
pub struct AuthorizationRequest {
    pub(super) client: Option<String>,
    pub(super) hint: Option<Secret>,
    address: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    method: Option<String>,
    audience: Option<String>,
    prompt: String,
    max_age: Option<String>,
    /// The launch with which the application was started.
    pub(super) launch: Option<String>,
    /// What this server takes no part in, and what it is told.
    unsupported: Option<Objection>,
    repeated: bool,
}

impl AuthorizationRequest {
    /// Reads the parameters. Empty ones count as omitted, and none may stand there twice (RFC 6749 §3.1).
    pub fn parse(parameters: &[(String, String)]) -> Self {
        let mut request = Self::default();
        for (at, (name, value)) in parameters.iter().enumerate() {
            let before = &parameters[..at];
            request.repeated |= before.iter().any(|(of, _)| of == name);
            if !value.is_empty() {
                request.take(name, value);
            }
        }
        request
    }

    fn take(&mut self, name: &str, value: &str) {
        let value = value.to_owned();
        match name {
            "client_id" => self.client = Some(value),
            "redirect_uri" => self.address = Some(value),
            "response_type" => self.response_type = Some(value),
            "scope" => self.scope = Some(value),
            "nonce" => self.nonce = Some(value),
            "code_challenge" => self.challenge = Some(value),
            "code_challenge_method" => self.method = Some(value),
            "aud" => self.audience = Some(value),
            "prompt" => self.prompt = value,
            "max_age" => self.max_age = Some(value),
            "id_token_hint" => self.hint = Some(Secret::new(value)),
            "request" => {
                let words = "Request objects are not supported";
                self.unsupported = Some(Objection("request_not_supported", words));
            }
            "request_uri" => {
                let words = "Request objects are not supported";
                self.unsupported = Some(Objection("request_uri_not_supported", words));
            }
            "launch" => self.launch = Some(value),
            _ => {}
        }
    }

    /// Where the answer goes.
    ///
    /// # Errors
    /// [`Lost::NoAddress`], [`Lost::Address`].
    pub(super) fn address(&self, is_known: impl Fn(&str) -> bool) -> Result<&str, Lost> {
        let address = self.address.as_deref().ok_or(Lost::NoAddress)?;
        let url = Url::parse(address).map_err(|_| Lost::Address)?;
        let is_safe = url.fragment().is_none() && !NO_APPLICATION.contains(&url.scheme());
        if self.repeated || !is_safe || !is_known(address) {
            return Err(Lost::Address);
        }
        Ok(address)
    }

    /// On which terms the session begins.
    ///
    /// # Errors
    /// The first of the objections, in the order of the contract.
    pub(super) fn terms(&self, base_url: &str, rules: &Rules) -> Result<Terms, Objection> {
        let scope = self.scope.clone().or_else(|| rules.default_scope.clone());
        let scope = scope.ok_or(Objection::invalid("Missing scope"))?;
        if self.response_type.as_deref() != Some("code") {
            let words = "The response type must be code";
            return Err(Objection("unsupported_response_type", words));
        }
        if let Some(objection) = self.unsupported {
            return Err(objection);
        }
        let is_here = |audience: &String| is_same_server(audience, base_url);
        if !self.audience.as_ref().is_none_or(is_here) {
            return Err(Objection::invalid("Invalid audience"));
        }
        let proof = Proof::read(self.challenge.clone(), self.method.as_deref());
        let proof = proof.map_err(|_| Objection::invalid("Invalid code challenge"))?;
        let texts = [Some(&scope), self.nonce.as_ref(), self.challenge.as_ref()];
        if texts.into_iter().flatten().any(|text| text.len() > LONGEST) {
            return Err(Objection::invalid("Parameter is too long"));
        }
        self.max_age()?;
        if self.is_silent() && self.prompts().count() > 1 {
            return Err(Objection::invalid("Invalid prompt"));
        }
        Ok(Terms {
            scope,
            nonce: self.nonce.clone(),
            proof,
            ..Terms::default()
        })
    }

    fn prompts(&self) -> impl Iterator<Item = &str> {
        self.prompt.split_ascii_whitespace()
    }

    /// Whether nobody is to be asked anything.
    pub(super) fn is_silent(&self) -> bool {
        self.prompts().any(|prompt| prompt == "none")
    }

    /// Whether the person is to sign in again, whoever he has shown to be.
    pub(super) fn signs_in_again(&self) -> bool {
        self.prompts()
            .any(|prompt| matches!(prompt, "login" | "select_account" | "create"))
    }

    /// For how long a session counts.
    pub(super) fn max_age(&self) -> Result<Duration, Objection> {
        let Some(seconds) = &self.max_age else {
            return Ok(HOUR);
        };
        let seconds = seconds.parse().map(Duration::from_secs);
        let wrong = |_| Objection::invalid("Invalid max_age");
        Ok(seconds.map_err(wrong)?.min(HOUR))
    }
}

/// Whether a URL leads to this server: protocol, host and port.
fn is_same_server(url: &str, base_url: &str) -> bool {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let there = origin(url).filter(url::Origin::is_tuple);
    there.is_some() && there == origin(base_url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(parameters: &[(&str, &str)]) -> AuthorizationRequest {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        AuthorizationRequest::parse(&parameters.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn an_answer_goes_to_a_registered_address_and_nowhere_else() {
        let sent = |address| request(&[("redirect_uri", address)]);
        let known = |address: &str| address.contains("example.com");
        assert_eq!(request(&[]).address(known), Err(Lost::NoAddress));
        assert_eq!(sent("").address(known), Err(Lost::NoAddress));
        for wrong in [
            "example.com",
            "/example.com",
            "https://example.com/#a",
            "javascript:alert('example.com')",
            "data:text/html,example.com",
            "https://elsewhere.test/",
        ] {
            assert_eq!(sent(wrong).address(known), Err(Lost::Address), "{wrong}");
        }
        for good in ["https://example.com/?a=b", "com.example.com:/back"] {
            assert_eq!(sent(good).address(known), Ok(good));
        }
        let twice = [("redirect_uri", "https://example.com/"); 2];
        assert_eq!(request(&twice).address(known), Err(Lost::Address));
    }

    #[test]
    fn another_server_is_another_audience() {
        let base = "https://api.example.com/";
        for here in [
            "https://api.example.com/fhir/R4",
            "https://API.example.com:443",
        ] {
            assert!(is_same_server(here, base), "{here}");
        }
        for elsewhere in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://api.example.com.evil.test/",
            "api.example.com",
            "data:x",
        ] {
            assert!(!is_same_server(elsewhere, base), "{elsewhere}");
        }
    }

    #[test]
    fn a_session_counts_for_an_hour_at_most() {
        let age = |text| request(&[("max_age", text)]).max_age().ok();
        assert_eq!(age(""), Some(HOUR));
        assert_eq!(age("60"), Some(Duration::from_secs(60)));
        assert_eq!(age("999999"), Some(HOUR));
        assert_eq!((age("-1"), age("1h")), (None, None));
    }
}
