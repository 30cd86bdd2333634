//! Is it a person? A service says so, to the installation or to the project on whose site he comes.

use domain::{Failure, Fault, Form, ProjectId, Secret};
use outside::Outside;

use crate::{Means, project_settings};

/// The service, and what this installation is to it.
#[derive(Clone, Debug)]
pub struct Recaptcha {
    /// The address that is asked.
    pub url: String,
    /// The installation's own key, which pages know, and its secret.
    pub own: Option<(String, Secret)>,
}

/// What somebody shows to be taken for a person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    token: Option<String>,
    site: Option<String>,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To register: a project must want that.
    Registration,
    /// To have a letter sent.
    Letter,
}

impl Shown {
    /// Reads `recaptchaToken` and `recaptchaSiteKey`.
    pub(crate) fn read(form: &mut Form<'_>) -> Self {
        Self {
            token: form.text("recaptchaToken").map(str::to_owned),
            site: form.text("recaptchaSiteKey").map(str::to_owned),
        }
    }
}

/// Asks whether it is a person, where somebody wants to know.
///
/// # Errors
/// Faults "Invalid recaptchaSiteKey", "Invalid recaptchaSecretKey", "Project does not allow open registration", "Recaptcha token is
/// required", "Recaptcha failed".
pub(crate) async fn check<'a>(
    means: Means<'_>,
    outside: impl Fn() -> Result<&'a Outside, Failure>,
    (shown, project, purpose): (&Shown, Option<ProjectId>, Purpose),
) -> Result<(), Failure> {
    let recaptcha = &means.settings.accounts.recaptcha;
    let own = recaptcha.own.as_ref();
    let secret = match &shown.site {
        Some(site) if own.is_none_or(|(own, _)| own != site) => {
            of_a_project(means, (site, project), purpose).await?
        }
        _ => match own {
            Some((_, secret)) => secret.clone(),
            None => return Ok(()),
        },
    };
    let token = shown.token.as_deref();
    let token = token.ok_or_else(|| Fault::general("Recaptcha token is required"))?;
    let form = [("secret", secret.reveal()), ("response", token)];
    let said = outside()?.post(&recaptcha.url, &form, None).await;
    match said.and_then(|said| said.json()) {
        Ok(said) if said["success"] == true => Ok(()),
        Ok(_) => Err(Fault::general("Recaptcha failed").into()),
        Err(cause) => {
            tracing::warn!(%cause, "the service that tells people from programs does not answer");
            Err(Fault::general("Recaptcha failed").into())
        }
    }
}

/// The secret of a project's site. A key is looked for in the project that is named, and nowhere else.
async fn of_a_project(
    means: Means<'_>,
    (site, project): (&str, Option<ProjectId>),
    purpose: Purpose,
) -> Result<Secret, Failure> {
    let unknown = || Failure::from(Fault::general("Invalid recaptchaSiteKey"));
    let tenant = means.store.founding(project.ok_or_else(unknown)?);
    let mut found = means
        .store
        .read_for_sign_in(&[tenant.project_key()])
        .await?;
    let project = tenant.project_in(&mut found)?.ok_or_else(unknown)?;
    let sites = project_settings::sites(means, tenant, &project).await?;
    let site = sites.iter().find(|of| of["recaptchaSiteKey"] == site);
    let secret = site.ok_or_else(unknown)?["recaptchaSecretKey"].as_str();
    let secret = secret.filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| Fault::general("Invalid recaptchaSecretKey"))?;
    if purpose == Purpose::Registration && project.default_patient_policy().is_none() {
        return Err(Fault::general("Project does not allow open registration").into());
    }
    Ok(Secret::new(secret))
}

/// Nobody is asked by the installation; projects may still ask.
impl Default for Recaptcha {
    fn default() -> Self {
        Self {
            url: "https://www.google.com/recaptcha/api/siteverify".to_owned(),
            own: None,
        }
    }
}
