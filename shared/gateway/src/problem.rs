//! What went wrong, as the caller sees it. The one file that knows which status a refusal has.
//!
//! | Status | When |
//! |---|---|
//! | 400 | a field is badly formed; an owner is to be deleted; a link does not count |
//! | 401 | the credentials do not count; never said why |
//! | 403 | the caller may not do this, or not in this project |
//! | 404 | unknown, foreign or malformed ids below the caller's project: the same answer for all three |
//! | 409 | the rules say no because of what is stored |
//! | 410 | it was there |
//! | 412 | `If-Match` names another version; several resources match |
//! | 413 | the body is too large |
//! | 422 | an `Idempotency-Key` comes with another body |
//! | 429 | the caller, or his address, has used up the requests of this minute, or has to wait after failed attempts to sign in |
//! | 503 | the table cannot be reached; nothing was stored |

use domain::{Failure, Fault, FaultKind, Refusal};
use fhir::{Issue, Outcome};

use crate::{Reply, oauth, scim};

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What the caller reads.
    pub outcome: Outcome,
    /// After how many seconds it is worth trying again, if it is known.
    pub retry_after: Option<u32>,
    /// For the log only.
    cause: Option<Failure>,
    refusal: Option<Refusal>,
}

impl Problem {
    /// No route has this path.
    pub fn not_found() -> Self {
        Self::new(404, Outcome::not_found())
    }

    /// The path has no such method.
    pub fn method_not_allowed() -> Self {
        let issue = Issue::error("not-supported", "Method not allowed");
        Self::new(405, Outcome::from(issue))
    }

    /// Something in the server broke.
    pub fn internal() -> Self {
        let issue = Issue::error("exception", "Internal server error");
        Self::new(500, Outcome::from(issue))
    }

    /// What the caller of `path` reads, in the words of the protocol that is spoken there. The ids tie it to what is logged.
    pub fn reply(&self, path: &str, (request, trace): (&str, &str)) -> Reply {
        if scim::is_spoken_at(path) {
            return scim::refused(self);
        }
        if self.status == 429 && oauth::is_spoken_at(path) {
            return oauth::overloaded();
        }
        Reply::fhir(self.outcome.to_json(request, trace)).status(self.status)
    }

    /// The same problem, with one row of many: every issue names the row.
    #[must_use]
    pub fn in_row(mut self, row: usize) -> Self {
        for issue in &mut self.outcome.issues {
            if issue.expression.is_empty() {
                issue.expression.push(format!("row[{row}]"));
            } else {
                issue
                    .expression
                    .iter_mut()
                    .for_each(|path| *path = format!("row[{row}].{path}"));
            }
        }
        self
    }

    /// The same problem, with one entry of a Bundle: every issue names the entry first.
    #[must_use]
    pub fn in_entry(mut self, entry: usize) -> Self {
        for issue in &mut self.outcome.issues {
            issue.expression.insert(0, format!("Bundle.entry[{entry}]"));
        }
        self
    }

    /// The private cause, if the fault is the server's.
    pub fn cause(&self) -> Option<&Failure> {
        self.cause.as_ref()
    }

    /// The decision behind it, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    fn new(status: u16, outcome: Outcome) -> Self {
        Self {
            status,
            outcome,
            retry_after: None,
            cause: None,
            refusal: None,
        }
    }

    fn after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Faulty(faults) => Self::new(400, faulty(faults)),
            Failure::Refused(refusal) => refusal.into(),
            Failure::Unavailable { .. } => {
                let issue = Issue::error("transient", "The service is unavailable; try again");
                Self {
                    cause: Some(failure),
                    ..Self::new(503, Outcome::from(issue)).after(1)
                }
            }
            Failure::Corrupt { .. } => Self {
                cause: Some(failure),
                ..Self::internal()
            },
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal: Some(refusal.clone()),
            ..refused(&refusal)
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Failure::from(fault).into()
    }
}

impl From<Vec<Fault>> for Problem {
    fn from(faults: Vec<Fault>) -> Self {
        Failure::from(faults).into()
    }
}

fn faulty(faults: Vec<Fault>) -> Outcome {
    Outcome {
        id: None,
        issues: faults.into_iter().map(issue).collect(),
    }
}

fn issue(fault: Fault) -> Issue {
    let code = match fault.kind {
        FaultKind::Invalid => "invalid",
        FaultKind::Structure => "structure",
        FaultKind::Invariant => "invariant",
        FaultKind::Settled => scim::SETTLED,
    };
    let issue = Issue::error(code, fault.text);
    match fault.expression {
        Some(path) => issue.at(path),
        None => issue,
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        Refusal::Unauthorized => Problem::new(401, Outcome::unauthorized()),
        Refusal::Forbidden => Problem::new(403, Outcome::forbidden()),
        Refusal::NotFound => Problem::new(404, Outcome::not_found()),
        Refusal::Gone => Problem::new(410, Outcome::gone()),
        Refusal::Stale => Problem::new(412, Outcome::precondition_failed()),
        Refusal::MultipleMatches => Problem::new(412, Outcome::multiple_matches()),
        Refusal::OwnerRemoval
        | Refusal::LinkUsed
        | Refusal::LinkExpired
        | Refusal::LinkSuperseded => Problem::new(400, Outcome::bad_request(text)),
        Refusal::TooManyLetters => {
            Problem::new(429, Outcome::from(Issue::error("throttled", text)))
        }
        Refusal::TooLarge => Problem::new(413, Outcome::from(Issue::error("too-long", text))),
        Refusal::TooManyRequests { wait } => {
            Problem::new(429, Outcome::too_many_requests(*wait)).after(*wait)
        }
        Refusal::IdempotencyMismatch | Refusal::ResourceCap => {
            Problem::new(422, Outcome::business_rule(text))
        }
        Refusal::AlreadyMember
        | Refusal::DifferentProfile
        | Refusal::ExternalIdTaken
        | Refusal::UserNameTaken
        | Refusal::EmailTaken
        | Refusal::DomainTaken
        | Refusal::LastAdmin
        | Refusal::OwnerDemotion
        | Refusal::ProfileInUse
        | Refusal::InvitationAccepted
        | Refusal::InvitationRevoked
        | Refusal::NoAddress
        | Refusal::JobOver
        | Refusal::NoWayBack
        | Refusal::SuperProject
        | Refusal::UserInUse
        | Refusal::Contended => Problem::new(409, Outcome::conflict(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_cause_never_reaches_the_caller() {
        let problem = Problem::from(Failure::unavailable("the table", "a password"));
        let said = problem.outcome.to_json("r", "t").to_string();
        assert_eq!(problem.status, 503);
        assert!(!said.contains("password") && problem.cause().is_some());
    }

    #[test]
    fn every_fault_is_an_issue_that_names_its_field() {
        let faults = vec![
            Fault::invalid("firstName", "First name is required"),
            Fault::general("x"),
        ];
        let outcome = Problem::from(Failure::from(faults)).outcome.bare();
        assert_eq!(outcome["issue"][0]["expression"][0], "firstName");
        assert_eq!(outcome["issue"][1].get("expression"), None);
    }
}
