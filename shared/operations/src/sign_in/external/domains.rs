//! Which domain's people sign in elsewhere. Only the server's administrators say that; a configuration in another project is a
//! resource like any other.

use domain::{Email, Failure, Fault};
use serde_json::{Map, Value, json};
use store::{Bounds, Order, Walk};

use super::fault;
use super::provider::Provider;
use crate::Means;

const DOMAIN_CONFIGURATION: &str = "DomainConfiguration";

/// How somebody with this address signs in: `{}` with a password, `{ domain, authorizeUrl }` elsewhere.
///
/// # Errors
/// Faults "Valid email address is required", "Failed to construct URL for the domain".
pub async fn method(means: Means<'_>, body: &Map<String, Value>) -> Result<Value, Failure> {
    let email = body.get("email").and_then(Value::as_str);
    let email: Option<Email> = email.and_then(|email| email.parse().ok());
    let wrong = || Fault::invalid("email", "Valid email address is required");
    let email = email.ok_or_else(wrong)?;
    let domain = domain_of(&email);
    let Some(provider) = provider(means, domain).await? else {
        return Ok(json!({}));
    };
    let address = provider.address(&means.settings.base_url);
    let address = address.ok_or_else(|| fault("Failed to construct URL for the domain"))?;
    Ok(json!({ "domain": domain, "authorizeUrl": address }))
}

/// Whether somebody with this address has his password elsewhere.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub(crate) async fn signs_in_elsewhere(means: Means<'_>, email: &Email) -> Result<bool, Failure> {
    Ok(provider(means, domain_of(email)).await?.is_some())
}

fn domain_of(email: &Email) -> &str {
    email.as_str().rsplit('@').next().unwrap_or_default()
}

/// The provider that speaks for a domain, if there is one; of several, the one that was named first.
pub(super) async fn provider(means: Means<'_>, domain: &str) -> Result<Option<Provider>, Failure> {
    let domain = domain.to_lowercase();
    let home = means.store.founding(means.keys.super_project());
    let walk = Walk {
        order: Order::Name,
        descending: false,
        bounds: Bounds::Between(domain.clone(), domain.clone()),
    };
    let shelves = [home.shelf(DOMAIN_CONFIGURATION)];
    let hits = means.store.walk(&shelves, &walk, 1, &[]).await?;
    let Some(key) = hits.hits.first().and_then(store::Hit::key) else {
        return Ok(None);
    };
    let mut found = means
        .store
        .read_for_sign_in(std::slice::from_ref(&key))
        .await?;
    let configuration = means.store.resource_at(&mut found, &key)?;
    let configuration = configuration.filter(|configuration| {
        let named = configuration.body.get("domain").and_then(Value::as_str);
        named.is_some_and(|named| named.to_lowercase() == domain)
    });
    Ok(configuration.and_then(|it| Provider::of(it.body.get("identityProvider"))))
}
