//! An application's secrets and credentials: they stand beside its other fields, and stay in step with them.

use domain::{ClientId, Failure, Secret};
use fhir::Resource;
use identity::secret;
use serde_json::{Map, Value};
use store::{ClientChange, Found, Step};

use crate::Means;
use crate::create_client::{RETIRING_SECRET, SEALED, SECRET, sealed, take_secret};
use crate::vault::Vault;

/// The fields of the next version as they are stored, and what becomes of the credentials. A secret that is not sent stays; a retiring
/// one comes and goes by its own operation, whatever is sent.
pub(super) fn next(
    means: Means<'_>,
    (vault, old): (&Vault<'_>, &Resource),
    mut body: Map<String, Value>,
    found: &mut Found,
) -> Result<(Map<String, Value>, Option<Step>), Failure> {
    let id = ClientId::new(old.id);
    let sent = body.shift_remove(SECRET);
    let sent = sent.as_ref().and_then(Value::as_str).map(Secret::new);
    body.shift_remove(RETIRING_SECRET);
    let known = take_secret(vault, &mut old.clone(), SECRET)?;
    let other = sent.filter(|sent| known.as_ref().is_none_or(|it| it.reveal() != sent.reveal()));
    for (_, name) in SEALED {
        let stored = old.body.get(name).cloned();
        body.extend(stored.map(|stored| (name.to_owned(), stored)));
    }
    let next = other
        .as_ref()
        .map(|other| sealed(vault, id, (SECRET, other)));
    body.extend(next);
    let change = ClientChange {
        secret: other.map(|other| secret::digest(&other).as_str().to_owned()),
        active: is_active(&body),
        access_token_lifetime: text(&body, "accessTokenLifetime"),
    };
    // One that was made by hand has no credentials.
    let credentials = means.store.client_in(found, id)?;
    let step = credentials.and_then(|read| means.store.rewrite_client(id, &read, &change));
    Ok((body, step))
}

fn is_active(body: &Map<String, Value>) -> bool {
    body.get("status").is_none_or(|status| status == "active")
}

fn text(body: &Map<String, Value>, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// The fields under the names that people know, for the record, which never holds a value.
pub(super) fn told(resource: &Resource) -> Map<String, Value> {
    let name = |stored: &str| {
        let found = SEALED.into_iter().find(|(_, sealed)| *sealed == stored);
        found.map_or(stored, |(known, _)| known).to_owned()
    };
    let fields = resource.body.iter();
    fields
        .map(|(stored, value)| (name(stored), value.clone()))
        .collect()
}
