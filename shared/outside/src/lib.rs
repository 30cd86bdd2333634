//! What other servers say: the keys of an application, the identity provider of a project.
//!
//! Their addresses are chosen by administrators of projects, who must not reach through this server what they could not reach
//! themselves. So only public addresses are asked, over TLS; whatever a name resolves to is held against the same rule at the moment of the connection;
//! no redirect is followed, no proxy is used; and an answer has to come soon and be small.

mod address;
mod cache;
mod resolver;

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use address::may_be_asked;
use cache::Cache;
use resolver::Guarded;

/// How long a connection, and how long a whole exchange may take.
const CONNECT: Duration = Duration::from_secs(2);
const EXCHANGE: Duration = Duration::from_secs(4);
/// The largest answer, in bytes.
const LARGEST: usize = 256 * 1024;

/// Whom this server may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over TLS.
    Public,
    /// These, and this machine itself, with or without TLS: for trying things out.
    AlsoThisMachine,
}

/// Why nothing was heard.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// Not an address that may be asked.
    #[error("not an address that may be asked")]
    Address,
    /// No connection, or no answer in time.
    #[error("no answer")]
    Silent(#[source] reqwest::Error),
    /// An answer that is no success.
    #[error("answered {0}")]
    Status(u16),
    /// More than anybody should have to say.
    #[error("answered too much")]
    TooLarge,
    /// Something that is no JSON.
    #[error("answered something that is no JSON")]
    NotJson,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its media type, in lower case and without parameters.
    pub kind: String,
    /// Its text.
    pub text: String,
}

/// The way to other servers.
#[derive(Debug)]
pub struct Outside {
    http: Client,
    reach: Reach,
    cache: Cache,
}

impl Outside {
    /// The way, as far as `reach` goes.
    ///
    /// # Errors
    /// When the machine's root certificates cannot be read.
    pub fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .dns_resolver(Arc::new(Guarded(reach)))
            .build()?;
        Ok(Self {
            http,
            reach,
            cache: Cache::default(),
        })
    }

    /// Asks for something, in the name of `token` if there is one.
    ///
    /// # Errors
    /// [`Unheard`].
    pub async fn get(&self, url: &str, token: Option<&Secret>) -> Result<Said, Unheard> {
        let request = self.http.get(self.permitted(url)?);
        let request = match token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        };
        heard(request).await
    }

    /// Sends a form, with the id and secret by which this server is known there, if they go into a header.
    ///
    /// # Errors
    /// [`Unheard`].
    pub async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        identity: Option<(&str, &Secret)>,
    ) -> Result<Said, Unheard> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.permitted(url)?);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match identity {
            Some((id, secret)) => request.basic_auth(id, Some(secret.reveal())),
            None => request,
        };
        heard(request.body(body)).await
    }

    fn permitted(&self, url: &str) -> Result<url::Url, Unheard> {
        may_be_asked(url, self.reach).ok_or(Unheard::Address)
    }
}

impl Said {
    /// The answer as JSON.
    ///
    /// # Errors
    /// [`Unheard::NotJson`] when it is none, or does not say that it is.
    pub fn json(&self) -> Result<Value, Unheard> {
        let says_so = self.kind.ends_with("/json") || self.kind.ends_with("+json");
        if !says_so {
            return Err(Unheard::NotJson);
        }
        serde_json::from_str(&self.text).map_err(|_| Unheard::NotJson)
    }
}

async fn heard(request: RequestBuilder) -> Result<Said, Unheard> {
    let request = request.header(ACCEPT, "application/json");
    let answer = request.send().await.map_err(Unheard::Silent)?;
    if !answer.status().is_success() {
        return Err(Unheard::Status(answer.status().as_u16()));
    }
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let text = text(answer).await?;
    Ok(Said { kind, text })
}

/// Reads an answer piece by piece, so that one that does not end is not kept.
async fn text(mut answer: Response) -> Result<String, Unheard> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(Unheard::Silent)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST {
            return Err(Unheard::TooLarge);
        }
    }
    String::from_utf8(bytes).map_err(|_| Unheard::NotJson)
}
