//! The application through which somebody signs in, when he names one.

use domain::{ClientId, Failure, Fault, ProjectId, Refusal};
use fhir::Resource;
use serde_json::Value;
use store::{Found, Key};

use super::Device;
use super::wish::{PasswordWish, Terms, Wanted};
use crate::{Means, lifetime};

/// An application whose id was sent.
pub(super) struct Application {
    pub(super) id: ClientId,
    pub(super) project: ProjectId,
    key: Key,
}

/// What an application says about sessions that begin through it.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) pkce_optional: bool,
    pub(super) access_life: Option<u64>,
    pub(super) refresh_life: Option<u64>,
    origins: Vec<String>,
}

/// Finds the application that a request names.
///
/// # Errors
/// [`Refusal::NotFound`] for one that is unknown or switched off, the fault "Invalid projectId" when it belongs to another project than the named one.
pub(super) async fn application(
    means: Means<'_>,
    wish: &PasswordWish,
) -> Result<Option<Application>, Failure> {
    let Some(id) = &wish.client else {
        return Ok(None);
    };
    let id: ClientId = id.parse().map_err(|_| Refusal::NotFound)?;
    let row = means
        .store
        .client_by_id(id)
        .await?
        .ok_or(Refusal::NotFound)?;
    if !row.standing().active {
        return Err(Refusal::NotFound.into());
    }
    let project = row.project();
    match wish.project {
        Wanted::Any => {}
        Wanted::This(wanted) if wanted == project => {}
        _ => return Err(Fault::general("Invalid projectId").into()),
    }
    let key = means
        .store
        .founding(project)
        .resource_key("ClientApplication", id.uuid());
    Ok(Some(Application { id, project, key }))
}

impl Application {
    /// Where the application itself stands.
    pub(super) fn key(&self) -> Key {
        self.key.clone()
    }

    /// The application's rules, among rows that were read.
    pub(super) fn rules(&self, means: Means<'_>, found: &mut Found) -> Result<Rules, Failure> {
        let tenant = means.store.founding(self.project);
        let stored = tenant.stored(found, &self.key)?.ok_or(Refusal::NotFound)?;
        Ok(Rules::of(&stored.resource))
    }
}

impl Rules {
    fn of(application: &Resource) -> Self {
        let field = |name: &str| application.body.get(name);
        let life = |name: &str| {
            let life = field(name).and_then(Value::as_str).and_then(lifetime::read);
            life.map(|life| life.as_secs())
        };
        let origins = match field("allowedOrigin") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        Self {
            pkce_optional: field("pkceOptional") == Some(&Value::Bool(true)),
            access_life: life("accessTokenLifetime"),
            refresh_life: life("refreshTokenLifetime"),
            origins: origins.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Holds a request against the rules: the page it comes from, and the proof that its code will be its own.
    ///
    /// # Errors
    /// Faults "Invalid origin", "Invalid code challenge", "Invalid code challenge method".
    pub(super) fn check(&self, wish: &PasswordWish, device: &Device) -> Result<Terms, Failure> {
        if let Some(origin) = &device.origin
            && !self.origins.is_empty()
            && !self.origins.contains(origin)
        {
            return Err(Fault::general("Invalid origin").into());
        }
        match &wish.proof {
            Err(fault) if !self.pkce_optional => Err(Fault::from(*fault).into()),
            _ => Ok(wish.terms.clone()),
        }
    }
}
