//! Which domain's people sign in elsewhere.

use domain::{Email, Failure, Fault};
use serde_json::{Map, Value, json};

use super::fault;
use super::provider::Provider;
use crate::Means;
use crate::domain_configuration::{DOMAIN_CONFIGURATION, domain_of};

/// How somebody with this address signs in: `{}` with a password, `{ domain, authorizeUrl }` elsewhere.
///
/// # Errors
/// Faults "Valid email address is required", "Failed to construct URL for the domain".
pub async fn method(means: Means<'_>, body: &Map<String, Value>) -> Result<Value, Failure> {
    let email = body.get("email").and_then(Value::as_str);
    let email: Option<Email> = email.and_then(|email| email.parse().ok());
    let wrong = || Fault::invalid("email", "Valid email address is required");
    let way = elsewhere(means, &email.ok_or_else(wrong)?).await?;
    Ok(way.unwrap_or_else(|| json!({})))
}

/// Where people with this address sign in instead: `{ domain, authorizeUrl }`.
///
/// # Errors
/// The fault "Failed to construct URL for the domain".
pub(super) async fn elsewhere(means: Means<'_>, email: &Email) -> Result<Option<Value>, Failure> {
    let domain = domain_in(email);
    let Some(provider) = provider(means, domain).await? else {
        return Ok(None);
    };
    let address = provider.address(&means.settings.base_url);
    let address = address.ok_or_else(|| fault("Failed to construct URL for the domain"))?;
    Ok(Some(json!({ "domain": domain, "authorizeUrl": address })))
}

/// Whether somebody with this address has his password elsewhere.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn signs_in_elsewhere(means: Means<'_>, email: &Email) -> Result<bool, Failure> {
    Ok(provider(means, domain_in(email)).await?.is_some())
}

fn domain_in(email: &Email) -> &str {
    email.as_str().rsplit('@').next().unwrap_or_default()
}

/// The provider that speaks for a domain, if there is one.
pub(super) async fn provider(means: Means<'_>, domain: &str) -> Result<Option<Provider>, Failure> {
    let domain = domain.to_lowercase();
    let home = means.store.founding(means.keys.super_project());
    let Some(key) = home.claimant_of(&domain, DOMAIN_CONFIGURATION).await? else {
        return Ok(None);
    };
    let keys = [key];
    let mut found = means.store.read_for_sign_in(&keys).await?;
    let [key] = keys;
    let configuration = means.store.resource_at(&mut found, &key)?;
    let configuration = configuration.filter(|it| domain_of(it) == Some(&domain));
    Ok(configuration.as_ref().and_then(Provider::of))
}
