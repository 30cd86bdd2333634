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
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client["id"].as_str().unwrap_or_default())
            .append_pair(
                "client_secret",
                client["secret"].as_str().unwrap_or_default(),
            )
            .finish();
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

    /// Waits for a letter and prints it.
    pub(super) async fn letter(&mut self, to: &str) -> Result<(), Advice> {
        for _ in 0..LOOKS {
            if let Some(letter) = self.newest(to) {
                return self.print(&paper::letter(&letter));
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
