//! An identity provider as it is configured, and what it says.

use domain::{Email, Failure, Secret};
use fhir::Resource;
use identity::assertion::Assertion;
use outside::{Outside, Unheard};
use serde_json::{Map, Value};
use url::Url;

use super::{Named, Realm, fault};
use crate::Means;
use crate::provider_secrets::{self, IDENTITY_PROVIDER};
use crate::vault::Vaults;

/// What everybody is asked for.
const SCOPE: &str = "openid profile email";
pub(super) const UNVERIFIED: &str =
    "Failed to verify code - check your identity provider configuration";

/// An identity provider.
#[derive(Clone, Debug)]
pub(in crate::sign_in) struct Provider {
    authorize_url: String,
    token_url: String,
    user_info_url: String,
    pub(super) keys_url: Option<String>,
    pub(super) issuer: Option<String>,
    /// The audience that its access tokens have.
    pub(super) audience: Option<String>,
    pub(super) client: String,
    /// The resource that names it, with the secret sealed.
    named_by: Resource,
    /// Whether id and secret are sent in the form and not in a header.
    posts_secret: bool,
    uses_proof: bool,
    uses_subject: bool,
}

/// Why nothing was learned about whoever shows a token.
#[derive(Debug)]
pub(super) enum Unknown {
    /// In the words of the contract.
    Said(String),
    /// The provider is asked too often.
    Busy,
}

impl Provider {
    /// The provider that a stored resource names.
    pub(in crate::sign_in) fn of(resource: &Resource) -> Option<Self> {
        let fields = resource.body.get(IDENTITY_PROVIDER)?.as_object()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_on = |name: &str| fields.get(name) == Some(&Value::Bool(true));
        Some(Self {
            authorize_url: text("authorizeUrl").unwrap_or_default(),
            token_url: text("tokenUrl").unwrap_or_default(),
            user_info_url: text("userInfoUrl").unwrap_or_default(),
            keys_url: text("jwksUrl"),
            issuer: text("issuer"),
            audience: text("audience"),
            client: text("clientId").unwrap_or_default(),
            named_by: resource.clone(),
            posts_secret: text("tokenAuthMethod").as_deref() == Some("client_secret_post"),
            uses_proof: is_on("usePkce"),
            uses_subject: is_on("useSubject"),
        })
    }

    /// What the provider wants to hear from us. Most who sign in never come so far that it is asked.
    pub(super) async fn secret(&self, means: Means<'_>) -> Result<Secret, Failure> {
        let mut vaults = Vaults::none(means);
        vaults.read_for(std::iter::once(&self.named_by)).await?;
        let vault = vaults.of(&self.named_by)?;
        let secret = provider_secrets::opened(&vault, &self.named_by, "clientSecret")?;
        Ok(secret.unwrap_or_else(|| Secret::new(String::new())))
    }

    /// Where people are sent to sign in.
    pub(super) fn address(&self, base_url: &str) -> Option<String> {
        let mut url = Url::parse(&self.authorize_url).ok()?;
        if !matches!(url.scheme(), "https" | "http") {
            return None;
        }
        url.query_pairs_mut()
            .append_pair("client_id", &self.client)
            .append_pair("redirect_uri", &back(base_url))
            .append_pair("response_type", "code")
            .append_pair("scope", SCOPE);
        Some(url.into())
    }

