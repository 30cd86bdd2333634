use std::io::Write;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::paper;
use crate::Advice;
use crate::cloud::{Cloud, State};
use crate::mailbox::{Letter, Mailbox};

/// How often the mailbox, or a job, is looked at, and how often at most: a letter takes less than a second on an idle machine, a job of
/// the tour some seconds.
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

/// Who speaks.
pub(super) enum Speaker {
    /// The bootstrap client, with its secret.
    Bootstrap,
    /// Somebody of whom nothing is known yet.
    Nobody,
    /// Whoever has this token.
    Token(String),
}

/// Sends the requests, as the bootstrap client first, and prints them with their answers.
pub(super) struct Guide<'a> {
    http: reqwest::Client,
    state: &'a State,
    mailbox: &'a Mailbox,
    speaker: Speaker,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Guide<'a> {
    pub(super) fn new(cloud: &'a Cloud, out: &'a mut (dyn Write + Send)) -> Self {
        Self {
            http: reqwest::Client::new(),
            state: cloud.state(),
            mailbox: cloud.mailbox(),
            speaker: Speaker::Bootstrap,
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

    /// Waits until a job is over that was accepted with this outcome, and shows what it says then.
    pub(super) async fn job(&mut self, accepted: &Value, says: &str) -> Result<Value, Advice> {
        let place = accepted["issue"][0]["diagnostics"].as_str();
        let path = place.and_then(|place| place.strip_prefix(&self.state.api));
        let path = path.unwrap_or_default();
        for _ in 0..LOOKS {
            let looked = self.request("GET", path).send().await;
            if looked.is_ok_and(|answer| answer.status() != StatusCode::ACCEPTED) {
                let step = Step {
                    says,
                    method: "GET",
                    path,
                    body: None,
                    status: 200,
                };
                return self.step(step).await;
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Advice::new("The job did not come to an end."))
    }

    /// Lets somebody else speak.
    pub(super) fn speak_as(&mut self, speaker: Speaker) {
        self.speaker = speaker;
    }

    /// Exchanges the secret of a client application for a token, and goes on as that application.
    pub(super) async fn become_client(&mut self, client: &Value, says: &str) -> Result<(), Advice> {
        let field = |name: &str| client[name].as_str().unwrap_or_default();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", field("id")),
            ("client_secret", field("secret")),
        ];
        self.become_holder(&form, says).await
    }

    /// Asks the token endpoint with a form, and goes on as whoever the token is for.
    pub(super) async fn become_holder(
        &mut self,
        form: &[(&str, &str)],
        says: &str,
    ) -> Result<(), Advice> {
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
        let token = tokens["access_token"].as_str().unwrap_or_default();
        self.speaker = Speaker::Token(token.to_owned());
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
        match &self.speaker {
            Speaker::Token(token) => request.bearer_auth(token),
            Speaker::Nobody => request,
            Speaker::Bootstrap => request.basic_auth(
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
