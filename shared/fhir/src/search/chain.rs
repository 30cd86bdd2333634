use super::filter::Filter;
use super::param::{ParamKind, SearchParam, search_param};
use crate::Issue;

/// A condition on a neighbour of the resource; one step far. Whoever holds the neighbours evaluates it.
#[derive(Clone, Debug, PartialEq)]
pub enum Chain {
    /// `profile:Practitioner.name=Smith`: what `reference` points to is a `target` that fits.
    Forward {
        /// The parameter that holds the reference.
        reference: &'static SearchParam,
        /// The type it must point to.
        target: String,
        /// What must be true of the target.
        filter: Filter,
    },
    /// `_has:ProjectMembership:profile:project=Project/1`: some `source` that fits points here.
    Reverse {
        /// The type of the resource that points here.
        source: String,
        /// The parameter of `source` that holds the reference.
        reference: &'static SearchParam,
        /// What must be true of the source.
        filter: Filter,
    },
}

impl Chain {
    /// Whether a parameter's name is that of a chain.
    pub(super) fn is_named_by(name: &str) -> bool {
        name.starts_with("_has:") || name.contains('.')
    }

    /// Reads a chained condition on resources of `kind`.
    ///
    /// # Errors
    /// An issue when a link is no reference, its target type is open, the last condition is wrong, or there is more than one step.
    pub(super) fn parse(kind: &str, name: &str, value: &str) -> Result<Self, Issue> {
        match name.strip_prefix("_has:") {
            Some(rest) => Self::reverse(name, rest, value),
            None => Self::forward(kind, name, value),
        }
    }

    fn reverse(name: &str, rest: &str, value: &str) -> Result<Self, Issue> {
        let words = || Issue::error("invalid", format!("Invalid search chain: {name}"));
        let mut parts = rest.splitn(3, ':');
        let (source, code, last) = match (parts.next(), parts.next(), parts.next()) {
            (Some(source), Some(code), Some(last)) if !Self::is_named_by(last) => {
                (source, code, last)
            }
            _ => return Err(words()),
        };
        Ok(Self::Reverse {
            source: source.to_owned(),
            reference: reference(source, code).ok_or_else(words)?,
            filter: Filter::parse(source, last, value)?,
        })
    }

    fn forward(kind: &str, name: &str, value: &str) -> Result<Self, Issue> {
        let invalid = |words: String| Issue::error("invalid", words);
        let (link, last) = name.split_once('.').unwrap_or((name, ""));
        let (code, target) = match link.split_once(':') {
            Some((code, target)) => (code, Some(target)),
            None => (link, None),
        };
        let words = || invalid(format!("Unknown search parameter: {code}"));
        let reference = reference(kind, code).ok_or_else(words)?;
        let open = || {
            let what = "Unable to identify next resource type for search parameter";
            invalid(format!("{what}: {kind}?{code}"))
        };
        let target = target.or_else(|| only_target(code)).ok_or_else(open)?;
        if last.contains('.') {
            return Err(invalid(format!("Invalid search chain: {name}")));
        }
        Ok(Self::Forward {
            reference,
            target: target.to_owned(),
            filter: Filter::parse(target, last, value)?,
        })
    }
}

fn reference(kind: &str, code: &str) -> Option<&'static SearchParam> {
    search_param(kind, code).filter(|param| param.kind == ParamKind::Reference)
}

/// The type a parameter points to, where there is but one.
fn only_target(code: &str) -> Option<&'static str> {
    match code {
        "project" => Some("Project"),
        "patient" => Some("Patient"),
        "access-policy" => Some("AccessPolicy"),
        "organization" | "partof" => Some("Organization"),
        _ => None,
    }
}
