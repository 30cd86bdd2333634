//! Which domains sign in elsewhere. The server's administrators say it, in their own project, and of each domain once.

use domain::{Failure, Fault, Refusal};
use fhir::Resource;
use serde_json::Value;
use store::{Step, Tenant};

use crate::Means;

/// The FHIR type name.
pub(crate) const DOMAIN_CONFIGURATION: &str = "DomainConfiguration";

/// No name of a domain is longer (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// Brings the domain of a configuration that is about to be stored into the form in which it is claimed and looked up. Other resources
/// stay as they are.
///
/// # Errors
/// [`Refusal::Forbidden`] outside of the server administrators' project; a fault for what is the name of no domain.
pub(crate) fn settle(means: Means<'_>, new: &mut Resource) -> Result<(), Failure> {
    if new.kind != DOMAIN_CONFIGURATION {
        return Ok(());
    }
    if new.meta.project != Some(means.keys.super_project().uuid()) {
        return Err(Refusal::Forbidden.into());
    }
    let domain = domain_of(new).map(|domain| domain.trim().to_lowercase());
    let wrong = || Fault::invalid("DomainConfiguration.domain", "Invalid domain name");
    let domain = domain.filter(|domain| is_name(domain)).ok_or_else(wrong)?;
    new.body.insert("domain".into(), domain.into());
    Ok(())
}

fn is_name(domain: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    !domain.is_empty() && domain.len() <= LONGEST && domain.chars().all(fits)
}

/// The domain that a resource names, if it is a configuration of one.
pub(crate) fn domain_of(resource: &Resource) -> Option<&str> {
    let domain = resource.body.get("domain").and_then(Value::as_str);
    domain.filter(|_| resource.kind == DOMAIN_CONFIGURATION)
}

/// A domain is claimed with the configuration that names it, and given up with it.
pub(crate) fn guards(
    tenant: Tenant<'_>,
    (old, new): (Option<&Resource>, Option<&Resource>),
) -> Vec<Step> {
    let before = old.and_then(domain_of);
    let after = new.and_then(|new| Some((domain_of(new)?, new.id)));
    if before == after.map(|(domain, _)| domain) {
        return Vec::new();
    }
    let claimed = after.map(|(domain, id)| tenant.claim_domain(domain, id));
    let given_up = before.map(|domain| tenant.release_domain(domain));
    claimed.into_iter().chain(given_up).collect()
}
