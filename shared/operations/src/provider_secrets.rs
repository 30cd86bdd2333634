//! What an identity provider wants to hear from this server to know it. It stands sealed in the resource that names the provider, in
//! the place of what was sent, under the name that FHIR has for what belongs to a primitive field: a rule that hides or protects the
//! field is about its sealed form, too.

use domain::{Failure, Secret};
use fhir::Resource;
use serde_json::{Map, Value, json};

use crate::create_client::CLIENT_APPLICATION;
use crate::domain_configuration::DOMAIN_CONFIGURATION;
use crate::vault::Vault;

/// The field that names an identity provider.
pub(crate) const IDENTITY_PROVIDER: &str = "identityProvider";
/// By what the provider knows this server, and where it stands sealed.
const SECRETS: [(&str, &str); 2] = [
    ("clientSecret", "_clientSecret"),
    ("userInfoApiKey", "_userInfoApiKey"),
];

/// Seals the secrets in a resource that is about to be stored; one that is the same as in `old` stays as it is.
///
/// # Errors
/// [`Failure::Corrupt`] when what is stored cannot be opened.
pub(crate) fn seal(
    vault: &Vault<'_>,
    new: &mut Resource,
    old: Option<&Resource>,
) -> Result<(), Failure> {
    let places = SECRETS.map(|(field, _)| place(new, field));
    let Some(provider) = provider_in(new) else {
        return Ok(());
    };
    for ((field, name), place) in SECRETS.into_iter().zip(places) {
        provider.shift_remove(name);
        let Some(sent) = provider.shift_remove(field) else {
            continue;
        };
        let sent = Secret::new(sent.as_str().unwrap_or_default());
        let known = old.map(|old| opened(vault, old, field)).transpose()?;
        let is_same = known
            .flatten()
            .is_some_and(|it| it.reveal() == sent.reveal());
        let sealed = match old.filter(|_| is_same) {
            Some(old) => old.body[IDENTITY_PROVIDER][name].clone(),
            None => json!(vault.seal(&place, &sent)),
        };
        provider.insert(name.to_owned(), sealed);
    }
    Ok(())
}

/// What is sealed in a stored resource for one of the fields.
///
/// # Errors
/// [`Failure::Corrupt`].
pub(crate) fn opened(
    vault: &Vault<'_>,
    resource: &Resource,
    field: &str,
) -> Result<Option<Secret>, Failure> {
    let name = SECRETS.into_iter().find(|(of, _)| *of == field);
    let provider = resource.body.get(IDENTITY_PROVIDER);
    let sealed = name.and_then(|(_, name)| provider?.get(name));
    let Some(sealed) = sealed.filter(|_| names_provider(resource)) else {
        return Ok(None);
    };
    vault.unseal(&place(resource, field), sealed.clone())
}

/// Puts the secrets where people look for them.
///
/// # Errors
/// [`Failure::Corrupt`].
pub(crate) fn show(vault: &Vault<'_>, resource: &mut Resource) -> Result<(), Failure> {
    for (field, name) in SECRETS {
        let secret = opened(vault, resource, field)?;
        let Some(provider) = provider_in(resource) else {
            continue;
        };
        provider.shift_remove(name);
        if let Some(secret) = secret {
            provider.insert(field.to_owned(), secret.reveal().into());
        }
    }
    Ok(())
}

/// Takes the secrets away.
pub(crate) fn strip(resource: &mut Resource) {
    if let Some(provider) = provider_in(resource) {
        for (field, name) in SECRETS {
            provider.shift_remove(field);
            provider.shift_remove(name);
        }
    }
}

/// Whether a stored resource has a sealed secret of a provider.
pub(crate) fn is_sealed(resource: &Resource) -> bool {
    let provider = resource.body.get(IDENTITY_PROVIDER);
    let provider = provider.filter(|_| names_provider(resource));
    let mut names = SECRETS.into_iter().map(|(_, name)| name);
    names.any(|name| provider.is_some_and(|it| it.get(name).is_some()))
}

/// Whether resources of the type may name a provider.
pub(crate) fn may_name_provider(kind: &str) -> bool {
    [CLIENT_APPLICATION, DOMAIN_CONFIGURATION].contains(&kind)
}

/// Seals the secrets of `old` for its copy.
///
/// # Errors
/// [`Failure::Corrupt`].
pub(crate) fn move_to(
    (from, to): (&Vault<'_>, &Vault<'_>),
    old: &Resource,
    new: &mut Resource,
) -> Result<(), Failure> {
    for (field, _) in SECRETS {
        let secret = opened(from, old, field)?;
        if let (Some(secret), Some(provider)) = (secret, provider_in(new)) {
            provider.insert(field.to_owned(), secret.reveal().into());
        }
    }
    seal(to, new, None)
}

fn names_provider(resource: &Resource) -> bool {
    may_name_provider(&resource.kind)
}

fn provider_in(resource: &mut Resource) -> Option<&mut Map<String, Value>> {
    let names_one = names_provider(resource);
    let provider = resource.body.get_mut(IDENTITY_PROVIDER);
    provider
        .filter(|_| names_one)
        .and_then(Value::as_object_mut)
}

/// A secret opens in the place for which it was sealed alone.
fn place(resource: &Resource, field: &str) -> String {
    let (kind, id) = (&resource.kind, resource.id);
    format!("{kind}/{id}/{IDENTITY_PROVIDER}.{field}")
}
