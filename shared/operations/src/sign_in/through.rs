//! The application through which somebody signs in, when he names one.

use domain::{ClientId, Failure, Fault, ProjectId, Refusal};
use fhir::Resource;
use serde_json::Value;
use store::{Found, Key};

use super::Device;
use super::external::Provider;
use super::wish::{Terms, Wanted, Wish};
use crate::{Means, lifetime};

/// Where the command line listens while somebody signs in.
const COMMAND_LINE_ADDRESS: &str = "http://localhost:9615";

/// The built-in application that listens at these addresses, and at no other.
pub fn built_in(addresses: &[&str]) -> Option<ClientId> {
    let known = addresses
        .iter()
        .all(|address| *address == COMMAND_LINE_ADDRESS);
    (known && !addresses.is_empty()).then_some(ClientId::COMMAND_LINE)
}

/// An application whose id was sent. The built-in one belongs to no project.
pub(super) struct Application {
    pub(super) id: ClientId,
    home: Option<(ProjectId, Key)>,
}

/// What an application says about sessions that begin through it.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) pkce_optional: bool,
    pub(super) access_life: Option<u64>,
    pub(super) refresh_life: Option<u64>,
    pub(super) default_scope: Option<String>,
    pub(super) provider: Option<Provider>,
    origins: Vec<String>,
    addresses: Vec<String>,
}

/// Finds the application that a request to sign in names.
///
/// # Errors
/// [`Refusal::NotFound`] for one that is unknown or switched off, the fault "Invalid projectId" when it belongs to another project than the named one.
pub(super) async fn application(
    means: Means<'_>,
    wish: &Wish,
) -> Result<Option<Application>, Failure> {
    let Some(id) = &wish.client else {
        return Ok(None);
    };
    let application = Application::find(means, id).await?;
    let application = application.ok_or(Refusal::NotFound)?;
    let Some(project) = application.project() else {
        return Ok(Some(application));
    };
    match wish.project {
        Wanted::Any => {}
        Wanted::This(wanted) if wanted == project => {}
        _ => return Err(Fault::general("Invalid projectId").into()),
    }
    Ok(Some(application))
}

/// The rules of the application through which somebody signs in, read for themselves.
///
/// # Errors
/// [`Refusal::NotFound`] for one that has just been deleted; [`Failure::Unavailable`].
pub(super) async fn rules(
    means: Means<'_>,
    application: Option<&Application>,
) -> Result<Rules, Failure> {
    let Some(application) = application else {
        return Ok(Rules::default());
    };
    let keys: Vec<_> = application.key().into_iter().collect();
    let mut found = means.store.read_for_sign_in(&keys).await?;
    application.rules(means, &mut found)
}

impl Application {
    /// Finds an application by its id; one that is switched off is as good as none.
    pub(super) async fn find(means: Means<'_>, id: &str) -> Result<Option<Self>, Failure> {
        let Ok(id) = id.parse::<ClientId>() else {
            return Ok(None);
        };
        if id == ClientId::COMMAND_LINE {
            return Ok(Some(Self { id, home: None }));
        }
        let row = means.store.client_by_id(id).await?;
        let row = row.filter(|row| row.standing().active);
        Ok(row.map(|row| {
            let project = row.project();
            let tenant = means.store.founding(project);
            let key = tenant.resource_key("ClientApplication", id.uuid());
            let home = Some((project, key));
            Self { id, home }
        }))
    }

    /// The project to which sessions through it are confined.
    pub(super) fn project(&self) -> Option<ProjectId> {
        self.home.as_ref().map(|(project, _)| *project)
    }

    /// Where the application itself stands.
    pub(super) fn key(&self) -> Option<Key> {
        self.home.as_ref().map(|(_, key)| key.clone())
    }

    /// The application's rules, among rows that were read.
    pub(super) fn rules(&self, means: Means<'_>, found: &mut Found) -> Result<Rules, Failure> {
        let Some((project, key)) = &self.home else {
            return Ok(Rules::of_the_command_line());
        };
        let tenant = means.store.founding(*project);
        let stored = tenant.stored(found, key)?.ok_or(Refusal::NotFound)?;
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
        let mut addresses = texts(field("redirectUris"));
        addresses.extend(texts(field("redirectUri")));
        Self {
            pkce_optional: field("pkceOptional") == Some(&Value::Bool(true)),
            access_life: life("accessTokenLifetime"),
            refresh_life: life("refreshTokenLifetime"),
            default_scope: default_scope(field("defaultScope")),
            provider: Provider::of(application),
            origins: texts(field("allowedOrigin")),
            addresses,
        }
    }

    /// It shows no proof, as recorded, and its codes go nowhere but to the machine of the person who signs in.
    fn of_the_command_line() -> Self {
        Self {
            pkce_optional: true,
            addresses: vec![COMMAND_LINE_ADDRESS.to_owned()],
            ..Self::default()
        }
    }

    /// Whether codes may go to this address: one of those that were registered, letter by letter (RFC 9700 §2.1).
    pub(super) fn knows(&self, address: &str) -> bool {
        self.addresses.iter().any(|known| known == address)
    }

    /// Holds a request against the rules: the page it comes from, and the proof that its code will be its own.
    ///
    /// # Errors
    /// Faults "Invalid origin", "Invalid code challenge", "Invalid code challenge method".
    pub(super) fn check(&self, wish: &Wish, device: &Device) -> Result<Terms, Failure> {
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

/// One text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    };
    texts.into_iter().map(str::to_owned).collect()
}

fn default_scope(value: Option<&Value>) -> Option<String> {
    let scopes = texts(value).join(" ");
    (!scopes.is_empty()).then_some(scopes)
}
