//! Which parameters each type has. A type that is not listed has those that FHIR defines, and those of every resource.

use super::param::ParamKind::{
    Boolean, Compartment, Contact, Date, Id, Name, Project, Reference, ReferenceType, Standing,
    String, Token,
};
use super::param::{ParamKind, SearchParam};

const fn param(code: &'static str, kind: ParamKind, paths: &'static [&'static str]) -> SearchParam {
    SearchParam { code, kind, paths }
}

/// The parameters of a type, without those of every resource.
pub(super) fn of(kind: &str) -> &'static [SearchParam] {
    match kind {
        "ProjectMembership" => PROJECT_MEMBERSHIP,
        "Patient" => PATIENT,
        "Practitioner" => PRACTITIONER,
        "RelatedPerson" => RELATED_PERSON,
        "Organization" => ORGANIZATION,
        "User" => USER,
        "Project" => PROJECT,
        "Bot" => BOT,
        "AccessPolicy" | "ClientApplication" | "UserConfiguration" => NAMED,
        "UserSecurityRequest" | "PasswordChangeRequest" => SECURITY_REQUEST,
        "Login" => LOGIN,
        "DomainConfiguration" => DOMAIN,
        "AuditEvent" => AUDIT_EVENT,
        defined => super::defined::of(defined),
    }
}

/// The parameters of every resource.
pub(super) const EVERY: &[SearchParam] = &[
    param("_id", Id, &[]),
    param("_lastUpdated", Date, &["meta.lastUpdated"]),
    param("_project", Project, &[]),
    param("_compartment", Compartment, &[]),
    param("_profile", Token, &["meta.profile"]),
    param("_security", Token, &["meta.security"]),
    param("_source", Token, &["meta.source"]),
    param("_tag", Token, &["meta.tag"]),
];

/// `name`, `email`, `admin` and `active` are ours: a list of members is searched by who they are and what they may do.
const PROJECT_MEMBERSHIP: &[SearchParam] = &[
    param("project", Reference, &["project"]),
    param("user", Reference, &["user"]),
    param("profile", Reference, &["profile"]),
    param("profile-type", ReferenceType, &["profile"]),
    param("user-name", String, &["userName"]),
    param("external-id", String, &["externalId"]),
    param(
        "access-policy",
        Reference,
        &["accessPolicy", "access.policy"],
    ),
    param("identifier", Token, &["identifier"]),
    param("admin", Boolean, &["admin"]),
    param("active", Standing, &["active"]),
    param("name", Name, &["profile.display"]),
    param("email", Contact(None), &["user.display"]),
];

const PATIENT: &[SearchParam] = &[
    param("name", Name, &["name"]),
    param("family", Name, &["name.family"]),
    param("given", Name, &["name.given"]),
    param("email", Contact(Some("email")), &["telecom"]),
    param("phone", Contact(Some("phone")), &["telecom"]),
    param("telecom", Contact(None), &["telecom"]),
    param("identifier", Token, &["identifier"]),
    param("active", Boolean, &["active"]),
    param("gender", Token, &["gender"]),
    param("birthdate", Date, &["birthDate"]),
    param("death-date", Date, &["deceasedDateTime"]),
    param("language", Token, &["communication.language"]),
    param(
        "address",
        String,
        &[
            "address.line",
            "address.city",
            "address.state",
            "address.postalCode",
            "address.country",
            "address.text",
        ],
    ),
    param("address-city", String, &["address.city"]),
    param("address-postalcode", String, &["address.postalCode"]),
    param("general-practitioner", Reference, &["generalPractitioner"]),
    param("organization", Reference, &["managingOrganization"]),
    param("link", Reference, &["link.other"]),
];

const PRACTITIONER: &[SearchParam] = &[
    param("name", Name, &["name"]),
    param("family", Name, &["name.family"]),
    param("given", Name, &["name.given"]),
    param("email", Contact(Some("email")), &["telecom"]),
    param("phone", Contact(Some("phone")), &["telecom"]),
    param("telecom", Contact(None), &["telecom"]),
    param("identifier", Token, &["identifier"]),
    param("active", Boolean, &["active"]),
    param("gender", Token, &["gender"]),
    param("birthdate", Date, &["birthDate"]),
    param("communication", Token, &["communication"]),
];

const RELATED_PERSON: &[SearchParam] = &[
    param("name", Name, &["name"]),
    param("email", Contact(Some("email")), &["telecom"]),
    param("phone", Contact(Some("phone")), &["telecom"]),
    param("telecom", Contact(None), &["telecom"]),
    param("identifier", Token, &["identifier"]),
    param("active", Boolean, &["active"]),
    param("gender", Token, &["gender"]),
    param("birthdate", Date, &["birthDate"]),
    param("patient", Reference, &["patient"]),
    param("relationship", Token, &["relationship"]),
];

const ORGANIZATION: &[SearchParam] = &[
    param("name", String, &["name", "alias"]),
    param("identifier", Token, &["identifier"]),
    param("active", Boolean, &["active"]),
    param("type", Token, &["type"]),
    param("partof", Reference, &["partOf"]),
];

const USER: &[SearchParam] = &[
    param("email", String, &["email"]),
    param("identifier", Token, &["identifier"]),
    param("external-id", String, &["externalId"]),
    param("project", Reference, &["project"]),
];

const PROJECT: &[SearchParam] = &[
    param("identifier", Token, &["identifier"]),
    param("name", String, &["name"]),
    param("owner", Reference, &["owner"]),
    param("google-client-id", Token, &["site.googleClientId"]),
    param("recaptcha-site-key", Token, &["site.recaptchaSiteKey"]),
];

const BOT: &[SearchParam] = &[
    param("name", String, &["name"]),
    param("identifier", Token, &["identifier"]),
    param("category", Token, &["category"]),
];

const NAMED: &[SearchParam] = &[param("name", String, &["name"])];

const SECURITY_REQUEST: &[SearchParam] = &[param("user", Reference, &["user"])];

const LOGIN: &[SearchParam] = &[
    param("user", Reference, &["user"]),
    param("code", Token, &["code"]),
    param("cookie", Token, &["cookie"]),
];

const DOMAIN: &[SearchParam] = &[param("domain", Token, &["domain"])];

const AUDIT_EVENT: &[SearchParam] = &[
    param("action", Token, &["action"]),
    param("agent", Reference, &["agent.who"]),
    param("agent-name", String, &["agent.name"]),
    param("agent-role", Token, &["agent.role"]),
    param("altid", Token, &["agent.altId"]),
    param("address", String, &["agent.network.address"]),
    param("date", Date, &["recorded"]),
    param("entity", Reference, &["entity.what"]),
    param("entity-name", String, &["entity.name"]),
    param("entity-role", Token, &["entity.role"]),
    param("entity-type", Token, &["entity.type"]),
    param("outcome", Token, &["outcome"]),
    param("patient", Reference, &["agent.who", "entity.what"]),
    param("policy", Token, &["agent.policy"]),
    param("site", Token, &["source.site"]),
    param("source", Reference, &["source.observer"]),
    param("subtype", Token, &["subtype"]),
    param("type", Token, &["type"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_lists_a_parameter_twice() {
        for table in [
            EVERY,
            PROJECT_MEMBERSHIP,
            PATIENT,
            PRACTITIONER,
            RELATED_PERSON,
            AUDIT_EVENT,
        ] {
            for (at, param) in table.iter().enumerate() {
                assert!(
                    table[..at].iter().all(|earlier| earlier.code != param.code),
                    "{}",
                    param.code
                );
            }
        }
    }
}
