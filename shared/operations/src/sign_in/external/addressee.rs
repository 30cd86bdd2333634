//! To which application a provider has issued an access token. Whoever runs another application of the same provider holds tokens of
//! everybody who has signed in there: they must sign nobody in here.

use domain::Secret;
use identity::assertion::{self, Assertion};
use outside::{Outside, Unheard};
use serde_json::{Map, Value};

use super::provider::{Provider, UNVERIFIED, Unknown};
use crate::Means;

/// Where providers name the application: OpenID Connect and RFC 9068, and what two large ones call it.
const APPLICATION: [&str; 4] = ["azp", "client_id", "cid", "appid"];

/// In which tokens a project trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// In those that were issued to the application as which the provider knows us.
    InOurs,
    /// In others as well, of which nobody says to whom they were issued.
    InAny,
}

/// What is known of a token before its holder is.
#[derive(Default)]
struct Issued {
    is_ours: bool,
    subject: Option<String>,
}

impl Provider {
    /// What the provider tells about whoever shows this token, if it was issued to us.
    ///
    /// # Errors
    /// [`Unknown`].
    pub(super) async fn tells(
        &self,
        means: Means<'_>,
        outside: &Outside,
        (token, trust): (&Secret, Trust),
    ) -> Result<Map<String, Value>, Unknown> {
        let issued = self.issued(means, outside, token).await?;
        let claims = self.user_info(outside, token).await?;
        let is_ours = issued.is_ours || self.is_ours(&claims)?;
        if !is_ours && trust != Trust::InAny {
            return Err(refused("nobody says to which application it was issued"));
        }
        let said = claims.get("sub").and_then(Value::as_str);
        match (issued.subject.as_deref(), said) {
            (Some(one), Some(other)) if one != other => Err(refused("it is somebody else's")),
            _ => Ok(claims),
        }
    }

    /// What the token says of itself, else what the provider says of it. Where we are not told where the keys are, the provider vouches
    /// for what the token says when it takes it and tells whose it is.
    async fn issued(
        &self,
        means: Means<'_>,
        outside: &Outside,
        token: &Secret,
    ) -> Result<Issued, Unknown> {
        let inside = assertion::payload(token.reveal());
        let issued = match &inside {
            Some(claims) => {
                self.check_signature(means, outside, token).await?;
                self.read(claims)?
            }
            None => Issued::default(),
        };
        if issued.is_ours {
            return Ok(issued);
        }
        match self.introspected(means, outside, token).await? {
            Some(said) => self.read(&said),
            None => Ok(issued),
        }
    }

    async fn check_signature(
        &self,
        means: Means<'_>,
        outside: &Outside,
        token: &Secret,
    ) -> Result<(), Unknown> {
        let Some(keys) = &self.keys_url else {
            return Ok(());
        };
        let keys = outside.published(keys, (means.now, super::super::KEYS_LIFE));
        let keys = keys.await.map_err(|cause| unheard(&cause))?;
        let signed = Assertion::read(token.reveal());
        match signed.is_some_and(|it| it.is_signed_by(&keys)) {
            true => Ok(()),
            false => Err(refused("its signature is not the provider's")),
        }
    }

    /// What the provider says of a token (RFC 7662), if its metadata (OpenID Connect Discovery) name a place to ask.
    async fn introspected(
        &self,
        means: Means<'_>,
        outside: &Outside,
        token: &Secret,
    ) -> Result<Option<Map<String, Value>>, Unknown> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let place = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let metadata = outside.published(&place, (means.now, super::super::KEYS_LIFE));
        let Ok(metadata) = metadata.await else {
            return Ok(None);
        };
        let endpoint = metadata["introspection_endpoint"].as_str();
        let Some(endpoint) = endpoint.filter(|_| metadata["issuer"] == issuer.as_str()) else {
            return Ok(None);
        };
        let form = vec![
            ("token", token.reveal()),
            ("token_type_hint", "access_token"),
        ];
        let secret = self.secret(means).await.map_err(|cause| {
            tracing::error!(%cause, "the secret of an identity provider cannot be read");
            Unknown::Said(UNVERIFIED.to_owned())
        })?;
        let said = self
            .ask(outside, endpoint, (form, secret))
            .await
            .map_err(|cause| unheard(&cause))?;
        match said {
            Value::Object(said) if said.get("active") == Some(&Value::Bool(true)) => Ok(Some(said)),
            _ => Err(refused("it does not count")),
        }
    }

    fn read(&self, claims: &Map<String, Value>) -> Result<Issued, Unknown> {
        let issuer = claims.get("iss").and_then(Value::as_str);
        let known = self.issuer.as_deref();
        if issuer.is_some() && known.is_some() && issuer != known {
            return Err(refused("another provider has issued it"));
        }
        let subject = claims.get("sub").and_then(Value::as_str);
        Ok(Issued {
            is_ours: self.is_ours(claims)?,
            subject: subject.map(str::to_owned),
        })
    }

    /// Whether claims say that they are ours; `false` when they say nothing.
    ///
    /// # Errors
    /// When they say that they are somebody else's.
    fn is_ours(&self, claims: &Map<String, Value>) -> Result<bool, Unknown> {
        let ours = self.client.as_str();
        let named = APPLICATION.iter().filter_map(|name| claims.get(*name));
        let mut named = named.peekable();
        if named.peek().is_some() {
            return match named.all(|it| it == ours) {
                true => Ok(true),
                false => Err(refused("it was issued to another application")),
            };
        }
        let expected = |it: &Value| {
            let it = it.as_str().filter(|it| !it.is_empty());
            it.is_some_and(|it| it == ours || self.audience.as_deref() == Some(it))
        };
        Ok(match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(expected),
            Some(one) => expected(one),
            None => false,
        })
    }
}

/// The cause is for the log: whoever shows the token can do nothing about it.
fn refused(why: &'static str) -> Unknown {
    tracing::warn!(why, "a token of an identity provider is not exchanged");
    Unknown::Said(UNVERIFIED.to_owned())
}

fn unheard(cause: &Unheard) -> Unknown {
    if let Unheard::Status(429) = cause {
        return Unknown::Busy;
    }
    tracing::warn!(%cause, "an identity provider says nothing about a token");
    Unknown::Said(UNVERIFIED.to_owned())
}
