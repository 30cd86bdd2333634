//! The way back from an identity provider: the browser brings a code of the provider's, and what it was sent away with.

use domain::{Failure, Form, LoginId, ProjectId};
use outside::Outside;
use serde_json::{Map, Value};

use super::begun::Begun;
use super::provider::Provider;
use super::{Realm, domains, fault, people};
use crate::Means;
use crate::sign_in::offer::{self, Offer};
use crate::sign_in::through::{self, Application, Rules};
use crate::sign_in::wish::Terms;
use crate::sign_in::{Device, begin};

/// What the browser brings. The state was written by the page that sent it away: nothing in it is believed that is not held against
/// what we know.
pub struct Returned {
    code: String,
    domain: Option<String>,
    client: Option<String>,
    project: Option<ProjectId>,
    address: Option<String>,
    verifier: Option<String>,
    terms: Terms,
}

/// Where the person goes from here, with which login and, if there is nothing to choose, with which code.
pub struct Arrival {
    /// The application's address; none for the page where people sign in.
    pub address: Option<String>,
    /// The login.
    pub login: LoginId,
    /// Its code.
    pub code: Option<String>,
}

impl Returned {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Faults "Missing code", "Missing state", "Invalid state", and what is wrong with the challenge in it.
    pub fn parse(parameters: &[(String, String)]) -> Result<Self, Failure> {
        let value = |name: &str| {
            let found = parameters.iter().find(|(of, _)| of == name);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        };
        let code = value("code").ok_or_else(|| fault("Missing code"))?;
        let state = value("state").ok_or_else(|| fault("Missing state"))?;
        let state: Map<String, Value> =
            serde_json::from_str(state).map_err(|_| fault("Invalid state"))?;
        let mut form = Form::new(&state);
        let (terms, proof) = Terms::read(&mut form);
        if let Err(wrong) = proof {
            form.fault(wrong.into());
        }
        let text = |form: &mut Form<'_>, name: &str| form.text(name).map(str::to_owned);
        let (domain, client) = (text(&mut form, "domain"), text(&mut form, "clientId"));
        let address = text(&mut form, "redirectUri");
        let verifier = text(&mut form, "codeVerifier");
        let project = form.text("projectId").map(str::parse);
        form.finish(())?;
        Ok(Self {
            code: code.to_owned(),
            domain,
            client,
            project: project.transpose().map_err(|_| fault("Invalid project"))?,
            address,
            verifier,
            terms,
        })
    }
}

/// Signs the person in whom the provider names.
///
/// # Errors
/// Faults in the words of the contract.
pub async fn callback(
    means: Means<'_>,
    outside: &Outside,
    (returned, device): (&Returned, &Device),
) -> Result<Arrival, Failure> {
    let (application, rules) = application(means, returned.client.as_deref()).await?;
    let (provider, realm) = provider(means, returned, (&application, &rules)).await?;
    let own = application.as_ref().and_then(Application::project);
    if own.is_some() && returned.project.is_some() && own != returned.project {
        return Err(fault("Invalid project"));
    }
    let address = match realm {
        Realm::Domain(_) => None,
        Realm::Project(_) => {
            let known = returned.address.as_deref().filter(|it| rules.knows(it));
            Some(
                known
                    .ok_or_else(|| fault("Invalid redirect URI"))?
                    .to_owned(),
            )
        }
    };
    let code = (returned.code.as_str(), returned.verifier.as_deref());
    let claims = provider.redeem(means, outside, code).await?;
    let named = provider.named(&claims, &realm)?;
    let wanted = realm.wanted(own.or(returned.project));
    let person = people::person(means, (&named, &realm), wanted).await?;
    let user = person
        .user
        .as_ref()
        .ok_or_else(|| fault("User not found"))?;
    let places = offer::wanted(&person, (wanted, None));
    let offer = Offer::read(means, user, places).await?;
    let terms = Terms {
        only: own.or(returned.project),
        ..returned.terms.clone()
    };
    let begun = Begun {
        login: begin(means, (user, "external"), &terms, device),
        through: application.map(|application| application.id),
        rules: &rules,
    };
    let (login, answer) = begun.session(means, Some(&offer)).await?;
    let code = answer["code"].as_str().map(str::to_owned);
    // Whoever has to choose does so on the page where people sign in.
    let address = address.filter(|_| code.is_some());
    Ok(Arrival {
        address,
        login,
        code,
    })
}

/// The application through which the person signs in, if one is named, and its rules.
async fn application(
    means: Means<'_>,
    client: Option<&str>,
) -> Result<(Option<Application>, Rules), Failure> {
    let Some(client) = client else {
        return Ok((None, Rules::default()));
    };
    let Some(application) = Application::find(means, client).await? else {
        return Err(fault("Identity provider not found"));
    };
    let rules = through::rules(means, Some(&application)).await?;
    Ok((Some(application), rules))
}

/// The provider that sent the person back, and for whom it speaks: the domain's where one is named, else the application's.
async fn provider(
    means: Means<'_>,
    returned: &Returned,
    (application, rules): (&Option<Application>, &Rules),
) -> Result<(Provider, Realm), Failure> {
    let missing = || fault("Identity provider not found");
    if let Some(domain) = &returned.domain {
        let provider = domains::provider(means, domain).await?;
        let realm = Realm::Domain(domain.to_lowercase());
        return Ok((provider.ok_or_else(missing)?, realm));
    }
    let project = application.as_ref().and_then(Application::project);
    let provider = rules.provider.clone().zip(project);
    let (provider, project) = provider.ok_or_else(missing)?;
    Ok((provider, Realm::Project(project)))
}
