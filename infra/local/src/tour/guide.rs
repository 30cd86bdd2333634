use std::io::Write;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::paper;
use crate::Advice;
use crate::cloud::{Cloud, State};
use crate::mailbox::{Letter, Mailbox};

/// How often the mailbox is looked at, and how often at most: a letter takes less than a second on an idle machine.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 600;

/// What shows that the code is redeemed by whom it was given to (PKCE, RFC 7636).
pub(super) const VERIFIER: &str = "a-verifier-of-at-least-43-characters-in-this-tour";

/// One request and what is expected of it.
pub(super) struct Step<'a> {
    /// The sentence before it.
    pub(super) says: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) body: Option<Value>,
    pub(super) status: u16,
}

/// Sends the requests, as the bootstrap client first, and prints them with their answers.
pub(super) struct Guide<'a> {
    http: reqwest::Client,
    state: &'a State,
    mailbox: &'a Mailbox,
    /// The token to speak with; none while the bootstrap client speaks.
    token: Option<String>,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Guide<'a> {
    pub(super) fn new(cloud: &'a Cloud, out: &'a mut (dyn Write + Send)) -> Self {
        Self {
            http: reqwest::Client::new(),
            state: cloud.state(),
            mailbox: cloud.mailbox(),
            token: None,
            out,
        }
    }

    /// Prints a heading.
    pub(super) fn title(&mut self, words: &str) -> Result<(), Advice> {
        self.print(&format!("\n== {words}\n"))
    }

    /// Prints the last words.
    pub(super) fn close(&mut self, words: &str) -> Result<(), Advice> {
        self.print(&format!("\n{words}\n"))
    }

    /// Does one step and returns the answer's body.
    pub(super) async fn step(&mut self, step: Step<'_>) -> Result<Value, Advice> {
        self.print(&paper::request(&step))?;
        let request = self.request(step.method, step.path);
        let request = match &step.body {
            Some(body) => request
                .header("content-type", "application/fhir+json")
                .body(body.to_string()),
            None => request,
        };
        self.answered(request, step.status).await
    }

    /// Exchanges the secret of a client application for a token, and goes on as that application.
    pub(super) async fn become_client(&mut self, client: &Value, says: &str) -> Result<(), Advice> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client["id"].as_str().unwrap_or_default()),
            (
                "client_secret",
                client["secret"].as_str().unwrap_or_default(),
            ),
        ];
        self.exchange(&form, says).await
    }

    /// Exchanges the code of a person who has signed in for a token, and goes on as that person.
    pub(super) async fn become_person(&mut self, code: &Value, says: &str) -> Result<(), Advice> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str().unwrap_or_default()),
            ("code_verifier", VERIFIER),
        ];
        self.exchange(&form, says).await
    }

    /// Goes on as the bootstrap client.
    pub(super) fn become_bootstrap(&mut self) {
        self.token = None;
    }

    async fn exchange(&mut self, form: &[(&str, &str)], says: &str) -> Result<(), Advice> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let form = body.extend_pairs(form).finish();
        let path = "/oauth2/token";
        self.print(&paper::request(&Step {
            says,
            method: "POST",
            path,
            body: Some(json!(form)),
            status: 200,
        }))?;
        let request = self
            .http
            .post(format!("{}{path}", self.state.api))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let tokens = self.answered(request, 200).await?;
        self.token = tokens["access_token"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Waits for a letter, prints it, and returns its text.
    pub(super) async fn letter(&mut self, to: &str) -> Result<String, Advice> {
        for _ in 0..LOOKS {
            if let Some(letter) = self.newest(to) {
                self.print(&paper::letter(&letter))?;
                return Ok(letter.text);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Advice::new(format!("The letter to {to} did not arrive.")))
    }

    fn newest(&self, to: &str) -> Option<Letter> {
        let letters = self.mailbox.messages().into_iter().rev();
        letters.into_iter().find(|letter| letter.to == to)
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self
            .http
            .request(method, format!("{}{path}", self.state.api));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request.basic_auth(
                &self.state.admin_client_id,
                Some(&self.state.admin_client_secret),
            ),
        }
    }

    async fn answered(&mut self, request: RequestBuilder, expected: u16) -> Result<Value, Advice> {
        let silent =
            |error: reqwest::Error| Advice::new(format!("The API does not answer: {error}."));
        let answer: Response = request.send().await.map_err(silent)?;
        let status = answer.status();
        let text = answer.text().await.map_err(silent)?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        self.print(&paper::answer(status, &body))?;
        if status.as_u16() == expected {
            return Ok(body);
        }
        Err(Advice::new(format!(
            "The last step should have been answered with {expected}."
        )))
    }

    fn print(&mut self, text: &str) -> Result<(), Advice> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        written.map_err(|error| Advice::new(format!("The tour cannot be printed: {error}.")))
    }
}