    /// Exchanges a code for what the provider says about whoever brought it.
    ///
    /// # Errors
    /// The fault "Failed to verify code - …".
    pub(super) async fn redeem(
        &self,
        means: Means<'_>,
        outside: &Outside,
        (code, verifier): (&str, Option<&str>),
    ) -> Result<Map<String, Value>, Failure> {
        let back = back(&means.settings.base_url);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("redirect_uri", back.as_str()),
            ("code", code),
        ];
        form.extend(
            verifier
                .filter(|_| self.uses_proof)
                .map(|it| ("code_verifier", it)),
        );
        let secret = self.secret(means).await?;
        let said = self.ask(outside, &self.token_url, (form, secret)).await;
        let said = said.map_err(|cause| unheard(&cause))?;
        let token = said["id_token"].as_str().unwrap_or_default();
        self.believe(means, outside, token).await
    }

    /// Sends the provider a form, as the application that it knows us as.
    ///
    /// # Errors
    /// [`Unheard`].
    pub(super) async fn ask(
        &self,
        outside: &Outside,
        url: &str,
        (mut form, secret): (Vec<(&str, &str)>, Secret),
    ) -> Result<Value, Unheard> {
        let identity = match self.posts_secret {
            true => {
                form.push(("client_id", &self.client));
                form.push(("client_secret", secret.reveal()));
                None
            }
            false => Some((self.client.as_str(), &secret)),
        };
        outside.post(url, &form, identity).await?.json()
    }

    /// What an id token says. It came straight from the provider, over TLS (OpenID Connect Core §3.1.3.7); its signature is checked where we
    /// are told where the keys are.
    async fn believe(
        &self,
        means: Means<'_>,
        outside: &Outside,
        token: &str,
    ) -> Result<Map<String, Value>, Failure> {
        let token = Assertion::read(token).ok_or_else(|| fault(UNVERIFIED))?;
        let issuer = self.issuer.as_deref();
        let is_ours = token.is_for(&self.client)
            && token.counts_at(means.now)
            && issuer.is_none_or(|issuer| token.issuer() == issuer);
        if !is_ours {
            return Err(fault(UNVERIFIED));
        }
        if let Some(keys) = &self.keys_url {
            let keys = outside.published(keys, (means.now, super::super::KEYS_LIFE));
            if !token.is_signed_by(&*keys.await.map_err(|cause| unheard(&cause))?) {
                return Err(fault(UNVERIFIED));
            }
        }
        Ok(token.payload().clone())
    }

    /// What the provider says about whoever shows this token.
    ///
    /// # Errors
    /// [`Unknown`].
    pub(super) async fn user_info(
        &self,
        outside: &Outside,
        token: &Secret,
    ) -> Result<Map<String, Value>, Unknown> {
        let said = outside.get(&self.user_info_url, Some(token)).await;
        let said = said.map_err(|cause| match cause {
            Unheard::Status(429) => Unknown::Busy,
            Unheard::Address => Unknown::Said(
                "Invalid user info URL - check your identity provider configuration".to_owned(),
            ),
            cause => {
                tracing::warn!(%cause, "an identity provider says nothing about a person");
                Unknown::Said(UNVERIFIED.to_owned())
            }
        })?;
        let claims = match said.kind.as_str() {
            "application/jwt" => identity::assertion::payload(&said.text),
            _ => said.json().ok().and_then(|said| said.as_object().cloned()),
        };
        claims.ok_or_else(|| {
            Unknown::Said(format!(
                "Failed to verify code - unsupported content type: {}",
                said.kind
            ))
        })
    }

    /// Whom claims are about. An address counts when the provider has verified it; one that says nothing about that is believed
    /// about the addresses of its own domain.
    ///
    /// # Errors
    /// Faults "External token does not contain …", "Email address does not match domain".
    pub(super) fn named(
        &self,
        claims: &Map<String, Value>,
        realm: &Realm,
    ) -> Result<Named, Failure> {
        let text = |name: &str| {
            claims
                .get(name)
                .and_then(Value::as_str)
                .filter(|it| !it.is_empty())
        };
        if self.uses_subject && matches!(realm, Realm::Project(_)) {
            let subject = text("sub").filter(|subject| subject.len() <= 255);
            let subject =
                subject.ok_or_else(|| fault("External token does not contain subject"))?;
            return Ok(Named::Subject(subject.to_owned()));
        }
        let is_verified = match claims.get("email_verified") {
            None => matches!(realm, Realm::Domain(_)),
            Some(said) => *said == Value::Bool(true) || said == "true",
        };
        let email = text("email").filter(|_| is_verified);
        let email = email.and_then(|email| email.parse::<Email>().ok());
        let email = email.ok_or_else(|| fault("External token does not contain email address"))?;
        let domain = email.as_str().rsplit('@').next().unwrap_or_default();
        match realm {
            Realm::Domain(own) if own != domain => {
                Err(fault("Email address does not match domain"))
            }
            _ => Ok(Named::Email(email)),
        }
    }
}

fn back(base_url: &str) -> String {
    format!("{base_url}auth/external")
}

/// The cause is for the log: whoever signs in can do nothing about it.
fn unheard(cause: &Unheard) -> Failure {
    tracing::warn!(%cause, "an identity provider does not exchange a code");
    fault(UNVERIFIED)
}
