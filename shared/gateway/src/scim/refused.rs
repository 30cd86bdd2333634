//! What went wrong, in SCIM's words (RFC 7644, section 3.12).

use domain::Refusal;
use fhir::Issue;
use serde_json::json;

use crate::{Problem, Reply};

/// The issue code of an attribute that is settled.
pub(crate) const SETTLED: &str = "business-rule";

/// Whether SCIM is spoken at a path.
pub(crate) fn is_spoken_at(path: &str) -> bool {
    path == "/scim" || path.starts_with("/scim/")
}

/// The problem as a SCIM error. What is gone is not found (RFC 7644, section 3.6).
pub(crate) fn refused(problem: &Problem) -> Reply {
    let (status, detail) = match problem.status {
        410 => (404, "Not found".to_owned()),
        status => (status, detail(&problem.outcome.issues)),
    };
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
    });
    if let Some(kind) = scim_type(problem) {
        body["scimType"] = kind.into();
    }
    body["detail"] = detail.into();
    Reply::scim(body).status(status)
}

/// Every issue, each with the field that it is about.
fn detail(issues: &[Issue]) -> String {
    let one = |issue: &Issue| {
        let field = issue
            .expression
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        let field = field.strip_prefix("ProjectMembership.").unwrap_or(field);
        if issue.text.contains(field) {
            return issue.text.clone();
        }
        format!("{} ({field})", issue.text)
    };
    issues.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// RFC 7644, table 9.
fn scim_type(problem: &Problem) -> Option<&'static str> {
    match (problem.status, problem.refusal()) {
        (
            409,
            Some(
                Refusal::AlreadyMember
                | Refusal::DifferentProfile
                | Refusal::ExternalIdTaken
                | Refusal::UserNameTaken
                | Refusal::EmailTaken,
            ),
        ) => Some("uniqueness"),
        (400, None) => problem.outcome.issues.first().map(of_issue),
        _ => None,
    }
}

fn of_issue(issue: &Issue) -> &'static str {
    match issue.expression.first().map(String::as_str) {
        _ if issue.code == SETTLED => "mutability",
        None | Some("Operations" | "schemas") => "invalidSyntax",
        Some("filter") => "invalidFilter",
        Some(field) if field.starts_with("Operations[") && field.ends_with(']') => "noTarget",
        Some(field) if field.starts_with("Operations[") && field.ends_with(".path") => {
            "invalidPath"
        }
        Some(_) => "invalidValue",
    }
}

#[cfg(test)]
mod tests {
    use domain::{Failure, Fault};

    use super::*;

    fn kind(fault: Fault) -> Option<&'static str> {
        scim_type(&Problem::from(Failure::from(fault)))
    }

    #[test]
    fn a_mistake_has_the_type_that_the_standard_gives_it() {
        assert_eq!(kind(Fault::invalid("filter", "x")), Some("invalidFilter"));
        assert_eq!(kind(Fault::settled("emails", "x")), Some("mutability"));
        assert_eq!(
            kind(Fault::invalid("Operations[0].path", "x")),
            Some("invalidPath")
        );
        assert_eq!(kind(Fault::invalid("Operations[7]", "x")), Some("noTarget"));
        assert_eq!(kind(Fault::invalid("userName", "x")), Some("invalidValue"));
        assert_eq!(kind(Fault::general("x")), Some("invalidSyntax"));
        let taken = Problem::from(Refusal::UserNameTaken);
        assert_eq!(scim_type(&taken), Some("uniqueness"));
        assert_eq!(scim_type(&Problem::from(Refusal::LastAdmin)), None);
    }

    #[test]
    fn a_detail_names_the_field_once() {
        let issues = [
            Issue::error("invalid", "First name is required").at("name.givenName"),
            Issue::error("invalid", "userName must be a text").at("userName"),
        ];
        assert_eq!(
            detail(&issues),
            "First name is required (name.givenName); userName must be a text"
        );
    }
}
